"""The samplers of a diffusion: DDPM's ancestral steps, and DDIM. Each is a generator of states.

`left` counts the steps still to do, and names the noise of a step too: states[j] of a run of K steps has
K - j left, and from there the run continues exactly.
"""

from collections.abc import Iterator
from numbers import Integral

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.diffusion import Diffusion, at
from minidit.flow.flow import Network
from minidit.flow.sampler import Draws, State, ask
from minidit.types import Condition


def _steps(diffusion: Diffusion, left: int | None) -> int:
    """How many steps are to be done. Raises MiniditError for more than there are, or for no whole number."""
    if left is None:
        return len(diffusion)
    if not isinstance(left, Integral) or not 0 <= left <= len(diffusion):
        raise MiniditError(
            f"left is {left}; it must be a whole number from 0 to {len(diffusion)}, the steps there are."
        )
    return left


def _time(diffusion: Diffusion, todo: int) -> float:
    """Our time where so many steps are still to do; the image is the data when none is."""
    return float(diffusion.time(torch.tensor(todo - 1))) if todo else 1.0


@torch.no_grad()
def ancestral(
    f: Network,
    noise: Tensor,
    diffusion: Diffusion,
    draws: Draws,
    condition: Condition | Tensor | None = None,
    left: int | None = None,
) -> Iterator[State]:
    """DDPM: draw each cleaner image from the normal distribution the network names (algorithm 2).

    Args:
        f: a network of our time that predicts the noise, with or without a learned variance; `guide(f, w)`
            leaves the variance conditional.
        noise: where to start, (batch, C, height, width).
        diffusion: the steps, usually `Diffusion.linear().respace("250")`.
        draws: draws(left) is the noise of a step, like x; see `sampler.gaussian`. Step 0 uses none.
        condition: passed on to f.
        left: continue with so many steps left; all by default.

    Yields:
        The starting state, then one after each step; one evaluation each.

    Raises:
        MiniditError: left is out of range, or the network answers with another number of channels.
    """
    x, steps = noise, _steps(diffusion, left)
    yield State(_time(diffusion, steps), x, 0)
    for done, todo in enumerate(range(steps, 0, -1), start=1):
        k = torch.full((len(x),), todo - 1, device=x.device)
        output = ask(f, x, _time(diffusion, todo), condition)
        mean, log_variance = diffusion.reverse(output, x, k)
        x = mean + (log_variance / 2).exp() * draws(todo) if todo > 1 else mean
        yield State(_time(diffusion, todo - 1), x, done)


@torch.no_grad()
def ddim(
    f: Network,
    noise: Tensor,
    diffusion: Diffusion,
    condition: Condition | Tensor | None = None,
    left: int | None = None,
    eta: float = 0.0,
    draws: Draws | None = None,
) -> Iterator[State]:
    """DDIM: go to the guessed data, then back along the same noise (Song et al. 2020, equation 12).

    (arXiv 2010.02502.) With eta = 0 nothing is drawn, and a step is Euler's step for x / sqrt(abar) over
    sqrt(1 / abar - 1); eta = 1 is the posterior variance of DDPM. Arguments and states as in `ancestral`;
    a learned variance is not read.

    Raises:
        MiniditError: eta outside 0 to 1, more than 0 without draws, or left out of range.
    """
    if not 0 <= eta <= 1 or (eta and draws is None):
        raise MiniditError(
            f"DDIM was asked for eta = {eta} {'without' if draws is None else 'with'} draws; eta must lie in "
            "0 to 1, and more than 0 needs draws, such as gaussian(noise, streams)."
        )
    x, steps = noise, _steps(diffusion, left)
    before = diffusion.abar_before
    spread = eta * diffusion.posterior_variance.sqrt()
    yield State(_time(diffusion, steps), x, 0)
    for done, todo in enumerate(range(steps, 0, -1), start=1):
        k = torch.full((len(x),), todo - 1, device=x.device)
        eps = ask(f, x, _time(diffusion, todo), condition)[:, : x.shape[1]]
        data = diffusion.data(eps, x, k)
        keep = (1 - before - spread**2).clamp(min=0).sqrt()  # rounding may leave a little less than 0
        x = at(before.sqrt(), k, x) * data + at(keep, k, x) * eps
        if eta and todo > 1:
            x = x + at(spread, k, x) * draws(todo)
        yield State(_time(diffusion, todo - 1), x, done)
