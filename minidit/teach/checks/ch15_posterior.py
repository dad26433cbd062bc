"""Checks of chapter 15: a latent drawn from its mean and log variance, and what that costs in nats."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, same


def drawn(mean: Tensor, logvar: Tensor, eps: Tensor) -> Tensor:
    """A latent: mean + deviation * eps."""
    return mean + (logvar / 2).exp() * eps


def _drawn_mistakes(mean: Tensor, logvar: Tensor, eps: Tensor) -> dict[str, Any]:
    std = (logvar / 2).exp()
    return {
        "You multiplied by the variance, exp(logvar): the deviation is its root, exp(logvar / 2).": (
            mean + logvar.exp() * eps
        ),
        "logvar is a logarithm, no deviation: exp is missing.": OneOf(
            (mean + logvar * eps, mean + logvar / 2 * eps, mean + logvar.abs().sqrt() * eps)
        ),
        "The square was taken in place of the root: halve logvar, do not double it.": (
            mean + (2 * logvar).exp() * eps
        ),
        "The sign of logvar is turned: that divides by the deviation.": OneOf(
            (mean + (-logvar / 2).exp() * eps, mean + (-logvar).exp() * eps)
        ),
        "eps is left out: that is the mean, or a fixed step from it.": OneOf((mean, mean + std)),
        "The mean is left out.": OneOf((std * eps, logvar.exp() * eps)),
        "The deviation scales the noise alone, not the mean.": std * (mean + eps),
        "Noise of deviation 1 was added: logvar says how much.": mean + eps,
        "The noise was subtracted. It would do by chance alone, but this eps was handed in.": mean
        - std * eps,
    }


def _other_noise(answer: Callable, mean: Tensor, logvar: Tensor, eps: Tensor) -> str | None:
    """Words about an answer whose noise is not the one handed in."""
    calls = [answer(mean.clone(), logvar.clone(), eps.clone()) for _ in range(2)]
    other = answer(mean.clone(), logvar.clone(), eps + 1)
    if not all(isinstance(z, Tensor) for z in (*calls, other)):
        return None
    if same(calls[0], calls[1], 1e-6) and not same(calls[0], other, 1e-6):
        return None
    words = "You drew noise of your own. Chance is drawn outside and handed in, as eps: else nothing repeats."
    known = any(same(calls[0], x, 1e-4) for x in (mean, mean + (logvar / 2).exp()))
    return None if known else words


def _slopes(z: Tensor, weights: Tensor, leaves: list[Tensor]) -> tuple[Tensor, ...]:
    found = torch.autograd.grad((z * weights).sum(), leaves, allow_unused=True)
    return tuple(torch.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True))


def _gradients(answer: Callable, mean: Tensor, logvar: Tensor, eps: Tensor, weights: Tensor) -> None:
    """The way from z back to mean and logvar is what the trick is for."""
    leaves = [mean.clone().requires_grad_(), logvar.clone().requires_grad_()]
    z = answer(*leaves, eps.clone())
    if not z.requires_grad:
        raise CheckFailed(
            "not right yet. The values are right, but z is detached: no gradient comes back to mean and "
            "logvar, so the encoder would never learn. That way back is what the trick is for."
        )
    right = weights, weights * eps * (logvar / 2).exp() / 2
    words = {
        "The values are right, but logvar is detached: its gradient is missing.": (right[0], 0 * right[1]),
        "The values are right, but the mean is detached: its gradient is missing.": (0 * right[0], right[1]),
    }
    given = {
        "mean": mean,
        "logvar": logvar,
        "eps": eps,
        "weights w; we look at gradients of sum(w z)": weights,
    }
    expect(_slopes(z, weights, leaves), right, given, words)


def _posterior(
    shape: tuple[int, int, int, int], dtype: torch.dtype, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mean and logvar of that shape; with several channels they are not contiguous."""
    b, c, h, w = shape
    mean, logvar = (tensor(b, h, w, c, draw=draw).to(dtype).permute(0, 3, 1, 2) for _ in range(2))
    return mean, logvar


@exercise(
    "15.2",
    "reparameterise",
    hints=(
        "A normal number of another mean and deviation is made of a standard one: scale it, then shift it. "
        "Which of the two did you get from logvar?",
        "The deviation is the root of the variance, and the variance is exp(logvar). A root halves a "
        "logarithm. Draw nothing, and detach nothing.",
        "return mean + (logvar / 2).exp() * eps",
    ),
)
def reparameterise(answer: Callable, draw: torch.Generator) -> None:
    """reparameterise(mean, logvar, eps) -> z."""
    for shape, dtype in (((1, 1, 2, 3), torch.float32), ((whole(2, 4, draw), 3, 2, 5), torch.float64)):
        while True:
            mean, logvar = _posterior(shape, dtype, draw)
            eps, weights = (tensor(*shape, draw=draw).to(dtype) for _ in range(2))
            given, mistakes = (mean, logvar, eps), _drawn_mistakes(mean, logvar, eps)
            if apart([drawn(*given), *mistakes.values()]):
                break
        got = answer(*(x.clone() for x in given))
        if words := _other_noise(answer, *given):
            mistakes = {words: got}
        expect(got, drawn(*given), {"mean": mean, "logvar": logvar, "eps": eps}, mistakes)
        _gradients(answer, *given, weights)


