"""Checks of chapter 14: a law with a floor, and what it says of one run that is not yet made."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from minidit.teach.checks.ch14 import apart, computes
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same

Law = tuple[float, float, float]  # floor, a, b
Solve = Callable[[NDArray, NDArray], NDArray]


def _both(columns: NDArray, target: NDArray) -> NDArray:
    return nnls(columns, target)[0]


def _no_floor(columns: NDArray, target: NDArray) -> NDArray:
    a = (columns[:, 1] @ target) / (columns[:, 1] @ columns[:, 1])
    return np.array([0.0, a])


def _free(columns: NDArray, target: NDArray) -> NDArray:
    return np.linalg.lstsq(columns, target, rcond=None)[0]


def _clamped(columns: NDArray, target: NDArray) -> NDArray:
    return _free(columns, target).clip(min=0)


def _thrown_away(columns: NDArray, target: NDArray) -> NDArray:
    found = _free(columns, target)
    return found if found.min() >= 0 else np.full(2, np.inf)  # so far off that any other b is better


def law_of(
    c: Tensor,
    e: Tensor,
    exponents: Tensor,
    solve: Solve = _both,
    weigh: bool = True,
    unit: float | None = None,
) -> Law:
    """(floor, a, b) with the least sum of squares, relative to the error unless `weigh` is False."""
    c, e = c.numpy(), e.numpy()
    unit = float(np.exp(np.log(c).mean())) if unit is None else unit
    scale = e if weigh else np.ones_like(e)
    found = []
    for b in exponents.tolist():
        columns = np.stack([np.ones_like(c), (c / unit) ** -b], 1) / scale[:, None]  # (sizes, 2)
        floor, a = solve(columns, e / scale)
        miss = columns @ np.array([floor, a]) - e / scale
        found.append((float(miss @ miss), (float(floor), float(a), b)))
    return min(found)[1]


def _by_line(c: Tensor, e: Tensor) -> Law:
    """The straight line through the logarithms, whose slope need not be among the exponents."""
    x, y = np.log(c.numpy()), np.log(e.numpy())
    slope, height = np.polyfit(x - x.mean(), y, 1)
    return 0.0, float(np.exp(height)), float(-slope)


def _law_mistakes(c: Tensor, e: Tensor, exponents: Tensor) -> dict[str, Any]:
    given = c, e, exponents
    right = law_of(*given)
    laws = {
        "That is a line without a floor: fit the floor too.": OneOf(
            (law_of(*given, _no_floor), _by_line(c, e))
        ),
        "The floor came out below 0, and no error does: floor and a are 0 or more.": law_of(*given, _free),
        "A floor below 0 was set to 0 afterwards; with the floor at 0 another a and b fit best.": law_of(
            *given, _clamped
        ),
        "Laws whose free floor is below 0 were thrown away; hold the floor at 0 and keep that b.": law_of(
            *given, _thrown_away
        ),
        "That is fitted to absolute misses: there the largest error decides nearly alone. Divide each miss "
        "by the error.": OneOf((law_of(*given, weigh=False), law_of(*given, _free, weigh=False))),
        "Compute was not divided by its unit, the geometric mean.": law_of(*given, unit=1.0),
        "The unit is the geometric mean of the computes, not the arithmetic.": law_of(
            *given, unit=float(c.mean())
        ),
        "b is turned: the law has C to the power of -b.": (*right[:2], -right[2]),
        "The order is floor, a, b.": (right[1], right[0], right[2]),
    }
    return {words: value for words, value in laws.items() if not same(_first(value), right, 1e-9)}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, OneOf) else value


def _bent(sign: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Compute, error and exponents; sign -1: errors for which a free floor would be negative."""
    exponents = torch.linspace(0.1, 1.6, 16).double()
    while True:
        c = computes(6, draw)
        u = c / c.log().mean().exp()
        chance = 1 + 0.06 * torch.randn(6, generator=draw).double()
        planted = 20 + 30 * u**-0.7 if sign > 0 else 75 - 25 * u**0.35
        e = (planted * chance).mul(10).round() / 10
        if e.min() < 2:
            continue
        right, free = law_of(c, e, exponents), law_of(c, e, exponents, _free)
        bent = right[0] > 2 and 0.1 < right[2] < 1.6 if sign > 0 else right[0] == 0 and free[0] < -2
        if bent and right[1] > 1 and apart([right, *_law_mistakes(c, e, exponents).values()]):
            yield c, e, exponents


