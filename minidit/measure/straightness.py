"""How straight are the paths from noise to data? Straight ones are walked in a single step."""

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.flow.sampler import euler, times
from minidit.types import Condition


@torch.no_grad()
def bend(v: Velocity, noise: Tensor, condition: Condition | Tensor | None = None, steps: int = 50) -> float:
    """How far the velocity on the way departs from the straight line between both ends, relative to the line.

    The straightness of Liu et al. (2022, "Flow Straight and Fast"), the integral over time of the mean of
    |(x_1 - x_0) - v(x_t, t)|^2, divided by the mean of |x_1 - x_0|^2: 0 where all paths are straight and
    walked at an even pace, 1 where the departure is as large as the way. No unit of length is left, so crowds
    of any scale can be compared. A path that is straight but walked unevenly counts as bent: one step would
    miss its end too.

    Args:
        v: a velocity v(x, t, condition).
        noise: where the paths begin, (batch, ...).
        condition: handed to v.
        steps: equal steps of Euler's method, one evaluation each.

    Raises:
        MiniditError: fewer than 2 steps (one step is always straight), or paths that go nowhere.
    """
    if steps < 2:
        raise MiniditError(f"bend was asked for {steps} steps; one step is always straight: use 2 or more.")
    x = torch.stack(
        [state.x for state in euler(v, noise, times(steps), condition)]
    )  # (steps + 1, batch, ...)
    velocity, line = (x[1:] - x[:-1]) * steps, x[-1] - x[0]
    if not (way := line.square().sum()) > 0:
        raise MiniditError("The paths end where they began, so there is no line to compare them with.")
    return ((velocity - line).square().sum() / (steps * way)).item()
