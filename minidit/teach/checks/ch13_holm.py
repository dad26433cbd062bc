"""Checks of chapter 13: Holm's correction over several effects, and steps for equal time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from minidit.claims.statistics import holm as steps_down
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same

# p-values in rising order, at alpha 0.05: between them they part Holm from what is taken for it
BONFERRONI = (0.004, 0.011, 0.02, 0.045, 0.3)  # Holm decides two, Bonferroni one
STOPS = (0.004, 0.014, 0.016, 0.045, 0.3)  # the second fails, and the third would pass by itself
NONE = (0.012, 0.0122, 0.028, 0.045, 0.3)  # the first fails, the second would pass
FOUR = (0.004, 0.011, 0.015, 0.022, 0.3)  # Holm decides four; a level that is raised once decides two


def holm(p: Sequence[float], alpha: float) -> list[bool]:
    """Which of the effects are decided, in the order given."""
    return [step.decisive for step in steps_down(p, alpha)]


def _by_rank(p: Sequence[float], passes: Callable[[int, float], bool], last: bool = False) -> list[bool]:
    """Decide by rank: each alone, or, with `last`, all up to the last that passes."""
    order = sorted(range(len(p)), key=p.__getitem__)
    found = [passes(k, p[index]) for k, index in enumerate(order)]
    if last:
        count = max((k + 1 for k, one in enumerate(found) if one), default=0)
        found = [k < count for k in range(len(p))]
    return [found[order.index(index)] for index in range(len(p))]


def _down(p: Sequence[float], level: Callable[[int], float]) -> list[bool]:
    """Decide from the smallest on, the k-th (from 0) below level(k), and stop at the first that is not."""
    order = sorted(range(len(p)), key=p.__getitem__)
    count = next((k for k, index in enumerate(order) if p[index] >= level(k)), len(p))
    return [order.index(index) < count for index in range(len(p))]


def _holm_mistakes(p: Sequence[float], alpha: float) -> dict[str, Any]:
    """What is taken for Holm's correction."""
    m = len(p)
    right, smallest = holm(p, alpha), min(p)
    order = sorted(range(m), key=p.__getitem__)
    return {
        "That is no correction: each was held against alpha. Of five true nothings one in five trials would "
        "have a winner.": [one < alpha for one in p],
        "That is Bonferroni: all are held against alpha / m. Holm goes on with alpha / (m - 1) for the "
        "next.": [one < alpha / m for one in p],
        "Only the smallest is looked at, and it is held against alpha: the winner of five is not one of "
        "one.": [one == smallest < alpha for one in p],
        "You went on after one had failed. Holm stops there: all behind it stay open.": _by_rank(
            p, lambda k, one: one < alpha / (m - k)
        ),
        "That steps up: it looks from the largest p for one that passes (Hochberg). Holm steps down, and "
        "stops at the first that fails.": _by_rank(p, lambda k, one: one < alpha / (m - k), last=True),
        "That is Benjamini and Hochberg: it bounds the share of false ones among those decided, not the "
        "chance of any.": _by_rank(p, lambda k, one: one < alpha * (k + 1) / m, last=True),
        "The level was raised once: behind every effect that passes one fewer is left.": _down(
            p, lambda k: alpha / (m - min(k, 1))
        ),
        "These are in the order of their p; the order that was given was asked.": [right[i] for i in order],
        "These are the open ones; the decided ones are True.": [not one for one in right],
    }


def _families(draw: torch.Generator) -> Iterator[tuple[list[float], float]]:
    """Families of five p-values, shuffled, at alpha 0.05 or another."""
    for rising in (NONE, BONFERRONI, STOPS, FOUR):
        alpha = (0.05, 0.1, 0.02)[whole(0, 2, draw)]
        while True:
            p = [rising[k] * alpha / 0.05 for k in torch.randperm(5, generator=draw).tolist()]
            right = holm(p, alpha)
            if not any(right) or right != [right[i] for i in sorted(range(5), key=p.__getitem__)]:
                break
        yield p, alpha


@exercise(
    "13.6",
    "Holm on five effects",
    hints=(
        "Sort the p-values. The smallest of m is held against alpha / m. If it passes, m - 1 are left.",
        "What happens to those behind the first that fails? And in which order do you give the answers back?",
        "order = sorted(range(len(p)), key=p.__getitem__); decided = [False] * len(p); for k, i in "
        "enumerate(order): stop at the first with p[i] >= alpha / (len(p) - k), else decided[i] = True",
    ),
)
def holms(answer: Callable, draw: torch.Generator) -> None:
    """holm(p, alpha) -> for each p-value whether its effect is decided, in the order given."""
    for p, alpha in _families(draw):
        right, got = holm(p, alpha), answer(list(p), alpha)
        if isinstance(got, Tensor | tuple | list) and len(got) == len(p):
            got = [bool(one) for one in got]
        given = {"p": tuple(p), "alpha": alpha}
        mistakes = {w: value for w, value in _holm_mistakes(p, alpha).items() if value != right}
        expect(got, right, given, mistakes)


