"""Checks of chapter 12: samplers counted alike, and what several metrics decide."""

import math
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import torch
from scipy import stats
from torch import Tensor

from minidit.claims.statistics import holm
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect

SAMPLERS = ("euler", "euler-maruyama", "heun", "mended heun")
ALPHA = 0.05  # of most cases


def most_steps(sampler: str, budget: int, guided: bool) -> int:
    """The most steps that `budget` evaluations of the network pay for."""
    questions = budget // 2 if guided else budget
    return {"heun": questions // 2, "mended heun": (questions + 1) // 2}.get(sampler, questions)


def _count_mistakes(sampler: str, budget: int, guided: bool) -> dict[str, int | OneOf]:
    """What wrong counts give, where they differ from the right one."""
    right, asked = most_steps(sampler, budget, guided), budget // 2 if guided else budget
    mistakes: dict[str, int | OneOf] = {}
    if sampler == "heun":
        mistakes["Heun's method asks twice in a step."] = asked
        mistakes["That is mended Heun: the plain one asks twice in its last step too."] = (asked + 1) // 2
    elif sampler == "mended heun":
        mistakes["Mended Heun asks once in its last step: n steps are 2 n - 1 questions."] = asked // 2
        mistakes["Mended Heun asks twice in a step, but for the last."] = asked
        words = "With an even number of questions one is left over: n steps are 2 n - 1, so round down."
        mistakes[words] = asked // 2 + 1
    elif sampler == "euler-maruyama":
        words = "The score is read from the velocity: an SDE's step asks once, like the ODE's."
        mistakes[words] = asked // 2
    if guided:
        words = "With guidance each question is asked twice, with the label and without."
        mistakes[words] = most_steps(sampler, budget, False)
        if budget % 2:
            mistakes["Half a question cannot be asked: round down."] = OneOf(
                [most_steps(sampler, budget + 1, True), budget / 2]
            )
    words = "That is one off: n steps have n + 1 times, and the network is asked at the start of each step."
    mistakes[words] = OneOf([right - 1, right + 1])
    return {words: value for words, value in mistakes.items() if value != right}


@exercise(
    "12.5",
    "equal evaluations",
    hints=(
        "Count questions first: how many does a step of this sampler ask? Then what a question costs.",
        "Euler and Euler-Maruyama ask once in a step, Heun twice, mended Heun twice but for its last step: "
        "2 n - 1. With guidance each question costs two evaluations. Round down.",
        "questions = budget // 2 if guided else budget; return {'heun': questions // 2, 'mended heun': "
        "(questions + 1) // 2}.get(sampler, questions)",
    ),
)
def evaluations(answer: Callable, draw: torch.Generator) -> None:
    """steps(sampler, budget, guided) -> the most steps that so many evaluations pay for."""
    # odd or even, and odd or even in half: one of these four shows a wrong rounding, whichever way it goes
    for left, guided, sampler in product((3, 0, 1, 2), (False, True), SAMPLERS):
        budget = 4 * whole(4, 12, draw) + left
        given = {"sampler": sampler, "budget": budget, "guided": guided}
        mistakes = _count_mistakes(sampler, budget, guided)
        expect(answer(sampler, budget, guided), most_steps(sampler, budget, guided), given, mistakes)


Rule = Callable[[list[float], int], list[bool]]


def two_sided(t: list[float], freedom: float) -> list[float]:
    """Two-sided p-values of Student's t."""
    return [2 * float(stats.t.sf(abs(one), freedom)) for one in t]


def by_rank(p: list[float], passes: Callable[[int, float], bool]) -> list[bool]:
    """Whether each p passes, told its rank from 0."""
    order = sorted(range(len(p)), key=p.__getitem__)
    return [passes(order.index(place), one) for place, one in enumerate(p)]


def decided(p: list[float], alpha: float = ALPHA) -> list[bool]:
    """Holm's answer for each, in the order of p."""
    return [step.decisive for step in holm(p, alpha)]


def _of_p(rule: Callable[[list[float]], list[bool]]) -> Rule:
    return lambda t, seeds: rule(two_sided(t, seeds - 1))


def _benjamini(p: list[float]) -> list[bool]:
    good = [one for k, one in enumerate(sorted(p), start=1) if one < k * ALPHA / len(p)]
    return [one <= max(good, default=-1.0) for one in p]


def _positive(t: list[float], seeds: int) -> list[bool]:
    return decided([float(stats.t.sf(one, seeds - 1)) for one in t])


class Case(NamedTuple):
    """Small p-values among several, the sign of the smallest, and the wrong rules that show there."""

    seeds: int
    small: tuple[float, ...]
    wrong: dict[str, Rule]
    sign: int = 1
    count: int = 9
    alpha: float = ALPHA


UNCORRECTED = (
    "Each was tried at 5 % by itself: nine metrics pass by chance, one or more, in every third trial."
)
BEST = "The smallest p was taken, at 5 %: that is the best of nine, uncorrected."
SMALLEST = "Only the smallest p was decided; the others have a level too."
BONFERRONI = "All were tried at alpha / m: that is Bonferroni. The second smallest has alpha / (m - 1)."
SIGNED = "Only positive t were counted; an effect against the claim is decided too."
SHARE = "That is Benjamini and Hochberg's, which holds the share of false ones, not the chance of any."
ONE_SIDED = "These p are one-sided: who looks at both signs has twice the chance."
NORMAL = "The normal distribution is too narrow for so few seeds: take Student's."
FREEDOM = "Paired differences of n seeds have n - 1 degrees of freedom."
GOES_ON = "After the first that fails none is decided any more: Holm stops there."
FIXED_COUNT = "There are not nine metrics every time: m is the length of t."
FIXED_ALPHA = "alpha is handed in, and it is not 0.05 every time."

# in this order each wrong rule meets first the case in which it differs from all others
CASES = (
    Case(4, (0.004, 0.06), {NORMAL: lambda t, n: decided([math.erfc(abs(x) / math.sqrt(2)) for x in t])}),
    Case(
        7,
        (0.02, 0.03),
        {
            UNCORRECTED: _of_p(lambda p: [x < ALPHA for x in p]),
            BEST: _of_p(lambda p: by_rank(p, lambda k, x: k == 0 and x < ALPHA)),
        },
    ),
    Case(
        7,
        (0.001, 0.003, 0.0066),
        {
            SMALLEST: _of_p(lambda p: by_rank(p, lambda k, x: k == 0)),
            BONFERRONI: _of_p(lambda p: [x < ALPHA / len(p) for x in p]),
        },
    ),
    Case(
        7,
        (0.001, 0.003),
        {SIGNED: _positive},
        sign=-1,
    ),
    Case(7, (0.004, 0.014, 0.016), {SHARE: _of_p(_benjamini)}),
    Case(7, (0.004, 0.0105), {ONE_SIDED: lambda t, n: decided([p / 2 for p in two_sided(t, n - 1)])}),
    Case(4, (0.004, 0.0095), {FREEDOM: lambda t, n: decided(two_sided(t, n))}),
    Case(
        6,
        (0.002, 0.0066, 0.00675),
        {GOES_ON: _of_p(lambda p: by_rank(p, lambda k, x: x < ALPHA / (len(p) - k)))},
    ),
    Case(7, (0.007,), {FIXED_COUNT: _of_p(lambda p: by_rank(p, lambda k, x: x < ALPHA / (9 - k)))}, count=6),
    Case(6, (0.0007, 0.003), {FIXED_ALPHA: _of_p(decided)}, count=12, alpha=0.01),
)


def metrics(case: Case, draw: torch.Generator) -> list[float]:
    """Several t in random order: those of the case's p-values, and others that decide nothing."""
    large = (0.3 + 0.6 * torch.rand(case.count - len(case.small), generator=draw)).tolist()
    t = [float(stats.t.isf(p / 2, case.seeds - 1)) for p in (*case.small, *large)]
    t[0] *= case.sign
    t[-1] *= -1
    return [t[place] for place in torch.randperm(case.count, generator=draw).tolist()]


@exercise(
    "12.6",
    "decide with Holm",
    hints=(
        "First p-values: two-sided, by Student's t with seeds - 1 degrees of freedom. Then go from the "
        "smallest p upwards. At which level is each tried?",
        "The k-th smallest of m, from 0, is tried at alpha / (m - k). When one fails, it and all larger ones "
        "stay undecided. Give the answers in the order of t, not of p.",
        "p = [2 * stats.t.sf(abs(x), seeds - 1) for x in t]; answers, going = [False] * len(p), True; for k, "
        "i in enumerate(sorted(range(len(p)), key=p.__getitem__)): going = going and p[i] < alpha / "
        "(len(p) - k); answers[i] = going",
    ),
)
def holm_decides(answer: Callable, draw: torch.Generator) -> None:
    """decide(t, seeds, alpha) -> for each metric whether its difference is decided, by Holm's procedure."""
    for case in CASES:
        t = metrics(case, draw)
        got = answer(list(t), case.seeds, case.alpha)
        if isinstance(got, Tensor):
            got = got.tolist()
        if not isinstance(got, list | tuple) or len(got) != len(t):
            raise CheckFailed(f"not right yet: {len(t)} answers were asked, a list of True and False.")
        right = decided(two_sided(t, case.seeds - 1), case.alpha)
        mistakes = {words: rule(t, case.seeds) for words, rule in case.wrong.items()}
        given = {"t": [round(one, 2) for one in t], "seeds": case.seeds, "alpha": case.alpha}
        expect([bool(one) for one in got], right, given, mistakes)
