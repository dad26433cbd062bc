"""What a few paired differences can say: interval, p-value, Holm's correction, smallest detectable effect.

Values are plain lists of numbers, one a seed, taken as independent draws of one normal distribution.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from scipy import stats

from minidit.errors import MiniditError

ALPHA = 0.05  # how often a card may decide wrongly, over all its hypotheses at one scale


class Interval(NamedTuple):
    """A confidence interval of a mean, in the unit of the values."""

    mean: float
    low: float
    high: float


class Step(NamedTuple):
    """Holm's answer for one hypothesis: the level of its interval, and whether it is decided there."""

    level: float
    decisive: bool


def interval(values: Sequence[float], level: float = 1 - ALPHA) -> Interval:
    """Student's interval of the mean: mean +- t(level, n - 1) s / sqrt(n) (Student 1908).

    Values that are all equal give an interval without width.

    Raises:
        MiniditError: fewer than two values, a value that is no finite number, a level outside 0 to 1.
    """
    mean, spread = _moments(values)
    half = detectable(spread, len(values), level)
    return Interval(mean, mean - half, mean + half)


def p_value(values: Sequence[float], bar: float = 0.0) -> float:
    """Two-sided p of "the mean is `bar`", by Student's t with n - 1 degrees of freedom.

    It is below 1 - level exactly when the interval at that level leaves `bar` out. Values that are all equal
    are decided by what they are: 1 at the bar, 0 elsewhere.

    Raises:
        MiniditError: fewer than two values, or a value that is no finite number.
    """
    return 2 * _tail(abs(_t(values, bar)), len(values))


def same_p_value(values: Sequence[float], bar: float) -> float:
    """Two-sided p of "the mean lies at -bar or at bar", against inside and against outside.

    Inside asks for both one-sided tests (Schuirmann 1987), outside for one of them; the smaller answer
    counts, since the interval cannot lie in both. It is below 1 - level exactly when the interval at that
    level lies wholly between -bar and bar, or wholly beyond one of them.

    Raises:
        MiniditError: fewer than two values, or a value that is no finite number.
    """
    upper, lower = _t(values, bar), _t(values, -bar)
    n = len(values)
    inside = 2 * max(_tail(-upper, n), _tail(lower, n))
    outside = 2 * min(_tail(upper, n), _tail(-lower, n))
    return min(1.0, inside, outside)


def holm(p_values: Sequence[float], alpha: float = ALPHA) -> list[Step]:
    """Holm's step-down procedure (Holm 1979), in the order of `p_values`.

    By size of p, the k-th of m (from 0) is decisive if p < alpha / (m - k) and all before it were. Its level
    is 1 - alpha / (m - k); after the first that fails, the level stays where it failed.
    """
    steps = [Step(1 - alpha, False)] * len(p_values)
    share, decisive = alpha, True
    for k, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if decisive:
            share = alpha / (len(p_values) - k)
            decisive = p_values[index] < share
        steps[index] = Step(1 - share, decisive)
    return steps


def deviation(values: Sequence[float]) -> float:
    """The standard deviation, with n - 1 in the denominator.

    Raises:
        MiniditError: fewer than two values, or a value that is no finite number.
    """
    return _moments(values)[1]


def detectable(spread: float, n: int, level: float = 1 - ALPHA) -> float:
    """The smallest effect that n paired differences of standard deviation `spread` can tell from none.

    It is half the width of the interval, t(level, n - 1) spread / sqrt(n), in the unit of `spread`: a mean
    this far beyond the bar is just decided. A true effect of this size is seen in half of all trials.

    Raises:
        MiniditError: fewer than two pairs, a negative spread, a level outside 0 to 1.
    """
    if n < 2:
        raise MiniditError(f"A spread needs at least 2 values; there are {n}. Run more seeds.")
    if not 0 <= spread < math.inf:
        raise MiniditError(f"A spread is a finite number, 0 or more; it is {spread}.")
    if not 0 < level < 1:
        raise MiniditError(f"The level of an interval lies between 0 and 1, such as 0.95; it is {level}.")
    return float(stats.t.ppf(0.5 + level / 2, n - 1)) * spread / math.sqrt(n)


def seeds_needed(spread: float, gap: float, level: float = 1 - ALPHA, most: int = 200) -> int | None:
    """The fewest pairs whose interval would be narrower than `gap`, the distance of an effect from the bar.

    spread: the standard deviation of the paired differences. None where more than `most` would be needed.
    """
    counts = range(3, most + 1)
    return next((n for n in counts if detectable(spread, n, level) < abs(gap)), None)


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1)."""
    if len(values) < 2:
        raise MiniditError(f"A spread needs at least 2 values; there are {len(values)}. Run more seeds.")
    if not all(math.isfinite(value) for value in values):
        raise MiniditError(f"Statistics need finite numbers; these are {list(values)}.")
    if min(values) == max(values):
        return float(values[0]), 0.0  # their sum, divided again, may be rounded
    return fmean(values), stdev(values)


def _t(values: Sequence[float], bar: float) -> float:
    """Student's t of the mean beside `bar`; infinite where the values have no spread."""
    mean, spread = _moments(values)
    away = mean - bar
    if spread == 0:
        return math.copysign(math.inf, away) if away else 0.0
    return away * math.sqrt(len(values)) / spread


def _tail(t: float, n: int) -> float:
    """The probability of a t at least this high, for n values."""
    return float(stats.t.sf(t, n - 1))
