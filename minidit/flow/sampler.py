"""Samplers: follow the velocity from noise to data. Each is a generator of the states it passes through.

The caller decides what to do with a state: draw it, count its cost, stop. `last` runs to the end.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.types import Condition


class State(NamedTuple):
    """Where a sampler is: time t (0 noise, 1 data), images x, and velocity evaluations so far."""

    t: float
    x: Tensor
    evaluations: int


def times(steps: int) -> Tensor:
    """An even grid of `steps` steps from 0 to 1: (steps + 1,), float64."""
    if steps < 1:
        raise MiniditError(f"A sampler was asked for {steps} steps; it needs at least 1.")
    return torch.linspace(0, 1, steps + 1, dtype=torch.float64)


def last(states: Iterable[State]) -> Tensor:
    """Run a sampler to its end and return the images."""
    return deque(states, maxlen=1).pop().x


def _at(v: Velocity, x: Tensor, t: float, condition: Condition | Tensor | None) -> Tensor:
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
        x = x + (t_next - t) * _at(v, x, t, condition)
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
        start = _at(v, x, t, condition)
        end = _at(v, x + dt * start, t_next, condition)
        x = x + dt / 2 * (start + end)
        yield State(t_next, x, 2 * step)