@exercise(
    "14.3",
    "a law with a floor",
    hints=(
        "Where b is given, floor and a are found by a linear least squares of two unknowns. Try every b that "
        "is given, and keep the best.",
        "Divide each row, and its target, by the error: then misses are relative, and all targets are 1. "
        "What keeps both unknowns from falling below 0?",
        "u = compute / compute.log().mean().exp(); for each b: nnls(stack([1, u**-b], 1) / error, ones) "
        "gives (floor, a) and the root of the sum of squares; return the three of the smallest",
    ),
)
def law(answer: Callable, draw: torch.Generator) -> None:
    """law(compute, error, exponents) -> (floor, a, b) of the smallest relative squares, none below 0."""
    for sign in (1, -1):
        c, e, exponents = next(_bent(sign, draw))
        got = answer(c.clone(), e.clone(), exponents.clone())
        got = tuple(float(x) for x in got) if isinstance(got, Tensor | list | tuple) else got
        given = {"compute": c, "error": e, "exponents": exponents}
        expect(got, law_of(c, e, exponents), given, _law_mistakes(c, e, exponents), tolerance=1e-3)


def _ends(values: Tensor, low: float = 0.025, high: float = 0.975) -> tuple[Tensor, Tensor]:
    return values.quantile(low), values.quantile(high)


def _run_mistakes(laws: Tensor, unit: float, at: float, spread: float, z: Tensor) -> dict[str, Any]:
    floor, a, b = laws.T
    u = at / unit
    mean, run = floor + a * u**-b, 1 + spread * z
    low, high = _ends(mean * run)
    steep = -b * a / (floor + a)  # d log(error) / d log(compute) at the unit
    last = (floor + a) * u**steep
    return {
        "That is the interval of the law, of the mean over many runs: one run has chance of its own.": _ends(
            mean
        ),
        "Compute was not divided by the unit of the laws.": _ends((floor + a * at**-b) * run),
        "You went on with the slope that the curve has where it was fitted; towards a floor it fades.": (
            OneOf((_ends(last * run), _ends(last)))
        ),
        "The floor is forgotten.": OneOf((_ends(a * u**-b * run), _ends(a * u**-b))),
        "The sign of b is turned: a larger network has the smaller error.": _ends((floor + a * u**b) * run),
        "The spread is handed in; it is not 0.08 every time.": _ends(mean * (1 + 0.08 * z)),
        "The spread is a part of the error: multiply it by the law's value.": _ends(mean + spread * z),
        "That holds 90 %: 2.5 % lie beyond each end.": _ends(mean * run, 0.05, 0.95),
        "The ends are exchanged: the lower one comes first.": (high, low),
        "Chance alone: the laws differ from round to round as well.": _ends(mean.mean() * run),
    }


def _rounds(draw: torch.Generator) -> Iterator[tuple[Tensor, float, float, float, Tensor]]:
    while True:
        shape = torch.rand(41, 3, generator=draw).double()
        laws = torch.tensor([12.0, 30.0, 0.4]) + torch.tensor([8.0, 4.0, 0.3]) * shape
        unit = float(computes(1, draw)) * 4
        at = unit * float(6 + 10 * torch.rand((), generator=draw))
        spread, z = whole(2, 15, draw) / 100, torch.randn(41, generator=draw).double()
        right = _ends((laws[:, 0] + laws[:, 1] * (at / unit) ** -laws[:, 2]) * (1 + spread * z))
        if apart([right, *_run_mistakes(laws, unit, at, spread, z).values()]):
            yield laws, unit, at, spread, z


@exercise(
    "14.6",
    "foretell one run",
    hints=(
        "Each round has a law of its own. What does each say of the larger network, before any chance of "
        "the run itself?",
        "A law speaks of the mean over many runs. One run lies beside it, by a share of that mean: multiply "
        "by 1 + spread * z, one z for each round.",
        "floor, a, b = laws.T; runs = (floor + a * (at / unit) ** -b) * (1 + spread * z); return "
        "runs.quantile(0.025), runs.quantile(0.975)",
    ),
)
def one_run(answer: Callable, draw: torch.Generator) -> None:
    """foretell(laws, unit, at, spread, z) -> the middle 95 % of where one run may come out."""
    for _ in range(2):
        laws, unit, at, spread, z = next(_rounds(draw))
        got = answer(laws.clone(), unit, at, spread, z.clone())
        got = tuple(got) if isinstance(got, Tensor | list) else got
        right = _ends((laws[:, 0] + laws[:, 1] * (at / unit) ** -laws[:, 2]) * (1 + spread * z))
        given = {"laws": laws, "unit": unit, "at": at, "spread": spread, "z": z}
        expect(got, right, given, _run_mistakes(laws, unit, at, spread, z))