def terms(mean: Tensor, logvar: Tensor) -> Tensor:
    """The divergence from the standard normal of each number of the latents, in nats."""
    return (mean**2 + logvar.exp() - 1 - logvar) / 2


def _nats(each: Tensor) -> Tensor:
    """Summed over an image's numbers; the mean over the images."""
    return each.flatten(1).sum(1).mean()


def _kl_mistakes(mean: Tensor, logvar: Tensor) -> dict[str, Any]:
    each, var = terms(mean, logvar), logvar.exp()
    reverse = ((1 + mean**2) / var - 1 + logvar) / 2
    return {
        "That is summed over the batch too: the weight would grow with the batch. Take the mean over it.": (
            each.sum()
        ),
        "That is the mean over all numbers: it weakens the divergence by how many numbers a latent has. Sum "
        "them; take the mean over the batch alone.": each.mean(),
        "That is summed over the channels alone: height and width are summed as well.": each.sum(1).mean(),
        "That is one number an image; their mean was asked.": each.flatten(1).sum(1),
        "The sign is turned: a divergence is never below 0.": -_nats(each),
        "The -1 is missing: for mean 0 and logvar 0 the divergence is 0.": _nats(each + 0.5),
        "The half is missing.": _nats(2 * each),
        "The half belongs to all the terms.": OneOf(
            _nats(one) for one in (each + mean**2 / 2, each + (var - 1 - logvar) / 2)
        ),
        "logvar is the logarithm of the variance: exp(logvar) is not squared again.": OneOf(
            (_nats((mean**2 + var**2 - 1 - 2 * logvar) / 2), _nats((mean**2 + var**2 - 1 - logvar) / 2))
        ),
        "The mean counts by its square.": OneOf(_nats(each + (m - mean**2) / 2) for m in (mean, mean.abs())),
        "exp(logvar) is missing: the variance itself counts, and its logarithm.": _nats(each - var / 2),
        "logvar itself is missing: the variance counts, and its logarithm.": _nats(each + logvar / 2),
        "The sign of logvar's own term is turned.": _nats(each + logvar),
        "That is the divergence of the standard normal from yours; the other was asked.": _nats(reverse),
        "The mean is left out: it counts by its square.": _nats(each - mean**2 / 2),
    }


def _estimates(answer: Callable, mean: Tensor, logvar: Tensor) -> bool:
    """Whether two calls with the same input differ: then the answer draws."""
    one, two = (answer(mean.clone(), logvar.clone()) for _ in range(2))
    return not same(one, two, 1e-9)


@exercise(
    "15.3",
    "KL to the standard normal",
    hints=(
        "Two normal distributions have a divergence in closed form: nothing is drawn. What should it be "
        "where mean and logvar are 0?",
        "A number of the latent costs (mean^2 + variance - 1 - log variance) / 2. Those of one image's "
        "numbers add up. Images are examples: take their mean.",
        "each = (mean**2 + logvar.exp() - 1 - logvar) / 2; return each.sum((1, 2, 3)).mean()",
    ),
)
def kl(answer: Callable, draw: torch.Generator) -> None:
    """kl(mean, logvar) -> a scalar, in nats: summed over a latent, mean over the batch."""
    for shape, dtype in (((3, 5, 1, 3), torch.float32), ((whole(3, 5, draw), 3, 2, 5), torch.float64)):
        while True:
            mean, logvar = _posterior(shape, dtype, draw)
            right, mistakes = _nats(terms(mean, logvar)), _kl_mistakes(mean, logvar)
            if apart([right, *mistakes.values()]):
                break
        given = {"mean": mean, "logvar": logvar}
        got = answer(mean.clone(), logvar.clone())
        if _estimates(answer, mean, logvar):
            mistakes = {"That is an estimate by drawing: the closed form has no chance in it.": got}
        expect(got, right, given, mistakes)
        got = answer(mean.clone().requires_grad_(), logvar.clone().requires_grad_())
        if not isinstance(got, Tensor) or not got.requires_grad:
            raise CheckFailed(
                "not right yet. The value is right, but no gradient comes through it, and it is a loss: "
                "leave out item(), float() and detach()."
            )
