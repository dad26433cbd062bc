"""The samplers of a diffusion: DDPM's ancestral steps, and DDIM. Each is a generator of states.

`left` counts the steps still to do, and names the noise of a step too: states[j] of a run of K steps has
K - j left, and from there the run continues exactly.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from minidit.flow.diffusion import Diffusion, at
from minidit.flow.flow import Network
from minidit.flow.sampler import Draws, State
from minidit.types import Condition


def _state(diffusion: Diffusion, x: Tensor, left: int, evaluations: int) -> State:
    t = float(diffusion.time(torch.tensor(left - 1))) if left else 1.0
    return State(t, x, evaluations)


def _ask(
    f: Network, diffusion: Diffusion, x: Tensor, k: Tensor, condition: Condition | Tensor | None
) -> Tensor:
    return f(x, diffusion.time(k).to(x.device, x.dtype), condition)


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
        f: a network of our time that predicts the noise, with or without a learned variance; for
            guidance `guide(f, w, channels=C)`, so that the variance stays the conditional one.
        noise: where to start, (batch, C, height, width).
        diffusion: the steps, usually `Diffusion.linear().respace("250")`.
        draws: draws(left) is the noise of a step, like x; see `sampler.gaussian`. Step 0 uses none.
        condition: passed on to f.
        left: continue with so many steps left; all by default.

    Yields:
        The starting state, then one after each step; one evaluation each.
    """
    x, total = noise, len(diffusion) if left is None else left
    yield _state(diffusion, x, total, 0)
    for left in range(total, 0, -1):
        k = torch.full((len(x),), left - 1, device=x.device)
        mean, log_variance = diffusion.reverse(_ask(f, diffusion, x, k, condition), x, k)
        x = mean + (log_variance / 2).exp() * draws(left) if left > 1 else mean
        yield _state(diffusion, x, left - 1, total - left + 1)


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
    """DDIM: go to the guessed data, then back along the same noise (Song et al. 2021, equation 12).

    With eta = 0 nothing is drawn, and a step is Euler's step for x / sqrt(abar) over
    sqrt(1 / abar - 1); eta = 1 is the posterior variance of DDPM. Arguments and states as in `ancestral`;
    a learned variance is not read.
    """
    x, total = noise, len(diffusion) if left is None else left
    before = diffusion.abar_before
    spread = eta * diffusion.posterior_variance.sqrt()
    yield _state(diffusion, x, total, 0)
    for left in range(total, 0, -1):
        k = torch.full((len(x),), left - 1, device=x.device)
        eps = _ask(f, diffusion, x, k, condition)[:, : x.shape[1]]
        data = diffusion.data(eps, x, k)
        keep = (1 - before - spread**2).clamp(min=0).sqrt()  # rounding may leave a little less than 0
        x = at(before.sqrt(), k, x) * data + at(keep, k, x) * eps
        if eta and left > 1:
            x = x + at(spread, k, x) * draws(left)
        yield _state(diffusion, x, left - 1, total - left + 1)
