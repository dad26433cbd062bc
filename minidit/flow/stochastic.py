"""Samplers that add noise on the way: SDEs with the same images, in law, as the ODE.

dX = [v + w s] dt + sqrt(2 w) dW, with the score s pushing back what the noise w spreads, for any w(t) >= 0
(Ma et al. 2024, section 2.5; its paper writes w for twice ours, its code for ours). The score follows from
the velocity, so a drift costs one evaluation.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.flow.interpolant import PATHS, Path, over_pixels
from minidit.flow.prediction import MARGIN, convert, turn
from minidit.flow.sampler import Draws, State, ask
from minidit.types import Condition

LAST_STEPS = ("mean", "euler", "tweedie", "none")
HELD = 0.04  # where alpha = 0 the score-based w has no bound: it keeps the value it has at this time


def score(path: Path, velocity: Tensor, x: Tensor, t: Tensor) -> Tensor:
    """The score read from the velocity: -(alpha' x - alpha v) / (D sigma), D = alpha' sigma - alpha sigma'.

    It is -noise / sigma, the gradient of log p_t by x (Ma et al. 2024, section 2.3 and appendix A). sigma
    is held at MARGIN at the data, as in `prediction.predict`. velocity, x (batch, ...); t (batch,).
    """
    t = over_pixels(t, x)
    noise = (path.alpha_dot(t) * x - path.alpha(t) * velocity) / turn(path, t)
    return -noise / path.sigma(t).clamp(min=MARGIN)


def score_based(path: Path, t: Tensor) -> Tensor:
    """The w of the diffusion that the path comes from (Song et al. 2020): sigma D / alpha; beta / 2 if VP.

    (arXiv 2011.13456.) Held at its value at t = 0.04 before that; any w keeps the law of the images, a large
    one only asks for smaller steps.
    """
    t = t.clamp(min=HELD)
    return path.sigma(t) * turn(path, t) / path.alpha(t)


DIFFUSIONS = {
    "sigma": lambda path, t: path.sigma(t),
    "sbdm": score_based,
    "linear": lambda path, t: 1 - t,
    "constant": lambda path, t: torch.ones_like(t),
    "decreasing": lambda path, t: ((1 + torch.cos(math.pi * t)) / 2).square(),
    "increasing-decreasing": lambda path, t: torch.sin(math.pi * t).square(),
}


@dataclass(frozen=True)
class SDE:
    """How much noise is added at each time.

    path: the path of the velocity, "linear", "gvp" or "vp"; it is not guessed, since on another path the
        score would be read wrongly and the images be blurred without a word.
    diffusion: the form of w(t), one of DIFFUSIONS: "sigma" (SiT's scripts), "sbdm", "linear", "constant",
        "decreasing", "increasing-decreasing".
    norm: w is multiplied by it; 0 is the ODE.

    Raises:
        MiniditError: a word that is not in the table, or a negative norm.
    """

    path: str
    diffusion: str = "sigma"
    norm: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a word that is not in the table, and noise of negative size."""
        for name, known in (("path", PATHS), ("diffusion", DIFFUSIONS)):
            if getattr(self, name) not in known:
                raise MiniditError(
                    f"An SDE's {name} is {getattr(self, name)!r}; it must be one of: {', '.join(known)}."
                )
        if not 0 <= self.norm < float("inf"):
            raise MiniditError(f"An SDE's norm is {self.norm}; it must be 0 or more (0 is the ODE).")

    def w(self, t: float) -> float:
        """The diffusion coefficient at time t."""
        at = torch.tensor(t, dtype=torch.float64)
        return self.norm * float(DIFFUSIONS[self.diffusion](PATHS[self.path], at))

    def drift(self, velocity: Tensor, x: Tensor, t: float) -> Tensor:
        """v + w s from the velocity at (x, t), (batch, ...): the score is read from it."""
        return velocity + self.w(t) * score(PATHS[self.path], velocity, x, _like(t, x))

    def finish(self, velocity: Tensor, x: Tensor, t: float, dt: float, rule: str) -> Tensor:
        """The last step, without noise: along the drift, along the velocity, or to the guessed data."""
        if rule == "tweedie":
            return convert(PATHS[self.path], velocity, x, _like(t, x), "velocity", "data")
        return x + dt * (self.drift(velocity, x, t) if rule == "mean" else velocity)


def _like(t: float, x: Tensor) -> Tensor:
    """t for each image of x, (batch,), in the type of x."""
    return torch.full((len(x),), t, dtype=x.dtype, device=x.device)


def sde_times(steps: int = 250, last: float = 0.04) -> Tensor:
    """SiT's grid: `steps` even points from 0 to 1 - last, then 1: (steps + 1,), float64.

    Raises:
        MiniditError: fewer than 2 steps, or a last step that is not between 0 and 1.
    """
    if steps < 2 or not 0 < last < 1:
        raise MiniditError(
            f"An SDE's grid was asked for {steps} steps, the last of {last}; it needs at least 2 steps, "
            "and a last one between 0 and 1 (0.04 is usual)."
        )
    even = torch.linspace(0, 1 - last, steps, dtype=torch.float64)
    return torch.cat([even, torch.ones(1, dtype=torch.float64)])


def _check(last_step: str, times: Tensor) -> None:
    if last_step not in LAST_STEPS:
        raise MiniditError(f"last_step is {last_step!r}; it must be one of: {', '.join(LAST_STEPS)}.")
    if (times.diff() < 0).any():
        raise MiniditError(
            "An SDE goes from noise to data, on a grid that rises, such as sde_times(250); to encode images "
            "follow the ODE: heun(v, images, times(50).flip(0))."
        )


@torch.no_grad()
def euler_maruyama(
    v: Velocity,
    noise: Tensor,
    times: Tensor,
    draws: Draws,
    condition: Condition | Tensor | None = None,
    *,
    sde: SDE,
    last_step: str = "mean",
) -> Iterator[State]:
    """Euler's method with noise: x += (v + w s) dt + sqrt(2 w dt) z. One evaluation a step.

    Args:
        v: a velocity, from `Flow.velocity` or `guide`, on the path of `sde`.
        noise: where to start, (batch, channels, height, width): the state at times[0].
        times: a grid that rises, (steps + 1,), usually `sde_times(250)`; `times[k:]` continues from state k.
        draws: draws(left) is the z of a step, see `sampler.gaussian`: equal draws give equal images.
        condition: passed on to v.
        sde: the path of v, and the form of w.
        last_step: the step to times[-1], without noise. "tweedie" takes the guessed data, and is the one to
            choose. "euler" follows the velocity. "mean" follows the drift, and overshoots by w dt / sigma^2
            of the noise that is left: with "sigma" on the linear path by all of it, so that it stays in the
            images with its sign turned. It is the default because SiT's scripts do so. "none" is a step
            like the others.

    Yields:
        The starting state, then one after each step.

    Raises:
        MiniditError: no such rule for the last step, or a grid that falls.
    """
    _check(last_step, times)
    x, steps = noise, len(times) - 1
    yield State(float(times[0]), x, 0)
    for step, (t, t_next) in enumerate(pairwise(times.tolist()), start=1):
        dt, left = t_next - t, steps - step + 1
        velocity = ask(v, x, t, condition)
        if left == 1 and last_step != "none":
            x = sde.finish(velocity, x, t, dt, last_step)
        else:
            x = x + dt * sde.drift(velocity, x, t) + math.sqrt(2 * sde.w(t) * dt) * draws(left)
        yield State(t_next, x, step)


@torch.no_grad()
def stochastic_heun(
    v: Velocity,
    noise: Tensor,
    times: Tensor,
    draws: Draws,
    condition: Condition | Tensor | None = None,
    *,
    sde: SDE,
    last_step: str = "mean",
) -> Iterator[State]:
    """Add the step's noise first, then take Heun's step along v + w s, as SiT does.

    Two evaluations a step, one in the last. Arguments, states and errors as in `euler_maruyama`.
    """
    _check(last_step, times)
    x, steps, evaluations = noise, len(times) - 1, 0
    yield State(float(times[0]), x, 0)
    for step, (t, t_next) in enumerate(pairwise(times.tolist()), start=1):
        dt, left = t_next - t, steps - step + 1
        if left == 1 and last_step != "none":
            x, evaluations = sde.finish(ask(v, x, t, condition), x, t, dt, last_step), evaluations + 1
        else:
            x = x + math.sqrt(2 * sde.w(t) * dt) * draws(left)
            start = sde.drift(ask(v, x, t, condition), x, t)
            ahead = x + dt * start
            end = sde.drift(ask(v, ahead, t_next, condition), ahead, t_next)
            x, evaluations = x + dt / 2 * (start + end), evaluations + 2
        yield State(t_next, x, evaluations)
