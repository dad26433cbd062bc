"""Classifier-free guidance: walk past the conditional velocity, away from the unconditional one."""

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.types import Condition


def guide(v: Velocity, w: float, interval: tuple[float, float] = (0.0, 1.0)) -> Velocity:
    """The guided velocity u + w (c - u), c conditional and u unconditional (Ho and Salimans 2022).

    Args:
        v: a velocity that honours `Condition.drop`.
        w: 1 is the conditional velocity, 0 the unconditional one, above 1 exaggerates the condition.
        interval: guide only while interval[0] <= t <= interval[1] (Kynkaanniemi et al. 2024);
            elsewhere the conditional velocity is used. 0 is noise, 1 is data.

    Returns:
        A velocity. Guiding costs one evaluation of twice the batch; w = 1, and times outside the
        interval, cost a plain evaluation. All channels are guided. The times of a batch must be equal.

    Raises:
        MiniditError: w is negative, or the interval is empty.
    """
    low, high = interval
    if not w >= 0:  # so that nan is refused too
        raise MiniditError(f"Guidance w is {w}; it must be 0 or more (1 is no guidance, 2 is a usual value).")
    if not low < high:
        raise MiniditError(f"The guidance interval {interval} is empty; give (from, to) with from < to.")

    def guided(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        # rounded as t is: 0.7 in float32 is a little less than 0.7
        start, end = torch.tensor(interval, dtype=t.dtype).tolist()
        if w == 1 or not start <= float(t[0]) <= end:
            return v(x, t, condition)
        both = Condition.of(condition).beside_null(len(x), x.device)
        # (2b, c, h, w) -> conditional (b, c, h, w), unconditional (b, c, h, w)
        conditional, unconditional = v(x.repeat(2, 1, 1, 1), t.repeat(2), both).chunk(2)
        return unconditional + w * (conditional - unconditional)

    return guided
