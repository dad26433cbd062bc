"""Checks of chapter 9, its end: learning-rate curves read with care, and a test of a block."""

from collections.abc import Callable
from statistics import fmean

import torch
from torch import Tensor

from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect
from minidit.teach.mutants import try_test

RATES = (0.001, 0.003, 0.01, 0.03)
Errors = dict[tuple[str, float, int], float]


def course(best: int, draw: torch.Generator, twin: int | None = None) -> tuple[Errors, Errors]:
    """Errors of tuning seeds 0, 1 and of deciding seeds 2, 3, 4 of one arm, keyed by rate index and seed.

    By the mean of the tuning seeds rate `best` is best. One lucky tuning seed prefers another, and so do
    the deciding seeds. With `twin`, that rate's mean is exactly as good, its seeds exchanged.
    """
    lucky, late = (best + 2) % 4, (best + 1) % 4
    luck = torch.rand(4, 5, generator=draw)
    level = 0.4 + 0.3 * torch.rand((), generator=draw).item()
    tuning, deciding = {}, {}
    for i in range(4):
        for seed in (0, 1):
            shift = {0: -0.5, 1: 0.9}[seed] if i == lucky else 0.0
            far = 0.15 * min(abs(i - best), 2)
            tuning[i, seed] = round(level + far + shift + 0.02 * luck[i, seed].item(), 3)
        for seed in (2, 3, 4):
            scale = {2: 1.0, 3: 1.9, 4: 0.6}[seed]
            gain = -0.12 if i == late else 0.1 * abs(i - best)
            deciding[i, seed] = round(scale * (level + gain + 0.15 * luck[i, seed].item()), 3)
    if twin is not None:
        tuning[twin, 0], tuning[twin, 1] = tuning[best, 1], tuning[best, 0]
    return tuning, deciding


def _best(errors: dict, seeds: tuple[int, ...], rule: Callable = fmean) -> int:
    return min(range(4), key=lambda i: rule([errors[i, seed] for seed in seeds]))


def _percent(arm: dict, base: dict, i: int, k: int, seeds: tuple[int, ...] = (2, 3, 4)) -> float:
    return fmean(100 * (arm[i, seed] / base[k, seed] - 1) for seed in seeds)


def _choices(base: tuple, arm: tuple) -> dict[str, object]:
    """What it gives to choose the rates in another way; `base` and `arm` are their two kinds of errors."""
    (base_tuning, base_deciding), (arm_tuning, arm_deciding) = base, arm
    k, i = _best(base_tuning, (0, 1)), _best(arm_tuning, (0, 1))

    def at(i: int, k: int) -> tuple[float, bool]:
        return _percent(arm_deciding, base_deciding, i, k), bool({i, k} & {0, 3})

    tuned = [fmean([arm_tuning[j, seed] for seed in (0, 1)]) for j in range(4)]
    last = max(j for j in range(4) if tuned[j] == tuned[i])
    return {
        "You chose the rates on the seeds that decide: a lucky seed then looks like a good rate.": at(
            _best(arm_deciding, (2, 3, 4)), _best(base_deciding, (2, 3, 4))
        ),
        "Two rates tie by their mean: take the smaller one.": at(last, k) if last != i else OneOf(),
        "Each arm has its own best rate: you ran both at one arm's.": OneOf([at(k, k), at(i, i)]),
        "One lucky tuning seed chose the rate: take the mean over the tuning seeds.": at(
            _best(arm_tuning, (0, 1), min), _best(base_tuning, (0, 1), min)
        ),
    }


def _comparisons(base: tuple, arm: tuple, right: tuple[float, bool]) -> dict[str, object]:
    """What it gives to compare in another way, at the right rates."""
    (base_tuning, base_deciding), (arm_tuning, arm_deciding) = base, arm
    k, i = _best(base_tuning, (0, 1)), _best(arm_tuning, (0, 1))
    pairs = [(arm_deciding[i, seed], base_deciding[k, seed]) for seed in (2, 3, 4)]
    means = fmean(a for a, _ in pairs) / fmean(b for _, b in pairs)
    swapped = fmean(100 * (b / a - 1) for a, b in pairs)
    every = fmean(_percent(arm_deciding, base_deciding, j, j) for j in range(4))
    chose = _percent(arm_tuning, base_tuning, i, k, (0, 1))
    return {
        "You compared on the tuning seeds: they have chosen the rates, and flatter them.": (chose, right[1]),
        "Seed by seed first, then the mean: you divided two means.": (100 * (means - 1), right[1]),
        "In percent of the base's error, and above 0 where the arm is worse.": OneOf(
            [(swapped, right[1]), (-right[0], right[1]), (-swapped, right[1])]
        ),
        "That is a mean over all rates; nobody would train at most of them.": OneOf(
            [(every, right[1]), (every, True), (every, False)]
        ),
        "A fraction; percent was asked.": (right[0] / 100, right[1]),
        "An edge is at either end of the grid, and either arm may stand there.": (right[0], not right[1]),
    }


