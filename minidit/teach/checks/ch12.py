"""Checks of chapter 12: one yardstick for four answers, and a step of DDPM."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


def shares(count: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Shares of data and noise at `count` times, on no path of this book: each (count,), none near 0 or 1."""
    alpha = 0.35 + 0.4 * torch.rand(count, generator=draw).double()
    return alpha, 0.45 + 0.4 * torch.rand(count, generator=draw).double()


def _as_noise(kind: str, errors: Tensor, alpha: Tensor, sigma: Tensor, turn: Tensor) -> Tensor:
    """The noise's squared error at each time, from that of an answer."""
    ratio = {"noise": alpha / alpha, "data": alpha / sigma, "score": sigma, "velocity": alpha / turn}[kind]
    return errors * ratio**2


def _yardstick_mistakes(
    kind: str, errors: Tensor, alpha: Tensor, sigma: Tensor, turn: Tensor
) -> dict[str, Tensor | OneOf]:
    """What wrong ways to the noise's error give, for an answer that is not the noise."""
    right = _as_noise(kind, errors, alpha, sigma, turn)
    factor = right / errors
    mistakes = {
        "That is the raw loss: an error of another answer counts another amount at each time.": errors.mean(),
        "These are squared errors: their factor is a square too.": (errors * factor.sqrt()).mean(),
        "The factor is upside down.": OneOf([(errors / factor).mean(), (errors / factor.sqrt()).mean()]),
        "You averaged first: the factor depends on the time, so it comes before the mean.": OneOf(
            [errors.mean() * factor.mean(), errors.mean() / (1 / factor).mean()]
        ),
        "You divided by the sum of the factors: a plain mean was asked.": right.sum() / factor.sum(),
    }
    if kind == "data":
        snr = (alpha / sigma) ** 2
        mistakes["SNR is alpha^2 / sigma^2 already: it is not squared once more."] = (errors * snr**2).mean()
    if kind == "velocity":
        words = "On another path than the straight one the turn is not 1: divide by its square."
        mistakes[words] = (errors * alpha**2).mean()
        mistakes["Divide by the square of the turn, not by the turn."] = (errors * alpha**2 / turn).mean()
    return mistakes


@exercise(
    "12.1",
    "one yardstick",
    hints=(
        "x is given, so alpha * (error of the data) + sigma * (error of the noise) = 0. What follows for the "
        "size of one from the other?",
        "Sizes: noise = data * alpha / sigma = score * sigma = velocity * alpha / turn. The errors here are "
        "squares. Is your factor inside the mean?",
        "ratio = {'noise': 1 + 0 * alpha, 'data': alpha / sigma, 'score': sigma, 'velocity': alpha / turn}"
        "[kind]; return (errors * ratio**2).mean()",
    ),
)
def yardstick(answer: Callable, draw: torch.Generator) -> None:
    """noise_error(kind, errors, alpha, sigma, turn) -> the mean squared error of the noise."""
    for kind in ("data", "velocity", "score", "noise"):
        alpha, sigma = shares(3, draw)
        turn = 1.3 + torch.rand(3, generator=draw).double()
        errors = tensor(3, draw=draw).double().abs() + torch.arange(1, 4)
        given = {"kind": kind, "errors": errors, "alpha": alpha, "sigma": sigma, "turn": turn}
        parts = tuple(given.values())
        right = _as_noise(*parts).mean()
        mistakes = {} if kind == "noise" else _yardstick_mistakes(*parts)
        if kind == "noise":
            words = "An error of the noise is what was asked: nothing is to be changed."
            others = ("data", "velocity", "score")
            mistakes = {words: OneOf(_as_noise(other, *parts[1:]).mean() for other in others)}
        got = answer(kind, *(value.clone() for value in parts[1:]))
        expect(got, right, given, mistakes)


def back(
    x: Tensor, noise: Tensor, k: int, betas: Tensor, now: int, before: int, kept: Tensor | None = None
) -> Tensor:
    """The mean of x_{k-1}, with abar taken at the places `now` and `before`, counted with 1 in front."""
    abar = torch.cat([torch.ones(1).double(), (1 - betas).cumprod(0)])  # (K + 1,)
    one, other, beta = abar[now], abar[before], betas[k]
    data = (x - (1 - one).sqrt() * noise) / one.sqrt() if kept is None else kept
    from_x = (1 - other) * (1 - beta).sqrt()
    return (beta * other.sqrt() * data + from_x * x) / (1 - one)


def posterior_variance(k: int, betas: Tensor, shift: int = 0, before: int = 0) -> Tensor:
    """The variance of x_{k-1} when x_k and the data are known; both places of abar may be shifted."""
    abar = torch.cat([torch.ones(1).double(), (1 - betas).cumprod(0)])
    return betas[k] * (1 - abar[k + before]) / (1 - abar[k + 1 + shift])


def _off_by_one(x: Tensor, noise: Tensor, z: Tensor, k: int, betas: Tensor) -> OneOf:
    """Steps in which one or both places of abar are off by one."""
    found = []
    for shift, before in ((-1, -1), (0, 1), (0, -1), (-1, 0)):
        mean = back(x, noise, k, betas, k + 1 + shift, k + before)
        spreads = (posterior_variance(k, betas), posterior_variance(k, betas, shift, before))
        found += [mean + spread.sqrt() * z for spread in spreads]
    return OneOf(found)


