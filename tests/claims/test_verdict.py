"""The rule on synthetic trials: what is planted is found, a null is not, what is changed is stale."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from minidit import MiniditError
from minidit.claims.effects import floor
from minidit.claims.verdict import verdict

sys.path.insert(0, str(Path(__file__).parent))  # the stand-ins stand beside their tests
from stand_ins import BASE, LOWER, METRIC, Hypothesis, arm, card, only, shift, trial


def test_a_known_effect_is_found_because_it_is_paired():
    found = only(card(), trial(LOWER))
    assert (found.name, found.word) == ("C06.a", "supported")
    assert found.mean == pytest.approx(0.2, abs=0.02) and found.high - found.low < 0.05
    assert found.differences == pytest.approx(
        {k: b - a for k, (a, b) in enumerate(zip(LOWER["norm=rms"], BASE, strict=True))}
    )
    assert (found.level, found.delta, found.floor, found.bar) == (0.95, 0, 0, 0)
    pair = stats.ttest_rel(BASE, LOWER["norm=rms"]).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(pair))
    assert stats.ttest_ind(BASE, LOWER["norm=rms"]).pvalue > 0.2, "unpaired, the same numbers say nothing"


@pytest.mark.parametrize(
    ("direction", "by", "delta", "word"),
    [
        ("lower", -0.2, 0.1, "supported"),
        ("lower", -0.2, 0.3, "refuted"),
        ("lower", -0.2, 0.2, "inconclusive"),
        ("lower", 0.2, 0.1, "refuted"),
        ("higher", 0.2, 0.1, "supported"),
        ("higher", -0.2, 0.1, "refuted"),
        ("higher", 0.2, 0.2, "inconclusive"),
        ("same", 0.2, 0.3, "supported"),
        ("same", -0.2, 0.3, "supported"),
        ("same", 0.2, 0.1, "refuted"),
        ("same", -0.2, 0.1, "refuted"),
        ("same", -0.2, 0.2, "inconclusive"),
        ("same", 0.2, 0.2, "inconclusive"),
    ],
)
def test_words(direction, by, delta, word):
    hypothesis = Hypothesis(direction=direction, delta=delta)
    found = only(card(hypothesis), trial({"base": BASE, "norm=rms": shift(BASE, by)}))
    assert found.word == word
    assert found.mean == pytest.approx(-by if direction == "lower" else by, abs=0.02)
    assert found.smallest == pytest.approx(delta + (found.high - found.low) / 2)
    assert f"{delta:.3g}" in found.reason and (f"{found.smallest:.3g}" in found.reason) == (
        word == "inconclusive"
    )


def test_the_unit_is_percent_of_than_at_each_seed():
    rows = {
        "base": BASE,
        "norm=rms": [b * c for b, c in zip(BASE, (0.9, 0.89, 0.91, 0.9, 0.88), strict=True)],
    }
    found = only(card(Hypothesis(unit="percent")), trial(rows, same=[b * 1.01 for b in BASE]))
    assert found.differences == pytest.approx({0: 10, 1: 11, 2: 9, 3: 10, 4: 12})
    assert found.floor == pytest.approx(0, abs=1e-9) and "%" in found.reason
    swapped = only(card(Hypothesis(arm="base", than="norm=rms", unit="percent")), trial(rows))
    assert swapped.word == "refuted" and swapped.differences[0] == pytest.approx(-100 / 9)
    with pytest.raises(MiniditError, match=r'above 0: give hypothesis .a. unit = "absolute"'):
        verdict(card(Hypothesis(unit="percent")), trial({"base": [0.0] * 5, "norm=rms": BASE}))


def test_the_floor_raises_the_bar():
    noise = [0.3, -0.3, 0.1, -0.2, 0.4]
    noisy = trial(LOWER, same=[b + e for b, e in zip(BASE, noise, strict=True)])
    found = only(card(Hypothesis(delta=0.01)), noisy)
    assert found.floor == pytest.approx(np.std(noise, ddof=1)) and found.bar == found.floor > 0.2
    assert found.word == "refuted" and "A/A noise; delta is 0.01" in found.reason
    assert only(card(Hypothesis(delta=0.01)), trial(LOWER)).word == "supported"
    wide = only(card(Hypothesis(delta=0.5)), noisy)
    assert wide.bar == 0.5 and wide.floor == found.floor
    percent = floor(card(), noisy, Hypothesis(unit="percent"))
    assert percent == pytest.approx(np.std(100 * np.array(noise) / BASE, ddof=1))


def test_no_spread_is_decided_by_its_value():
    """Two arms that diverged alike, or that are the same function."""
    alike = trial({"base": [1.8] * 5, "norm=rms": [1.8] * 5})
    assert only(card(Hypothesis(delta=0.1)), alike).word == "refuted"
    assert only(card(Hypothesis(direction="same", delta=0.1)), alike).word == "supported"
    assert only(card(), alike).word == "inconclusive", "exactly at the bar"
    found = only(card(), trial({"base": [1.8] * 5, "norm=rms": [1.5] * 5}))
    assert found.word == "supported" and found.low == found.mean == found.high and found.smallest == 0


def nulls(trials, arms, delta, seed):
    """Trials in which every arm lies exactly at the bar, with A/A runs that add nothing to it."""
    draw = np.random.default_rng(seed)
    for _ in range(trials):
        base = 1 + draw.standard_normal(5)
        yield {"base": base.tolist()} | {a: (base - delta + draw.standard_normal(5)).tolist() for a in arms}


@pytest.mark.parametrize("delta", [0.0, 0.5])
def test_a_null_is_not_supported(delta):
    """Of 400 trials with an effect that just does not matter, at least 95 % are not called supported."""
    words = Counter(
        only(card(Hypothesis(delta=delta)), trial(rows)).word for rows in nulls(400, ["norm=rms"], delta, 5)
    )
    assert words["supported"] <= 0.05 * 400
    assert 0.02 < (words["supported"] + words["refuted"]) / 400 < 0.08, "decided as often as 5 % says"


def test_a_card_of_nulls_decides_one_in_twenty_times_at_most():
    """Holm: the chance of any wrong word on a card of eight hypotheses, not of each."""
    names = [f"norm={name}" for name in "abcdefgh"]
    arms = {"base": arm()} | {name: arm(norm=name[-1]) for name in names}
    court = card(*(Hypothesis(id=name[-1], arm=name) for name in names))
    wrong = sum(
        any(found.word != "inconclusive" for found in verdict(court, trial(rows, arms=arms)))
        for rows in nulls(400, names, 0.0, 6)
    )
    assert wrong <= 0.08 * 400, "each by itself, they would be wrong on one card in three"


def at(p):
    """An arm below the base by so much that its two-sided p is exactly `p`; the deviation is 0.1."""
    pattern = np.array([-1.0, 1.0, 0.5, -0.5, 0.0])
    away = stats.t.isf(p / 2, 4) * 0.1 / 5**0.5
    return (np.array(BASE) - away + 0.1 * pattern / pattern.std(ddof=1)).tolist()


@pytest.mark.parametrize(
    ("p", "words", "levels"),
    [
        ((0.04, 1e-5, 0.02), "sss", (1 - 0.05, 1 - 0.05 / 3, 1 - 0.05 / 2)),
        ((0.04, 1e-5, 0.03), "isi", (1 - 0.05 / 2, 1 - 0.05 / 3, 1 - 0.05 / 2)),
        ((0.02, 0.03, 0.04), "iii", (1 - 0.05 / 3,) * 3),
    ],
)
def test_holm_sets_each_level(p, words, levels):
    names = ("norm=rms", "norm=none", "mlp=swiglu")
    court = card(*(Hypothesis(id=i, arm=name) for i, name in zip("abc", names, strict=True)))
    found = verdict(court, trial({"base": BASE} | {name: at(q) for name, q in zip(names, p, strict=True)}))
    assert [one.name for one in found] == ["C06.a", "C06.b", "C06.c"]
    assert "".join(one.word[0] for one in found) == words
    assert [one.level for one in found] == pytest.approx(levels)
    for one in found:
        half = stats.t.ppf(0.5 + one.level / 2, 4) * 0.1 / 5**0.5
        assert (one.high - one.mean, one.mean - one.low) == pytest.approx((half, half))


def test_sameness_takes_its_place_in_holms_order_by_both_its_bars():
    """A mean just at -bar is far from bar, and must not open the way for the p of 0.03 after it."""
    rows = {"base": BASE, "norm=rms": at(0.03), "norm=none": shift(BASE, -0.2)}
    open_case = Hypothesis(id="b", arm="norm=none", direction="same", delta=0.2)
    first, second = verdict(card(Hypothesis(), open_case), trial(rows))
    assert (first.word, second.word) == ("inconclusive", "inconclusive")
    assert first.level == second.level == 0.975


def test_a_card_that_changed_is_stale():
    for kind in ("paired", "measurement"):
        found = only(card(sha256="5b", kind=kind), trial(LOWER), facts={METRIC: 1.0})
        assert (
            found.word == "stale"
            and found.mean is None
            and not found.differences
            and "changed" in found.reason
        )


def test_tuning_runs_decide_nothing():
    with_them = trial(LOWER)
    without = replace(with_them, runs=tuple(run for run in with_them.runs if run.role != "tune"))
    assert len(without.runs) == len(with_them.runs) - 4
    assert verdict(card(), with_them) == verdict(card(), without)


@pytest.mark.parametrize(
    ("accuracy", "word"), [(0.79, "inconclusive"), (0.8, "supported"), (0.93, "supported")]
)
def test_quality_counts_only_where_samples_can_be_read(accuracy, word):
    """The base arm's mean decides, whatever the other arm reaches."""
    given = trial(LOWER, metric="quality.frechet")
    for run in given.runs:
        own = accuracy + 0.05 * (run.seed - 2) if run.arm == "base" and run.role == "main" else 0.5
        run.readouts["quality.accuracy"] = own
    found = only(card(Hypothesis(metric="quality.frechet")), given)
    assert found.word == word and found.mean == pytest.approx(0.2, abs=0.02)
    assert ("decides nothing" in found.reason) == (word == "inconclusive")


