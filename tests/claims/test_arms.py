"""From a card to arms that differ in one thing, and to the runs that it asks for."""

import json

import pytest

from minidit import MiniditError
from minidit.claims.arms import arms, unmatched
from minidit.claims.cards import read
from minidit.claims.cost import record, step_seconds
from minidit.claims.plan import FIRST_TUNE_SEED, chosen, deciding, tuning
from minidit.claims.table import expected
from minidit.claims.trial import TrialRun
from minidit.training.experiment import differences

FACTOR = '[[factor]]\nkey = "model.norm"\narms = ["rms"]\n'
MLP = '[[factor]]\nkey = "model.mlp"\narms = ["swiglu"]\n'
FACTORIAL = [('kind = "paired"', 'kind = "factorial"'), ('arm = "norm=rms"', 'arm = "model.norm"')]
TUNE = '[tune]\nkey = "training.lr"\ngrid = [0.5, 1.0, 2.0]\nseeds = 2\n'


def differing(made, name):
    return [line.split(":")[0] for line in differences(made["base"].experiment, made[name].experiment)]


def test_each_arm_of_a_paired_card_changes_one_setting(write):
    made = arms(read(write((FACTOR, FACTOR + MLP))), "cpu")
    assert list(made) == ["base", "norm=rms", "mlp=swiglu"]
    assert differing(made, "norm=rms") == ["model.norm"]
    assert differing(made, "mlp=swiglu") == ["model.mlp"]
    assert made["base"].experiment.model.dim == 16  # the scale's settings hold for all


def test_an_arm_may_move_several_settings_by_one_name(write):
    told = FACTOR.replace("model.norm", "told").replace(
        '"rms"', '{ name = "tokens", "model.norm" = "rms", "model.mlp" = "swiglu" }'
    )
    made = arms(read(write((FACTOR, told), ('arm = "norm=rms"', 'arm = "told=tokens"'))), "cpu")
    assert list(made) == ["base", "told=tokens"]
    assert set(differing(made, "told=tokens")) == {"model.norm", "model.mlp"}


def test_a_factorial_card_crosses_its_factors(write):
    made = arms(read(write(*FACTORIAL, (FACTOR, FACTOR + MLP))), "cpu")
    assert list(made) == ["base", "mlp=swiglu", "norm=rms", "norm=rms,mlp=swiglu"]
    assert set(differing(made, "norm=rms,mlp=swiglu")) == {"model.norm", "model.mlp"}


def test_a_scaling_card_has_its_sizes(write):
    sizes = "".join(f'[[size]]\nname = "d{d}"\nsettings = {{ "model.dim" = {d} }}\n' for d in (32, 48, 64))
    path = write(('kind = "paired"', 'kind = "scaling"'), (FACTOR, sizes), ('arm = "norm=rms"\n', ""))
    made = arms(read(path), "cpu")
    assert [arm.experiment.model.dim for arm in made.values()] == [16, 32, 48, 64]
    assert sorted(arm.flops_per_step for arm in made.values()) == [a.flops_per_step for a in made.values()]


def test_an_arm_that_is_the_base_is_refused(write):
    with pytest.raises(MiniditError, match=r"model\.norm is layer in the base too"):
        arms(
            read(write(('arms = ["rms"]', 'arms = ["layer"]'), ('arm = "norm=rms"', 'arm = "norm=layer"'))),
            "cpu",
        )


@pytest.mark.parametrize("on", ["parameters", "flops"])
def test_arms_are_made_equal(write, on):
    """A modulation shared by all blocks has far fewer parameters; a wider MLP gives them back."""
    shared = FACTOR + '[[factor]]\nkey = "model.modulation"\narms = ["shared"]\n'
    match = f'[match]\non = "{on}"\nvia = "model.mlp_ratio"\n'
    card = read(write((FACTOR, shared + match), ('"model.depth" = 1', '"model.depth" = 4')))
    made, before = arms(card, "cpu"), unmatched(card, "cpu")
    count = {"parameters": lambda a: a.parameters, "flops": lambda a: a.flops_per_step}[on]
    off = {name: count(arm) / count(made["base"]) - 1 for name, arm in before.items()}
    assert abs(off["modulation=shared"]) > 0.02
    assert all(abs(count(arm) / count(made["base"]) - 1) <= 0.01 for arm in made.values())
    assert set(differing(made, "modulation=shared")) <= {"model.modulation", "model.mlp_ratio"}


