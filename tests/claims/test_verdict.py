"""The rule on synthetic trials: what is planted is found, what is not is not, and a fault is refused."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from math import exp, log
from types import SimpleNamespace as Record

import numpy as np
import pytest
from scipy import stats

from minidit import MiniditError
from minidit.claims.effects import effects, floor
from minidit.claims.verdict import verdict

METRIC, OTHER = "velocity.held_out", "velocity.train"
SETTINGS = {
    "model.norm": "layer",
    "model.mlp": "gelu",
    "model.qk_norm": False,
    "model.mlp_ratio": 4,
    "objective.path": "linear",
    "objective.prediction": "velocity",
    "training.lr": 0.006,
    "training.steps": 100,
}
HIGH = {"norm": "rms", "mlp": "swiglu", "qk_norm": True}


@dataclass(frozen=True)
class Hypothesis:
    id: str = "a"
    metric: str = METRIC
    direction: str = "lower"
    arm: str = "norm=rms"
    than: str = "base"
    delta: float = 0.0
    unit: str = "absolute"
    target: float = 0.0


@dataclass(frozen=True)
class Card:
    hypotheses: tuple = (Hypothesis(),)
    factors: tuple = (
        Record(key="model.norm", arms=("rms", "none")),
        Record(key="model.mlp", arms=("swiglu",)),
    )
    match: Record | None = None
    tune: Record | None = field(default_factory=lambda: Record(key="training.lr"))
    kind: str = "paired"
    sha256: str = "5a"
    id: str = "C06"
    seeds: int = 5

    @property
    def scales(self):
        return {"cpu": Record(seeds=self.seeds)}


@dataclass(frozen=True)
class Run:
    role: str
    arm: str
    seed: int
    init_seed: int
    readouts: dict


@dataclass(frozen=True)
class Trial:
    arms: dict
    runs: tuple
    claim: str = "C06"
    scale: str = "cpu"
    card_sha256: str = "5a"


def card(*hypotheses, **changes):
    return Card(hypotheses=hypotheses or (Hypothesis(),), **changes)


def arm(flops=1000, **changes):
    """An arm whose settings are changed by their last words: arm(norm="rms")."""
    keys = {key.split(".")[-1]: key for key in SETTINGS}
    settings = {keys[name]: value for name, value in changes.items()}
    experiment: dict = {}
    for key, value in (SETTINGS | settings).items():
        group, name = key.split(".")
        experiment.setdefault(group, {})[name] = value
    return Record(settings=settings, experiment=experiment, flops_per_step=flops)


ARMS = {
    "base": arm(),
    "norm=rms": arm(norm="rms"),
    "norm=none": arm(norm="none"),
    "mlp=swiglu": arm(mlp="swiglu"),
}


def trial(rows, same=None, arms=None, metric=METRIC, **changes):
    """rows: arm -> its values, one a seed. same: those of the A/A runs; else they equal the base's."""
    values = {("main", name): row for name, row in rows.items()}
    values["same", "base"] = rows["base"] if same is None else same
    runs = [
        Run(role, name, seed, seed + 5000 * (role == "same"), {metric: value})
        for (role, name), row in values.items()
        for seed, value in enumerate(row)
    ]
    wild = [Run("tune", name, 1000 + k, 1000 + k, {metric: 77.0 * k}) for name in rows for k in range(2)]
    arms = arms or {name: ARMS[name] for name in rows}
    return Trial(arms, (*wild, *runs), **changes)


def shift(base, by, spread=0.01, seed=0):
    """An arm that lies `by` above the base at each seed, give or take."""
    return [
        b + by + spread * e
        for b, e in zip(base, np.random.default_rng(seed).standard_normal(len(base)), strict=True)
    ]


BASE = [1.0, 1.6, 0.7, 1.3, 0.9]  # seeds differ far more than arms do
LOWER = {"base": BASE, "norm=rms": shift(BASE, -0.2)}


def only(*arguments, **facts):
    (found,) = verdict(*arguments, **facts)
    return found


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
    "not a number": (lambda: changed("main", "base", 0, readouts={METRIC: float("nan")}), "finite numbers"),
    "two axes": (
        lambda: with_arm(norm="rms", mlp="swiglu"),
        "differ in model.mlp too.*declares model.norm, training.lr",
    ),
    "an undeclared compensator": (lambda: with_arm(norm="rms", mlp_ratio=3), "differ in model.mlp_ratio too"),
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


def test_what_the_card_declares_may_differ():
    given = with_arm(norm="rms", mlp_ratio=3, lr=0.003)
    declared = card(match=Record(on="params", via="model.mlp_ratio"))
    assert only(declared, given).word == "supported"
    with pytest.raises(MiniditError, match=r"training.lr too.*model.norm, model.mlp_ratio\."):
        verdict(replace(declared, tune=None), given)


def test_an_axis_may_exchange_a_group():
    rows = {"base": BASE, "objective=hybrid": shift(BASE, -0.2)}
    arms = {"base": arm(), "objective=hybrid": arm(path="ddpm", prediction="noise")}
    court = card(Hypothesis(arm="objective=hybrid"), factors=(Record(key="objective", arms=("hybrid",)),))
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
    with pytest.raises(MiniditError, match=r"differ in model.mlp too"):
        verdict(card(Hypothesis(than="mlp=swiglu")), trial(rows))


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


FACTORS = tuple(Record(key=f"model.{name}", arms=(value,)) for name, value in HIGH.items())
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
    factors = (Record(key="model.norm", arms=("rms", "none")), Record(key="model.mlp", arms=("swiglu",)))
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
    names = ("base", "mlp_ratio=8", "mlp_ratio=8,steps=400")
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


SCALING = {
    "kind": "scaling",
    "factors": (Record(key="model.mlp_ratio", arms=(8,)), Record(key="training.steps", arms=(400,))),
}


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
        verdict(replace(court, factors=SCALING["factors"][:1]), scaling(-0.2))
    given = scaling(-0.2)
    given.runs[-1].readouts[METRIC] = -1.0
    with pytest.raises(MiniditError, match="not above 0"):
        verdict(court, given)


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
    hypothesis = Hypothesis(metric="ledger.adaln", direction=direction, arm="", delta=5.0, target=30.0)
    found = only(card(hypothesis, kind="measurement"), facts={"ledger.adaln": number})
    assert (found.word, found.mean, found.low, found.level, found.differences) == (
        word,
        number,
        None,
        None,
        {},
    )


def test_facts_beside_runs_are_not_counted_by_holm():
    fact = Hypothesis(id="b", metric="ledger.adaln", direction="higher", arm="", delta=5.0)
    run, exact = verdict(card(Hypothesis(), fact), trial(LOWER), {"ledger.adaln": 6})
    assert (run.name, run.word, run.level) == ("C06.a", "supported", 0.95)
    assert (exact.name, exact.word) == ("C06.b", "supported")


def test_what_is_not_there_is_said():
    with pytest.raises(MiniditError, match=r"needs the fact ledger.adaln. Did you mean ledger.ada"):
        verdict(card(Hypothesis(metric="ledger.adaln"), kind="measurement"), facts={"ledger.ada": 1})
    with pytest.raises(MiniditError, match="decided by runs, and there is no evidence"):
        verdict(card())