def test_quality_without_a_judge_is_refused():
    with pytest.raises(MiniditError, match=r"lacks quality.accuracy"):
        verdict(card(Hypothesis(metric="quality.frechet")), trial(LOWER, metric="quality.frechet"))


@pytest.mark.parametrize(
    ("direction", "number", "word"),
    [
        ("lower", 4.9, "supported"),
        ("lower", 5.0, "refuted"),
        ("higher", 5.1, "supported"),
        ("higher", 5.0, "refuted"),
        ("same", 35.0, "supported"),
        ("same", 25.0, "supported"),
        ("same", 24.9, "refuted"),
        ("same", 35.1, "refuted"),
    ],
)
def test_a_measurement_is_one_exact_number(direction, number, word):
    hypothesis = Hypothesis(metric="fact.adaln", direction=direction, arm="", delta=5.0, target=30.0)
    found = only(card(hypothesis, kind="measurement"), facts={"fact.adaln": number})
    assert (found.word, found.mean, found.low, found.level, found.differences) == (
        word,
        number,
        None,
        None,
        {},
    )


def test_facts_beside_runs_are_not_counted_by_holm():
    fact = Hypothesis(id="b", metric="fact.adaln", direction="higher", arm="", delta=5.0)
    run, exact = verdict(card(Hypothesis(), fact), trial(LOWER), {"fact.adaln": 6})
    assert (run.name, run.word, run.level) == ("C06.a", "supported", 0.95)
    assert (exact.name, exact.word) == ("C06.b", "supported")


def test_what_is_not_there_is_said():
    with pytest.raises(MiniditError, match=r"needs the fact fact.adaln. Did you mean fact.ada"):
        verdict(card(Hypothesis(metric="fact.adaln"), kind="measurement"), facts={"fact.ada": 1})
    with pytest.raises(MiniditError, match="decided by runs, and there is no evidence"):
        verdict(card())