def steps_of(seconds: Tensor, base_steps: int) -> list[int]:
    """Steps that cost each arm as much as the base's, by the median seconds of a step; row 0 is the base."""
    typical = seconds.quantile(0.5, dim=1)
    return [max(1, round(base_steps * one.item())) for one in typical[0] / typical]


def _time_mistakes(seconds: Tensor, steps: int) -> dict[str, Any]:
    """What other rates of exchange give."""

    def by(ratio: Tensor, whole_of: Callable[[float], int] = round) -> list[int]:
        return [whole_of(steps * one) for one in ratio.tolist()]

    typical, mean, least = seconds.quantile(0.5, dim=1), seconds.mean(1), seconds.amin(1)
    return {
        "The ratio is turned: an arm whose step takes longer gets fewer steps.": by(typical / typical[0]),
        "Equal steps are not equal time.": [steps] * len(seconds),
        "That goes by means: one round on a busy machine moves them. Take medians.": by(mean[0] / mean),
        "That goes by the fastest rounds; medians were asked.": by(least[0] / least),
        "That goes by one round; take the median of all.": OneOf(
            by(seconds[0, k] / seconds[:, k]) for k in range(seconds.shape[1])
        ),
        "That is the median of the rounds' ratios; take each arm's median first.": by(
            (seconds[:1] / seconds).quantile(0.5, dim=1)
        ),
        "Rounded down; the nearest whole number was asked.": by(typical[0] / typical, int),
        "These are the steps of the whole time divided by the number of arms.": by(
            typical[0] / typical / len(seconds)
        ),
        "The base is an arm too: its steps come first.": by(typical[0] / typical)[1:],
    }


def _mistakes(seconds: Tensor, steps: int, slow: bool) -> dict[str, Any]:
    """What wrong answers give; slow: one of them leaves the slowest arm without a step."""
    typical = seconds.quantile(0.5, dim=1)
    none = [round(steps * one) for one in (typical[0] / typical).tolist()]
    words = "One arm is so slow that no step is left for it: at least 1 was asked."
    return ({words: none} if slow else {}) | _time_mistakes(seconds, steps)


def _timed(slow: bool, draw: torch.Generator) -> Iterator[tuple[Tensor, int]]:
    """Seconds of a step of three or four arms in five rounds, in which every mistake shows.

    slow: whether one arm takes 2000 times as long, and has less than half a step's time.
    """
    times = torch.tensor([1.0, 2000.0 if slow else 1.3, 1.7, 4.0])
    while True:
        arms = whole(3, 4, draw)
        seconds = torch.randint(40, 60, (arms, 1), generator=draw) * times[:arms, None]
        seconds = (seconds + torch.randint(-6, 7, (arms, 5), generator=draw)).double()
        seconds[torch.arange(arms), torch.randint(5, (arms,), generator=draw)] *= 3  # it was busy
        steps = 100 * whole(4, 12, draw)
        kinds = [[steps_of(seconds / 1000, steps)]]
        wrong = _mistakes(seconds / 1000, steps, slow).values()
        kinds += [list(value) if isinstance(value, OneOf) else [value] for value in wrong]
        if all(not same(a, b, 1e-9) for x, z in combinations(kinds, 2) for a in x for b in z):
            yield seconds / 1000, steps


@exercise(
    "13.7",
    "steps for equal time",
    hints=(
        "The base's time is its steps times its seconds a step. How many steps of an arm fit into that?",
        "Which of the two stands below? An arm that takes twice as long gets half of the steps. And one "
        "round of each arm was disturbed: which middle does not mind?",
        "typical = seconds.quantile(0.5, dim=1); return [max(1, round(base_steps * (typical[0] / "
        "one).item())) for one in typical]",
    ),
)
def equal_time(answer: Callable, draw: torch.Generator) -> None:
    """steps(seconds, base_steps) -> for each arm the number of steps that costs what the base costs."""
    for slow in (False, True):
        seconds, steps = next(_timed(slow, draw))
        got = answer(seconds.clone(), steps)
        if isinstance(got, Tensor | tuple):
            got = [one.item() if isinstance(one, Tensor) else one for one in got]
        given = {"seconds": seconds, "base_steps": steps}
        expect(got, steps_of(seconds, steps), given, _mistakes(seconds, steps, slow), tolerance=1e-9)
