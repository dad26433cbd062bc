"""Checks of chapter 14: the floor of a task that is known, and a rule for levelling off."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart, computes, line
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


def hidden(s: Tensor, t: Tensor) -> Tensor:
    """Variance of the velocity given x_t, for data normal with deviations s (d,): (times, d)."""
    t = t[:, None]  # (times,) -> (times, 1)
    return s**2 / (t**2 * s**2 + (1 - t) ** 2)


def _floor_mistakes(s: Tensor, t: Tensor) -> dict[str, Any]:
    var = hidden(s, t)
    data = var * (1 - t[:, None]) ** 2
    return {
        "A floor of 0 is that of one training image known by heart; the task's own is what x_t hides of "
        "fresh images.": 0.0,
        "That is the variance of the data given x_t. The noise is not known either.": (data.mean()),
        "That is the variance of the noise given x_t; the velocity is data minus noise.": (
            s**2 * t[:, None] ** 2 / (t[:, None] ** 2 * s**2 + (1 - t[:, None]) ** 2)
        ).mean(),
        "One factor 1 - t is missing: a variance takes it twice.": (var * (1 - t[:, None])).mean(),
        "That is the variance of the velocity before x_t is seen.": (s**2 + 1).mean(),
        "That is the floor at the mean time; the mean of the floors over the times was asked.": hidden(
            s, t.mean()[None]
        ).mean(),
        "That is the floor for a mean deviation; each number has its own floor, and their mean was asked.": (
            OneOf((hidden(s.mean()[None], t).mean(), hidden(s.square().mean().sqrt()[None], t).mean()))
        ),
        "That is a deviation; the error is a mean square.": OneOf((var.sqrt().mean(), var.mean().sqrt())),
        "That is the sum over the numbers of an image; the error is a mean over them.": var.mean(0).sum(),
        "That is the sum over the times; the mean was asked.": var.sum(0).mean(),
        "Signal and noise are exchanged: t is the part of the data, 1 - t that of the noise.": hidden(
            s, 1 - t
        ).mean(),
        "s is a deviation: its square is the variance.": hidden(s.sqrt(), t).mean(),
    }


def _tasks(draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        s = torch.randint(2, 30, (whole(3, 5, draw),), generator=draw).double() / 10
        t = torch.randint(5, 96, (whole(3, 6, draw),), generator=draw).double() / 100
        if len(set(s.tolist())) > 2 and apart([hidden(s, t).mean(), *_floor_mistakes(s, t).values()]):
            yield s, t


@exercise(
    "14.5",
    "the floor of a task",
    hints=(
        "Given x_t, the velocity is (x_1 - x_t) / (1 - t): what is not known of it "
        "is what is not known of x_1.",
        "x_t = t x_1 + (1 - t) noise. For normal data the variance of x_1 given x_t is s^2 (1 - t)^2 / "
        "(t^2 s^2 + (1 - t)^2). By what must it be divided? Then a mean over times and numbers.",
        "t = times[:, None]; return (s**2 / (t**2 * s**2 + (1 - t)**2)).mean()",
    ),
)
def floor(answer: Callable, draw: torch.Generator) -> None:
    """floor(s, times) -> the least mean squared error that any network can have."""
    for _ in range(2):
        s, t = next(_tasks(draw))
        expect(answer(s.clone(), t.clone()), hidden(s, t).mean(), {"s": s, "times": t}, _floor_mistakes(s, t))


def left(c: Tensor, e: Tensor, low: Tensor | float, middle: int | None = None) -> Tensor:
    """The upper half's slope as a part of the lower half's, of what is above `low`, in logarithms."""
    x, y, middle = c.log(), (e - low).log(), len(c) // 2 if middle is None else middle
    return line(x[middle:], y[middle:]) / line(x[: middle + 1], y[: middle + 1])


def _said(value: Tensor) -> tuple[Tensor, bool]:
    return value, bool(value < 0.5)


def _level_mistakes(c: Tensor, e: Tensor, low: float) -> dict[str, Any]:
    x, y, middle = c.log(), (e - low).log(), len(c) // 2
    upper, lower = line(x[middle:], y[middle:]), line(x[: middle + 1], y[: middle + 1])
    right = _said(upper / lower)
    apart_halves = line(x[middle + 1 :], y[middle + 1 :]) / line(x[:middle], y[:middle])
    raw = line(c[middle:], e[middle:]) / line(c[: middle + 1], e[: middle + 1])
    return {
        "You took the metric's floor for the network's: first subtract what real against real gives.": (
            _said(left(c, e, 0.0))
        ),
        "The floor of the metric was added.": _said(left(c, e, -low)),
        "The halves are exchanged: the upper slope is divided by the lower.": _said(lower / upper),
        "You compared with the slope of all sizes; the lower half's was asked.": _said(upper / line(x, y)),
        "The size in the middle belongs to both halves.": _said(apart_halves),
        "That is a difference of slopes; a ratio was asked.": OneOf(
            [_said(upper - lower), _said(lower - upper)]
        ),
        "The middle is at a fixed place here; the number of sizes changes, and the middle with it.": OneOf(
            _said(left(c, e, low, place)) for place in (2, 3, 4) if place != middle and place < len(c) - 1
        ),
        "These slopes are without logarithms: a power law bends there, floor or none.": OneOf(
            [_said(raw), _said(line(c[middle:], y[middle:]) / line(c[: middle + 1], y[: middle + 1]))]
        ),
        "The rule is turned: it levels off where less than half of the slope is left.": (
            right[0],
            not right[1],
        ),
    }


def _runs(levels: bool, sizes: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Runs of so many sizes that level off, or whose metric alone does."""
    spaced = torch.linspace(0, 8, sizes).round().long()  # few sizes span as much as nine: else no floor shows
    while True:
        c = computes(9, draw)[spaced]
        low = whole(8, 15, draw) + 0.5
        own = 18.0 if levels else 0.0
        chance = (0.05 * torch.randn(sizes, generator=draw).double()).exp()
        e = low + own + 70 * (c / c[0]) ** -0.55 * chance
        e = e.mul(100).round() / 100
        value = left(c, e, low)
        clear = value < 0.45 if levels else value > 0.6 and left(c, e, 0.0) < 0.45
        if clear and apart([_said(value), *_level_mistakes(c, e, low).values()]):
            yield c, e, low


@exercise(
    "14.7",
    "does it level off?",
    hints=(
        "What would a perfect network get in this metric? Take it off first: only what is above can fall.",
        "Two lines of least squares in logarithms: sizes up to the middle one, and from the middle one on. "
        "Which slope is divided by which?",
        "x, y = compute.log(), (fid - real).log(); m = len(x) // 2; left = slope(x[m:], y[m:]) / "
        "slope(x[:m + 1], y[:m + 1]); return left, bool(left < 0.5)",
    ),
)
def levels_off(answer: Callable, draw: torch.Generator) -> None:
    """levels(compute, fid, real) -> (what is left of the slope, whether that is less than half)."""
    # two numbers of sizes: a middle at a fixed place is the middle of one at most
    numbers = 5 + 2 * torch.randperm(3, generator=draw)[:2]
    for levels, sizes in zip((True, False), numbers.tolist(), strict=True):
        c, e, low = next(_runs(levels, sizes, draw))
        got = answer(c.clone(), e.clone(), low)
        got = (got[0], bool(got[1])) if isinstance(got, tuple | list) and len(got) == 2 else got
        given = {"compute": c, "fid": e, "real": low}
        expect(got, _said(left(c, e, low)), given, _level_mistakes(c, e, low))