def test_arms_that_cannot_be_made_equal_are_refused(write):
    match = '[match]\non = "parameters"\nvia = "training.batch_size"\n'
    shared = '[[factor]]\nkey = "model.modulation"\narms = ["shared"]\n'
    with pytest.raises(MiniditError, match=r"no value of training.batch_size gives modulation=shared"):
        arms(read(write((FACTOR, FACTOR + shared + match))), "cpu")


def test_equal_time_is_bought_at_the_committed_price(write, tmp_path, monkeypatch):
    card = read(write((FACTOR, FACTOR + '[match]\non = "time"\nvia = "training.steps"\n')))
    monkeypatch.setattr("minidit.claims.cost.locate", lambda name: None)
    with pytest.raises(MiniditError, match="minidit claims calibrate C99"):
        arms(card, "cpu")
    record("C98", "cpu", {"base": 9.0}, tmp_path)
    path = record("C99", "cpu", {"base": 0.010, "norm=rms": 0.008}, tmp_path)
    monkeypatch.setattr("minidit.claims.cost.locate", lambda name: path)
    assert arms(card, "cpu")["norm=rms"].experiment.training.steps == 5  # 4 steps of 10 ms, at 8 ms
    assert set(json.loads(path.read_text())["claims"]) == {"C98.cpu", "C99.cpu"}


def test_a_step_of_a_larger_network_costs_more(write, monkeypatch):
    monkeypatch.setattr("minidit.claims.cost.ROUNDS", 2)
    made = arms(read(write()), "cpu")
    small = made["base"].experiment.override({"training.steps": 1000})
    large = small.override({"model.dim": 128, "model.depth": 3})
    seconds = step_seconds({"base": small, "large": large})
    assert seconds["large"] > 1.5 * seconds["base"] > 0


def run(arm, tuned, seed, error, role="tune"):
    return TrialRun(role, arm, seed, seed, tuned, {"velocity.held_out": error}, [], [], 1.0, 1.0)


def test_a_card_may_take_seeds_that_nobody_has_seen(write):
    card = read(write(("seeds = 3", "seeds = 3\nfirst_seed = 10")))
    planned = card.scale("cpu").planned
    assert list(planned) == [10, 11, 12]
    runs = deciding(["base"], planned, {"base": None})
    assert [(job.role, job.seed) for job in runs if job.role == "main"] == [("main", s) for s in planned]
    assert not {job.init_seed for job in runs if job.role == "same"} & set(planned)


def test_each_arm_takes_its_own_best_rate_and_tuning_never_decides(write):
    card = read(write((FACTOR, FACTOR + TUNE)))
    made = arms(card, "cpu")
    first = tuning(card, made)
    assert len(first) == 12 and {job.tuned for job in first} == {0.002, 0.004, 0.008}
    luck = {("base", 0.002): (0.1, 0.9), ("base", 0.004): (0.3, 0.3), ("base", 0.008): (0.4, 0.4)}
    luck |= {("norm=rms", rate): (rate, rate) for rate in (0.002, 0.004, 0.008)}
    runs = [
        run(arm, rate, seed, error) for (arm, rate), pair in luck.items() for seed, error in enumerate(pair)
    ]
    runs.append(run("base", 0.008, 0, 0.0, role="main"))
    tuned = chosen(card, made, runs)
    assert tuned == {"base": 0.004, "norm=rms": 0.002}  # the mean of both seeds, not the luckiest
    second = deciding(made, range(3), tuned)
    assert len(second) == 9 and {job.tuned for job in second if job.arm == "norm=rms"} == {0.002}
    assert {job.seed for job in second} == {0, 1, 2} and min(job.seed for job in first) == FIRST_TUNE_SEED
    same = [job for job in second if job.role == "same"]
    assert [job.arm for job in same] == ["base"] * 3 and all(job.init_seed != job.seed for job in same)
    assert len({job.name for job in (*first, *second)}) == len(first) + len(second)


def test_without_a_grid_nothing_is_tuned(write):
    card = read(write())
    assert tuning(card, arms(card, "cpu")) == [] and chosen(card, ["base"], []) == {"base": None}


def test_the_smallest_effect_is_said_before_the_run(write):
    words = expected(read(write()), "cpu")
    # Student's t for 3 seeds at 95 %: 4.303 / sqrt(3) = 2.48, beyond a delta of 1
    assert "can be supported from about 3.5% on" in words and "9 that decide" in words
    same = expected(read(write(('direction = "lower"', 'direction = "same"'))), "cpu")
    assert "cannot be supported with 3 seeds" in same and "the interval alone is +-2.5%" in same
    wide = (('direction = "lower"', 'direction = "same"'), ("delta = 1.0", "delta = 4.0"))
    assert "while the mean is within +-1.5%" in expected(read(write(*wide)), "cpu")