def _step_mistakes(x: Tensor, noise: Tensor, z: Tensor, k: int, betas: Tensor) -> dict[str, Tensor | OneOf]:
    """What wrong ways of a step give; k is not 0."""
    variance, beta = posterior_variance(k, betas), betas[k]
    right = back(x, noise, k, betas, k + 1, k)
    abar = (1 - betas).cumprod(0)
    data = (x - (1 - abar[k]).sqrt() * noise) / abar[k].sqrt()
    spread = variance.sqrt() * z
    return {
        "You added noise of variance beta: that is the forward step's. Given the data, x_{k-1} is known "
        "better than that.": right + beta.sqrt() * z,
        "abar is off by one: step k has the noise of abar[k], and the cleaner image that of abar[k - 1].": (
            _off_by_one(x, noise, z, k, betas)
        ),
        "A deviation multiplies z, and this is the variance: take its root.": right + variance * z,
        "No noise was added; only the last step, k = 0, has none.": right,
        "That is the guess of the data: the step goes to x_{k-1}, not all the way.": OneOf(
            [data, data + spread]
        ),
        "You took a for its root: x_k = sqrt(abar) data + sqrt(1 - abar) noise.": back(
            x, noise, k, betas, k + 1, k, (x - (1 - abar[k]) * noise) / abar[k]
        )
        + spread,
        "That is DDIM's step: it goes back along the same noise, and draws none.": (
            abar[k - 1].sqrt() * data + (1 - abar[k - 1]).sqrt() * noise
        ),
    }


def _first_with_noise(x: Tensor, noise: Tensor, z: Tensor, betas: Tensor) -> dict[str, Tensor | OneOf]:
    """What wrong ways of the step at k = 1 give, where abar before it is abar[0]."""
    words = "abar before is 1 at k = 0 alone: at k = 1 the cleaner image is x_0, and abar[0] is not 1."
    mean = back(x, noise, 1, betas, 2, 0)
    spread = posterior_variance(1, betas).sqrt() * z
    return {words: OneOf([mean, mean + spread])} | _step_mistakes(x, noise, z, 1, betas)


@exercise(
    "12.2",
    "a step of DDPM",
    hints=(
        "Three things in this order: abar as running product; the data that x and the noise leave; then a "
        "mean of data and x, and noise. Which abar does the cleaner image have?",
        "At k = 0 the cleaner image is the data: there abar before is 1, and no noise is added. The variance "
        "is beta (1 - abar before) / (1 - abar), below beta; z is multiplied by its root.",
        "abar = (1 - betas).cumprod(0); a, b = abar[k], abar[k - 1] if k else 1 + 0 * abar[0]; data = (x - "
        "(1 - a).sqrt() * noise) / a.sqrt(); mean = (betas[k] * b.sqrt() * data + (1 - b) * (1 - "
        "betas[k]).sqrt() * x) / (1 - a); return mean + (betas[k] * (1 - b) / (1 - a)).sqrt() * z",
    ),
)
def ddpm_step(answer: Callable, draw: torch.Generator) -> None:
    """step(x, noise, z, k, betas) -> x_{k-1}, from x_k, a guess of its noise, and fresh noise z."""
    for steps, k in ((4, 2), (6, whole(2, 4, draw)), (4, 1), (5, 0)):
        x, noise, z = (tensor(2, draw=draw).double() + shift for shift in (0.55, -0.85, 1.15))
        betas = torch.linspace(0.1, 0.4, steps).double() + 0.05 * torch.rand(steps, generator=draw).double()
        mean = back(x, noise, k, betas, k + 1, k)
        right = mean + posterior_variance(k, betas).sqrt() * z if k else mean
        if k == 1:
            mistakes = _first_with_noise(x, noise, z, betas)
        elif k:
            mistakes = _step_mistakes(x, noise, z, k, betas)
        else:
            small = [betas[1].sqrt(), betas[0].sqrt(), posterior_variance(1, betas).sqrt()]
            words = "Noise was added at the last step: at k = 0 the image is done."
            mistakes = {words: OneOf(mean + spread * z for spread in small)}
            last = back(x, noise, 0, betas, 1, 0, x)
            mistakes["At k = 0 the cleaner image is the data: abar before it is 1."] = OneOf(
                [last, x, *_from_the_end(x, noise, z, betas)]
            )
        given = {"x": x, "noise": noise, "z": z, "k": k, "betas": betas}
        got = answer(x.clone(), noise.clone(), z.clone(), k, betas.clone())
        expect(got, right, given, mistakes)


def _from_the_end(x: Tensor, noise: Tensor, z: Tensor, betas: Tensor) -> list[Tensor]:
    """Step 0 with abar[-1], the last of the table, before it: without noise, and with."""
    a, b = 1 - betas[0], (1 - betas).prod()
    data = (x - (1 - a).sqrt() * noise) / a.sqrt()
    mean = (betas[0] * b.sqrt() * data + (1 - b) * (1 - betas[0]).sqrt() * x) / (1 - a)
    return [mean, mean + (betas[0] * (1 - b) / (1 - a)).sqrt() * z]
