"""What a few differences can say, against closed forms, other implementations and many trials."""

import itertools

import numpy as np
import pytest
from scipy import stats

from minidit import MiniditError
from minidit.claims.statistics import (
    Step,
    detectable,
    deviation,
    holm,
    interval,
    p_value,
    same_p_value,
    seeds_needed,
)

VALUES = [1.2, 0.4, 2.0, 1.1, 0.9]


def draws(trials, n, seed, mean=0.0):
    return (mean + np.random.default_rng(seed).standard_normal((trials, n))).tolist()


def within(count, trials, rate):
    """Is a count as a rate would give, to four standard deviations?"""
    return abs(count / trials - rate) < 4 * (rate * (1 - rate) / trials) ** 0.5


def test_so_many_seeds_are_needed_and_not_one_fewer():
    for gap in (0.4, 1.0, -2.5):
        n = seeds_needed(1.0, gap, 0.95)
        assert detectable(1.0, n, 0.95) < abs(gap) <= detectable(1.0, n - 1, 0.95)
    assert seeds_needed(1.0, 0.01) is None


def test_an_interval_by_hand():
    """1, 2, 3: mean 2, deviation 1 (n - 1), and t(0.975, 2) = 4.302653 from any table."""
    mean, low, high = interval([1.0, 2.0, 3.0])
    assert mean == 2
    assert high - 2 == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert 2 - low == pytest.approx(high - 2)
    assert deviation([1.0, 2.0, 3.0]) == pytest.approx(1)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_an_interval_is_scipys(level):
    own = stats.t.interval(level, len(VALUES) - 1, np.mean(VALUES), stats.sem(VALUES))
    assert interval(VALUES, level)[1:] == pytest.approx(own)


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_an_interval_covers_as_often_as_it_says(n, level):
    trials = draws(4000, n, seed=n, mean=0.3)
    covered = sum(low <= 0.3 <= high for _, low, high in (interval(row, level) for row in trials))
    assert within(covered, 4000, level)
    if level == 0.95:
        assert 0.93 <= covered / 4000 <= 0.97


@pytest.mark.parametrize("bar", [-1.0, 0.0, 0.7, 5.0])
def test_a_p_value_is_scipys(bar):
    assert p_value(VALUES, bar) == pytest.approx(stats.ttest_1samp(VALUES, bar).pvalue, rel=1e-9)


def test_a_p_value_of_a_true_bar_is_uniform():
    p = [p_value(row, 0.3) for row in draws(2000, 5, seed=1, mean=0.3)]
    for level in (0.05, 0.2, 0.5):
        assert within(sum(value < level for value in p), 2000, level)


def test_a_p_value_agrees_with_its_interval():
    """p < 1 - level exactly where the interval leaves the bar out; for "same", where it holds neither bar."""
    sides = set()
    trials = draws(300, 4, seed=2, mean=0.8)
    for row, level, bar in itertools.product(trials, (0.9, 0.95, 0.98), (0.1, 2.5)):
        _, low, high = interval(row, level)
        outside = not low <= 0.4 <= high
        assert (p_value(row, 0.4) < 1 - level) == outside
        where = "in" if -bar < low and high < bar else "out" if low > bar or high < -bar else "open"
        assert (same_p_value(row, bar) < 1 - level) == (where != "open")
        sides |= {outside, where}
    assert sides == {True, False, "in", "out", "open"}, "the trials see every case"


def test_sameness_asks_for_both_sides():
    """Schuirmann's two one-sided tests by scipy; far outside, the ordinary test of the nearer bar."""
    inside = [
        stats.ttest_1samp(VALUES, 4, alternative="less"),
        stats.ttest_1samp(VALUES, -4, alternative="greater"),
    ]
    assert same_p_value(VALUES, 4) == pytest.approx(2 * max(test.pvalue for test in inside))
    assert same_p_value(VALUES, 0.1) == pytest.approx(p_value(VALUES, 0.1))
    assert same_p_value([-value for value in VALUES], 0.1) == pytest.approx(p_value(VALUES, 0.1))


def test_values_without_spread_are_decided_by_what_they_are():
    equal = [0.1 + 0.2] * 3
    assert interval(equal) == (equal[0], equal[0], equal[0])
    assert deviation(equal) == 0
    assert (p_value(equal, 0.2), p_value(equal, 0.4), p_value(equal, equal[0])) == (0, 0, 1)
    assert (same_p_value(equal, 0.4), same_p_value(equal, 0.2), same_p_value(equal, equal[0])) == (0, 0, 1)
    assert same_p_value([-0.5] * 3, 0.2) == 0
    assert p_value([7.58] * 3, 7.58) == 1, "three times 7.58, summed and divided by 3, is not 7.58 in floats"


def test_holm_by_hand():
    """0.01 < 0.05 / 4 and 0.015 < 0.05 / 3; 0.03 is not below 0.05 / 2, and 0.04 comes after it."""
    steps = holm([0.04, 0.01, 0.03, 0.015])
    assert [step.decisive for step in steps] == [False, True, False, True]
    levels = [1 - 0.05 / 2, 1 - 0.05 / 4, 1 - 0.05 / 2, 1 - 0.05 / 3]
    assert [step.level for step in steps] == pytest.approx(levels)
    assert holm([0.04]) == [Step(0.95, True)]
    assert holm([0.05]) == [Step(0.95, False)], "at the level is not below it"
    assert holm([]) == []


def closed_tests(p_values):
    """A hypothesis falls if every group it is in has a p < alpha / size (Marcus, Peritz, Gabriel 1976)."""
    everyone = range(len(p_values))
    groups = [g for size in everyone for g in itertools.combinations(everyone, size + 1)]
    falls = {group: min(p_values[i] for i in group) < 0.05 / len(group) for group in groups}
    return [all(falls[group] for group in groups if index in group) for index in everyone]


def test_holm_is_the_closed_test_of_bonferroni():
    seen = set()
    for row in (np.random.default_rng(3).uniform(0, 1, (300, 5)) ** 4).tolist():
        own = [step.decisive for step in holm(row)]
        assert own == closed_tests(row)
        seen.add(sum(own))
    assert seen == {0, 1, 2, 3, 4, 5}


def test_what_can_be_detected():
    """The half width; a true effect of that size is seen in about half of all trials."""
    assert detectable(2.0, 5) == pytest.approx(stats.t.ppf(0.975, 4) * 2 / 5**0.5)
    assert detectable(deviation(VALUES), 5, 0.99) == pytest.approx(
        interval(VALUES, 0.99).high - np.mean(VALUES)
    )
    assert detectable(0.0, 3) == 0
    effect = detectable(1.0, 5)
    seen = sum(interval(row).low > 0 for row in draws(2000, 5, seed=4, mean=effect))
    assert 0.45 < seen / 2000 < 0.65


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: interval([1.0]), "at least 2 values; there are 1"),
        (lambda: p_value([], 0), "at least 2 values; there are 0"),
        (lambda: interval([1.0, float("nan")]), "finite numbers"),
        (lambda: interval([1.0, 2.0], 95), "between 0 and 1"),
        (lambda: detectable(-1.0, 5), "0 or more"),
        (lambda: detectable(1.0, 1), "at least 2 values"),
    ],
)
def test_what_says_nothing_is_refused(call, says):
    with pytest.raises(MiniditError, match=says):
        call()