def _named(name: str, errors: dict) -> Errors:
    """Errors by rate index and seed -> by arm, rate and seed."""
    return {(name, RATES[i], seed): error for (i, seed), error in errors.items()}


def _told(errors: dict) -> str:
    """The errors of an arm, a rate after the other, as a person reads them."""
    rows = [(rate, [e for (at, _), e in errors.items() if at == i]) for i, rate in enumerate(RATES)]
    return "; ".join(f"{rate:g}: " + " ".join(f"{error:.3f}" for error in own) for rate, own in rows)


@exercise(
    "9.6",
    "read learning-rate curves honestly",
    hints=(
        "Choose a rate for each arm; compare seed by seed; say whether a choice stands at an edge.",
        "A rate is chosen by the mean of the tuning seeds, for each arm apart; of two that tie, the "
        "smaller. The deciding seeds are looked "
        "at afterwards, at these two rates alone. The difference of a seed is in percent of the base's error "
        "with the same seed; the mean comes last.",
        "best = {a: min(rates, key=lambda r: mean(tuning[a, r, s] over seeds s))}; mean over deciding seeds "
        "of 100 * (deciding[arm, best[arm], s] / deciding[base, best[base], s] - 1); "
        "edge = any of both best in (min(rates), max(rates))",
    ),
)
def honest(answer: Callable, draw: torch.Generator) -> None:
    """honest(tuning, deciding, arm, base) -> the fair difference in percent, and "is a rate at an edge"."""
    for arm_best, base_best, twin in ((2, 1, None), (0, 2, None), (1, 3, None), (1, 2, None), (1, 3, 2)):
        base, arm = course(base_best, draw), course(arm_best, draw, twin)
        tuning, deciding = ({**_named("post", arm[k]), **_named("pre", base[k])} for k in (0, 1))
        right = _percent(arm[1], base[1], arm_best, base_best), bool({arm_best, base_best} & {0, 3})
        given = {
            f"{word} {name}": _told(errors)
            for name, parts in (("post", arm), ("pre", base))
            for word, errors in zip(("tuning", "deciding"), parts, strict=True)
        } | {"arm": "post", "base": "pre"}
        got = answer(dict(tuning), dict(deciding), "post", "pre")
        mistakes = _choices(base, arm) | _comparisons(base, arm, right)
        expect(got, right, given, mistakes, tolerance=1e-5)


def _right(x: Tensor, f: Callable, norm: Callable, gate: Tensor) -> Tensor:
    return x + gate * f(norm(x))


_MUTANTS: dict[str, Callable] = {
    "the norm stands behind the sum": lambda x, f, norm, gate: norm(x + gate * f(x)),
    "the gate is forgotten": lambda x, f, norm, gate: x + f(norm(x)),
    "the stream begins behind the norm": lambda x, f, norm, gate: norm(x) + gate * f(norm(x)),
    "there is no norm": lambda x, f, norm, gate: x + gate * f(x),
    "a second norm stands behind the branch": lambda x, f, norm, gate: x + gate * norm(f(norm(x))),
    "the gate stands before the branch": lambda x, f, norm, gate: x + f(gate * norm(x)),
}


@exercise(
    "9.7",
    "write the test: pre-norm with a gate",
    hints=(
        "What a gate of zero does, and what doubling does, can be asked without knowing the formula. They "
        "are not enough: some wrong ones pass both. What else can you compare with?",
        "Choose x that is not normed yet, a gate of several different numbers, and an f that is not linear, "
        "such as y**2 + 1. Then write the sum out by hand and compare.",
        "x = 3 + 2 * torch.randn(2, 5, 8); gate = torch.rand(8); f = lambda y: y**2 + 1; n = a norm by hand; "
        "assert torch.allclose(place(x, f, n, gate), x + gate * f(n(x)), atol=1e-4)",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(place) passes for pre-norm with a gate, and raises AssertionError for each wrong one."""
    try_test(answer, _right, _MUTANTS, draw)
