"""Factorial and scaling designs give back what was planted in them."""

import sys
from dataclasses import replace
from itertools import product
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from minidit import MiniditError
from minidit.claims.card import Factor
from minidit.claims.effects import effects
from minidit.claims.verdict import verdict

sys.path.insert(0, str(Path(__file__).parent))  # the stand-ins stand beside their tests
from stand_ins import BASE, HIGH, METRIC, Hypothesis, Record, arm, card, only, trial

FACTORS = tuple(Factor(f"model.{name}", (value,)) for name, value in HIGH.items())
PLANTED = {"model.norm": 0.4, "model.mlp": -0.6, "model.qk_norm": 0.0}
PLANTED |= {
    "model.norm x model.mlp": 0.2,
    "model.mlp x model.qk_norm": -0.1,
    "model.norm x model.qk_norm": 0.0,
}


def factorial(spread=0.0, seed=0, drop=None):
    """All eight cells: half of each planted effect, added or taken off by the sign of the cell."""
    draw, arms, rows = np.random.default_rng(seed), {}, {}
    for cell in product((-1, 1), repeat=3):
        high = {name: HIGH[name] for name, sign in zip(HIGH, cell, strict=True) if sign > 0}
        name = ",".join(f"{key}={value}" for key, value in high.items()) or "base"
        signs = dict(zip(PLANTED, cell, strict=False))
        value = sum(
            effect / 2 * np.prod([signs[key] for key in named.split(" x ")])
            for named, effect in PLANTED.items()
        )
        arms[name] = arm(**high)
        rows[name] = (np.array(BASE) + 3 + value + spread * draw.standard_normal(5)).tolist()
    if drop:
        del arms[drop], rows[drop]
    return trial(rows, arms=arms)


def design(*hypotheses, **changes):
    return card(*hypotheses, factors=FACTORS, kind="factorial", **changes)


@pytest.mark.parametrize("named", PLANTED)
def test_a_factorial_recovers_what_was_planted(named):
    hypothesis = Hypothesis(arm=named, direction="higher")
    exact = effects(design(), factorial(), hypothesis)
    assert exact == pytest.approx(dict.fromkeys(range(5), PLANTED[named]), abs=1e-12)
    noisy = factorial(spread=0.1)
    one = only(design(replace(hypothesis, delta=0.05)), noisy)
    assert one.mean == pytest.approx(PLANTED[named], abs=4 * 0.1 / (5 * 2) ** 0.5)
    percent = effects(design(), noisy, replace(hypothesis, unit="percent"))
    base = {run.seed: run.readouts[METRIC] for run in noisy.runs if (run.role, run.arm) == ("main", "base")}
    assert percent == pytest.approx({seed: 100 * d / base[seed] for seed, d in one.differences.items()})


FIVE = {**HIGH, "norm_affine": True, "mlp_ratio": 8}
FIVE_FACTORS = tuple(Factor(f"model.{name}", (value,)) for name, value in FIVE.items())
FIVE_PLANTED = {"model.norm": 0.4, "model.mlp_ratio": -0.3, "model.mlp x model.qk_norm": 0.2}


def half():
    """The 16 cells of five factors in which an even number is away from the base."""
    arms, rows = {}, {}
    for cell in product((-1, 1), repeat=5):
        if cell.count(1) % 2 == 0:
            high = {name: FIVE[name] for name, sign in zip(FIVE, cell, strict=True) if sign > 0}
            signs = {f"model.{name}": sign for name, sign in zip(FIVE, cell, strict=True)}
            name = ",".join(f"{key}={value}" for key, value in high.items()) or "base"
            value = sum(
                effect / 2 * np.prod([signs[key] for key in named.split(" x ")])
                for named, effect in FIVE_PLANTED.items()
            )
            arms[name], rows[name] = arm(**high), (np.array(BASE) + 3 + value).tolist()
    return trial(rows, arms=arms)


def test_half_of_a_factorial_recovers_main_effects_and_every_pair():
    court = card(factors=FIVE_FACTORS, kind="factorial", fraction="half")
    keys = [factor.key for factor in FIVE_FACTORS]
    pairs = [f"{one} x {other}" for k, one in enumerate(keys) for other in keys[k + 1 :]]
    for named in (*keys, *pairs):
        found = effects(court, half(), Hypothesis(arm=named, direction="higher"))
        assert found == pytest.approx(dict.fromkeys(range(5), FIVE_PLANTED.get(named, 0.0)), abs=1e-12)
    with pytest.raises(MiniditError, match=r"16 arms where all of the combinations .* 32 in all"):
        effects(card(factors=FIVE_FACTORS, kind="factorial"), half(), Hypothesis(arm="model.norm"))


def test_two_arms_of_a_factorial_are_read_beside_each_other():
    one, other = "mlp=swiglu,qk_norm=True", "qk_norm=True"
    given = factorial(spread=0.1)
    found = effects(design(), given, Hypothesis(arm=one, than=other, direction="higher"))
    rows = {
        arm: [run.readouts[METRIC] for run in given.runs if (run.role, run.arm) == ("main", arm)]
        for arm in (one, other)
    }
    by_hand = [a - b for a, b in zip(*rows.values(), strict=True)]
    assert found == pytest.approx(dict(enumerate(by_hand)))
    # the planted effect of the MLP where norm is the base's and qk_norm is not: its own, and its partners'
    exact = effects(design(), factorial(), Hypothesis(arm=one, than=other, direction="higher"))
    assert exact == pytest.approx(dict.fromkeys(range(5), -0.6 - 0.2 - 0.1))
    with pytest.raises(MiniditError, match=r"differ in model.norm and model.mlp: name two arms"):
        effects(design(), given, Hypothesis(arm="norm=rms", than="mlp=swiglu"))


