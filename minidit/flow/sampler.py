"""Samplers: follow the velocity from noise to data. Each is a generator of the states it passes through.

The caller decides what to do with a state: draw it, count its cost, stop. `last` runs to the end. From
state k a sampler continues with `times[k:]`. A grid that falls, `times(50).flip(0)`, follows the same
curve from data to noise: that encodes an image.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from numbers import Integral
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.flow.timing import shift as shifted
from minidit.streams import Streams
from minidit.types import Condition

# draws(left) is the noise of the step after which left - 1 steps remain, like the images
Draws = Callable[[int], Tensor]

# torchdiffeq's solvers, but for our own Euler and Heun, for those with a memory of earlier steps, which could
# not continue from a state, and for fehlberg2, which misses the tolerances asked of it
ADAPTIVE = ("dopri5", "dopri8", "bosh3", "adaptive_heun")
METHODS = ("midpoint", "heun3", "rk4", *ADAPTIVE)


class State(NamedTuple):
    """Where a sampler is: time t (0 noise, 1 data), images x, and velocity evaluations so far."""

    t: float
    x: Tensor
    evaluations: int


def times(steps: int, shift: float = 1.0, end: float = 1.0) -> Tensor:
    """A grid of `steps` steps from 0 to `end`: (steps + 1,), float64; even unless shifted towards the noise.

    At t = 1 the velocity of data predictions is divided by sigma, which is 0 there and held at 1e-3. Euler's
    method never asks there, but the last stage of Heun's method and of rk4 does: a grid for them may end a
    little before, as SiT's does on VP with end = 1 - 1e-3.

    Raises:
        MiniditError: no whole number of steps, a shift that is not positive, or an end outside (0, 1].
    """
    if not isinstance(steps, Integral) or steps < 1:
        raise MiniditError(f"A sampler was asked for {steps} steps; it needs a whole number of 1 or more.")
    if not 0 < shift < float("inf"):
        raise MiniditError(f"The time shift is {shift}; it must be more than 0 (1 is an even grid).")
    if not 0 < end <= 1:
        raise MiniditError(f"The grid was to end at {end}; it must end after 0, and at 1 at the latest.")
    return end * shifted(torch.linspace(0, 1, steps + 1, dtype=torch.float64), shift)


def gaussian(like: Tensor, streams: Streams, name: str = "sampler") -> Draws:
    """Standard normal noise like the images, for samplers that need some at every step.

    The noise of a step is named by the steps that are left, so a run continued from one of its states sees
    the noise it would have seen.
    """
    return lambda left: torch.randn(like.shape, generator=streams(name, left)).to(like.device, like.dtype)


def last(states: Iterable[State]) -> Tensor:
    """Run a sampler to its end and return the images."""
    return deque(states, maxlen=1).pop().x


def ask(v: Velocity, x: Tensor, t: float, condition: Condition | Tensor | None) -> Tensor:
    """v at one time for the whole batch; t is given to it in the images' type."""
    return v(x, torch.full((len(x),), t, dtype=x.dtype, device=x.device), condition)


@torch.no_grad()
def euler(
    v: Velocity, noise: Tensor, times: Tensor, condition: Condition | Tensor | None = None
) -> Iterator[State]:
    """Euler's method: x += (next t - t) v(x, t). One evaluation a step, first order.

    Args:
        v: a velocity, from `Flow.velocity` or `guide`.
        noise: where to start, (batch, channels, height, width): the state at times[0].
        times: grid (steps + 1,), usually `times(steps)`; a shorter grid continues from a state.
        condition: passed on to v.

    Yields:
        The starting state, then one after each step.
    """
    x = noise
    yield State(float(times[0]), x, 0)
    for step, (t, t_next) in enumerate(pairwise(times.tolist()), start=1):
        x = x + (t_next - t) * ask(v, x, t, condition)
        yield State(t_next, x, step)


@torch.no_grad()
def heun(
    v: Velocity, noise: Tensor, times: Tensor, condition: Condition | Tensor | None = None
) -> Iterator[State]:
    """Heun's method: an Euler step, then the mean of the velocities at both ends. Second order.

    Two evaluations a step. Arguments and states as in `euler`.
    """
    x = noise
    yield State(float(times[0]), x, 0)
    for step, (t, t_next) in enumerate(pairwise(times.tolist()), start=1):
        dt = t_next - t
        start = ask(v, x, t, condition)
        end = ask(v, x + dt * start, t_next, condition)
        x = x + dt / 2 * (start + end)
        yield State(t_next, x, 2 * step)


@torch.no_grad()
def solve(
    v: Velocity,
    noise: Tensor,
    times: Tensor,
    condition: Condition | Tensor | None = None,
    method: str = "dopri5",
    rtol: float = 1e-3,
    atol: float = 1e-6,
) -> Iterator[State]:
    """The solvers of torchdiffeq, from one time of the grid to the next; SiT's tolerances by default.

    A fixed method (midpoint, heun3, rk4) takes one step for each interval. An adaptive one (dopri5, dopri8,
    bosh3, adaptive_heun) takes as many as the tolerances ask for, and starts afresh at each time of the
    grid: with `times(1)` it chooses all of them. No time beyond the next one of the grid is asked for: where
    the data begin, a velocity may have no meaning. Other arguments and states as in `euler`.

    Raises:
        MiniditError: no such method.
    """
    from torchdiffeq import odeint

    if method not in METHODS:
        raise MiniditError(f"There is no solver {method!r}; there are: {', '.join(METHODS)}.")
    x, calls = noise, 0

    def drift(t: Tensor, x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return ask(v, x, float(t), condition)

    yield State(float(times[0]), x, 0)
    for t, t_next in pairwise(times):
        # a step must end at t_next: left alone, an adaptive solver steps beyond it and interpolates back
        options = {"step_t": t_next[None]} if method in ADAPTIVE else None
        interval = torch.stack([t, t_next])
        x = odeint(drift, x, interval, method=method, rtol=rtol, atol=atol, options=options)[-1]
        yield State(float(t_next), x, calls)
