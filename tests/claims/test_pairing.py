"""What is no fair pair is refused, and says why; what a card declares may differ."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from minidit import MiniditError
from minidit.claims.card import Factor
from minidit.claims.verdict import verdict

sys.path.insert(0, str(Path(__file__).parent))  # the stand-ins stand beside their tests
from stand_ins import BASE, LOWER, METRIC, Hypothesis, Record, arm, card, only, shift, trial


def less(role, arm, seeds=(4,), given=None):
    """LOWER's trial without some runs."""
    given = given or trial(LOWER)
    gone = tuple(run for run in given.runs if (run.role, run.arm) == (role, arm) and run.seed in seeds)
    assert gone
    return replace(given, runs=tuple(run for run in given.runs if run not in gone))


def changed(role, arm, at, **changes):
    given = trial(LOWER)
    place = next(i for i, run in enumerate(given.runs) if (run.role, run.arm, run.seed) == (role, arm, at))
    runs = list(given.runs)
    runs[place] = replace(runs[place], **changes)
    return replace(given, runs=tuple(runs))


def short(n):
    return trial({name: row[:n] for name, row in LOWER.items()})


def with_arm(**changes):
    return trial(LOWER, arms={"base": arm(), "norm=rms": arm(**changes)})


REFUSED = {
    "a seed is missing in one arm": (lambda: less("main", "norm=rms"), "not paired.*finish the runs"),
    "other seeds": (lambda: changed("main", "norm=rms", 2, seed=7), "not paired"),
    "another initialisation": (
        lambda: changed("main", "norm=rms", 2, init_seed=9),
        "different initialisation",
    ),
    "a run twice": (lambda: changed("main", "norm=rms", 2, seed=1), "two runs of 'norm=rms' at seed 1"),
    "an arm without runs": (lambda: less("main", "norm=rms", range(5)), "no main run of the arm 'norm=rms'"),
    "an arm that is not there": (
        lambda: trial({"base": BASE, "norm=rmsnorm": BASE}, arms={"base": arm(), "norm=rmsnorm": arm()}),
        "no arm 'norm=rms'. Did you mean norm=rmsnorm",
    ),
    "read too early": (lambda: short(4), r"its card fixed 0 to 4 .* no verdict is read early"),
    "no A/A": (lambda: less("same", "base", range(5)), "no A/A runs"),
    "A/A with a seed missing": (lambda: less("same", "base"), "not paired.*A/A"),
    "A/A that is the run itself": (
        lambda: changed("same", "base", 2, init_seed=2),
        "base arm's own initialisation",
    ),
    "a metric is missing": (
        lambda: changed("main", "norm=rms", 2, readouts={"velocity.held": 1.0}),
        "'norm=rms', seed 2, lacks velocity.held_out. Did you mean velocity.held",
    ),
    "not a number": (
        lambda: changed("main", "base", 0, readouts={METRIC: float("nan")}),
        "velocity.held_out of 'base', seed 0, is nan",
    ),
    "two axes": (
        lambda: with_arm(norm="rms", mlp="swiglu"),
        "differ in model.mlp too.*declares model.norm, training.lr",
    ),
    "an undeclared compensator": (lambda: with_arm(norm="rms", mlp_ratio=3), "differ in model.mlp_ratio too"),
    "an axis whose name only begins alike": (
        lambda: with_arm(norm="rms", norm_affine=True),
        "differ in model.norm_affine too",
    ),
    "nothing differs": (lambda: with_arm(), "agree in 'model.norm'"),
    "another card's": (lambda: replace(trial(LOWER), claim="C07"), "evidence is of C07, and the card is C06"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_fair_pair_is_refused(case):
    given, says = REFUSED[case]
    with pytest.raises(MiniditError, match=says):
        verdict(card(), given())


def test_two_seeds_are_refused_though_the_card_asks_for_no_more():
    with pytest.raises(MiniditError, match="2 seeds, and a verdict needs 3"):
        verdict(card(seeds=2), short(2))
    assert only(card(seeds=3), short(3)).word == "supported"


def test_seeds_that_the_card_did_not_choose_decide_nothing():
    with pytest.raises(
        MiniditError, match="its card fixed 10 to 12 "
    ):  # as many, but those that suggested it
        verdict(card(seeds=3, first_seed=10), short(3))


def test_what_the_card_declares_may_differ():
    given = with_arm(norm="rms", mlp_ratio=3, lr=0.003)
    declared = card(match=Record(on="params", via="model.mlp_ratio"))
    assert only(declared, given).word == "supported"
    with pytest.raises(MiniditError, match=r"training.lr too.*model.norm, model.mlp_ratio\."):
        verdict(replace(declared, tune=None), given)


def test_an_axis_may_exchange_a_group():
    rows = {"base": BASE, "objective=hybrid": shift(BASE, -0.2)}
    arms = {"base": arm(), "objective=hybrid": arm(path="ddpm", prediction="noise")}
    court = card(Hypothesis(arm="objective=hybrid"), factors=(Factor("objective", ("hybrid",)),))
    assert only(court, trial(rows, arms=arms)).word == "supported"
    arms["objective=hybrid"].experiment["model"]["norm"] = "rms"
    with pytest.raises(MiniditError, match=r"model.norm too"):
        verdict(court, trial(rows, arms=arms))


def test_two_arms_of_one_axis_beside_each_other():
    rows = {
        "base": BASE,
        "norm=none": shift(BASE, 0.5),
        "norm=rms": shift(BASE, 0.2, seed=1),
        "mlp=swiglu": BASE,
    }
    found = only(card(Hypothesis(than="norm=none", delta=0.1)), trial(rows))
    assert found.word == "supported" and found.mean == pytest.approx(0.3, abs=0.03)
    with pytest.raises(MiniditError, match=r"differ in model.norm and model.mlp: name two"):
        verdict(card(Hypothesis(than="mlp=swiglu")), trial(rows))