def test_a_factorial_covers_what_was_planted():
    hypothesis = Hypothesis(arm="model.norm x model.mlp", direction="higher")
    found = [only(design(hypothesis), factorial(0.3, seed)) for seed in range(400)]
    assert 0.93 <= sum(one.low <= 0.2 <= one.high for one in found) / 400 <= 0.97


def test_a_factorial_decides_all_its_effects_at_once():
    court = design(
        *(Hypothesis(id=str(k), arm=named, direction="higher", delta=0.05) for k, named in enumerate(PLANTED))
    )
    words = [one.word for one in verdict(court, factorial(spread=0.02))]
    assert words == ["supported", "refuted", "refuted", "supported", "refuted", "refuted"]


@pytest.mark.parametrize(
    ("named", "drop", "says"),
    [
        ("model.norm", "norm=rms,mlp=swiglu", "7 arms .* 8 in all"),
        ("model.norm", "base", "no arm 'base'"),
        ("model.nrm", None, "Did you mean model.norm"),
        ("model.norm x model.norm", None, "two different ones"),
    ],
)
def test_a_factorial_that_cannot_answer_is_refused(named, drop, says):
    if drop == "base":
        given = factorial()
        given = replace(given, arms={name: own for name, own in given.arms.items() if name != "base"})
    else:
        given = factorial(drop=drop)
    with pytest.raises(MiniditError, match=says):
        verdict(design(Hypothesis(arm=named)), given)


def test_a_main_effect_is_read_from_two_levels_and_over_all_of_another_factor():
    factors = (Factor("model.norm", ("rms", "none")), Factor("model.mlp", ("swiglu",)))
    rows, arms = {}, {}
    for k, norm in enumerate(("layer", "rms", "none")):
        for mlp, by in (("gelu", 0.0), ("swiglu", (0.1, 0.2, 0.6)[k])):
            changes = {"norm": norm} if k else {}
            changes |= {"mlp": mlp} if by else {}
            name = ",".join(f"{key}={value}" for key, value in changes.items()) or "base"
            arms[name], rows[name] = arm(**changes), [b + k + by for b in BASE]
    court = card(factors=factors, kind="factorial")
    found = effects(court, trial(rows, arms=arms), Hypothesis(arm="model.mlp", direction="higher"))
    assert found == pytest.approx(dict.fromkeys(range(5), 0.3))
    with pytest.raises(MiniditError, match=r"model.norm has 3 levels"):
        effects(court, trial(rows, arms=arms), Hypothesis(arm="model.norm"))


def scaling(exponent, spread=0.0, steps=(100, 100, 400), flops=(10, 100, 100), seed=0):
    draw = np.random.default_rng(seed)
    names = ("base", "wide", "long")
    arms = {
        name: arm(cost, mlp_ratio=ratio, steps=length)
        for name, cost, ratio, length in zip(names, flops, (4, 8, 8), steps, strict=True)
    }
    rows = {
        name: [level * exp(exponent * log(cost * length) + spread * draw.standard_normal()) for level in BASE]
        for name, cost, length in zip(names, flops, steps, strict=True)
    }
    given = trial(rows, arms=arms)
    return replace(given, runs=tuple(run for run in given.runs if run.role != "same"))


SIZES = (
    Record(name="wide", settings={"model.mlp_ratio": 8}),
    Record(name="long", settings={"model.mlp_ratio": 8, "training.steps": 400}),
)
SCALING = {"kind": "scaling", "factors": (), "sizes": SIZES}


def test_a_slope_is_recovered():
    court = card(Hypothesis(arm="", delta=0.1), **SCALING)
    found = only(court, scaling(-0.25))
    assert found.differences == pytest.approx(dict.fromkeys(range(5), 0.25))
    assert (found.word, found.floor, found.bar) == ("supported", None, 0.1)
    assert only(court, scaling(-0.05)).word == "refuted" and only(court, scaling(0.25)).word == "refuted"
    assert (
        only(card(Hypothesis(arm="", delta=0.1, direction="same"), **SCALING), scaling(0.02)).word
        == "supported"
    )
    noisy = only(court, scaling(-0.25, spread=0.05))
    assert noisy.low < 0.25 < noisy.high and noisy.word == "supported"
    one = scaling(-0.25, spread=0.05)
    x = np.log([1000, 10_000, 40_000])
    y = np.log([run.readouts[METRIC] for run in one.runs if run.role == "main" and run.seed == 3])
    assert noisy.differences[3] == pytest.approx(-stats.linregress(x, y).slope)


def test_slopes_that_are_none_are_refused():
    court = card(Hypothesis(arm=""), **SCALING)
    with pytest.raises(MiniditError, match="all cost the same"):
        verdict(court, scaling(-0.2, steps=(100, 100, 100), flops=(10, 10, 10)))
    with pytest.raises(MiniditError, match=r"differ in training.steps too"):
        verdict(replace(court, sizes=SIZES[:1]), scaling(-0.2))
    given = scaling(-0.2)
    given.runs[-1].readouts[METRIC] = -1.0
    with pytest.raises(MiniditError, match="not above 0"):
        verdict(court, given)
