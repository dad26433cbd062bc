"""A run is repeatable to the last bit: in one piece, in two, and beside other arms."""

import json

import pytest
import torch

import minidit
from minidit import MiniditError, Streams, TrainState, train, train_step
from minidit.errors import TrainingDiverged
from minidit.flow import HybridObjective
from minidit.model import draw_keys
from minidit.training import differences, read_log
from minidit.training.sampling import sample
from minidit.training.schedule import ema, learning_rate


def weights(state):
    return {**state.model.state_dict(), **{f"ema.{k}": v for k, v in state.ema.state_dict().items()}}


def equal(a, b):
    return all(torch.equal(value, weights(b)[name]) for name, value in weights(a).items())


def test_two_runs_of_one_seed_are_equal_and_two_seeds_are_not(tiny, digits):
    states = [TrainState.create(tiny, seed) for seed in (0, 0, 1)]
    for state in states:
        torch.randn(3)  # whatever others draw from the global stream
        list(train(state, digits))
    assert equal(states[0], states[1]) and not equal(states[0], states[2])


@pytest.mark.parametrize("pause", [1, 7])
def test_a_continued_run_equals_an_undisturbed_one(tiny, digits, tmp_path, pause):
    whole = TrainState.create(tiny, 0)
    list(train(whole, digits, folder=tmp_path / "whole"))
    half = TrainState.create(tiny, 0)
    list(train(half, digits, until=pause, folder=tmp_path / "half"))
    continued = TrainState.load(tmp_path / "half")
    list(train(continued, digits, folder=tmp_path / "half"))
    assert equal(whole, continued)
    files = [(tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("whole", "half")]
    assert files[0] == files[1]
    logs = [[r.loss for r in read_log(tmp_path / name)] for name in ("whole", "half")]
    assert logs[0] == logs[1] and len(logs[0]) == 12


def test_the_log_forgets_steps_that_will_be_done_again(tiny, digits, tmp_path):
    state = TrainState.create(tiny, 0)
    for record in train(state, digits, folder=tmp_path, save_every=5):
        if record.step == 8:
            break
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 9, "lo')  # a line cut short
    continued = TrainState.load(tmp_path)
    assert continued.step == 5
    list(train(continued, digits, until=9, folder=tmp_path))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 10, "lo')
    list(train(continued, digits, folder=tmp_path))
    assert [record.step for record in read_log(tmp_path)] == list(range(1, 13))


def test_two_arms_see_the_same_data_time_and_noise(tiny, digits):
    seen = []
    for depth in (1, 3):
        arm = tiny.override({"model.depth": depth})
        streams, arm_objective = Streams(0), arm.objective
        list(train(TrainState.create(arm, 0), digits, until=2))
        batch = digits.train.batch(streams, 2, 4)
        seen.append((batch.x, *arm_objective.draw(batch, streams, 2)[:3]))
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_training_lowers_the_loss(digits):
    experiment = minidit.experiment("digits", ("training.steps=60", "model.depth=2", "model.dim=32"))
    losses = [record.loss for record in train(TrainState.create(experiment), digits)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_the_schedule_rises_then_falls_to_nothing():
    config = minidit.experiment(
        "digits", ("training.steps=100", "training.lr=1", "training.warmup=0.1")
    ).training
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 11) and rates[10] == 1 and max(rates) == 1
    assert rates[55] == pytest.approx(0.5) and rates[100] == pytest.approx(0)
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)


def test_the_average_warms_up_as_written():
    model = torch.nn.Linear(1, 1, bias=False)
    average, expected = ema(model, decay=0.9), None
    for n, value in enumerate([2.0, 5.0, -1.0, 4.0]):
        model.weight.data.fill_(value)
        average.update_parameters(model)
        decay = min(0.9, (1 + n) / (10 + n))
        expected = value if expected is None else decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 4.0


def test_the_gradient_is_clipped(tiny, digits):
    arm = tiny.override({"training.clip": 1e-12, "training.weight_decay": 0.0, "training.lr": 1e-3})
    state = TrainState.create(arm)
    batch = digits.train.batch(Streams(0), 0, 4)
    before = {name: p.clone() for name, p in state.model.named_parameters()}
    result = train_step(state, batch, arm.objective.draw(batch, Streams(0), 0))
    assert result.gradient_norm > 1e-3
    # AdamW divides by the gradient's size plus 1e-8: a gradient of 1e-12 hardly moves anything
    assert all((p - before[name]).abs().max() < 1e-6 for name, p in state.model.named_parameters())


def test_divergence_is_told_and_the_last_checkpoint_stays(tiny, digits, tmp_path):
    state = TrainState.create(tiny)
    list(train(state, digits, until=5, folder=tmp_path))
    good = (tmp_path / "checkpoint.safetensors").read_bytes()
    with torch.no_grad():
        state.model.patch.weight.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="Step 6 gave a loss of nan"):
        list(train(state, digits, folder=tmp_path, save_every=1))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == good


def test_a_network_that_does_not_fit_the_images_is_refused(tiny, digits):
    state = TrainState.create(tiny.override({"model.num_classes": 9}))
    with pytest.raises(MiniditError, match=r"num_classes is 9, but the images of digits need 10"):
        next(train(state, digits))


def test_overrides(tiny):
    changed = tiny.override({"model.depth": "5", "training.lr": "1", "model.learn_sigma": "True"})
    assert (changed.model.depth, changed.training.lr, changed.model.learn_sigma) == (5, 1.0, True)
    assert differences(tiny, changed) == [
        "model.depth: 2 here, 5 there",
        "model.learn_sigma: False here, True there",
        "training.lr: 0.004 here, 1.0 there",
    ]
    assert minidit.Experiment.from_dict(json.loads(json.dumps(changed.to_dict()))) == changed
    # settings that depend on each other change together
    assert tiny.override({"model.input_size": 9, "model.patch_size": 3}).model.tokens == 9


def test_a_setting_is_read_as_one_of_the_types_it_may_have(tiny):
    assert tiny.override({"model.input_size": "[8, 4]"}).model.grid == (4, 2)
    assert tiny.override({"model.qk_norm": "true"}).model.qk_norm is True
    assert tiny.override({"model.qk_norm": "layer"}).model.qk_norm == "layer"
    tall = tiny.override({"model.input_size": [8, 4]})
    assert minidit.Experiment.from_dict(json.loads(json.dumps(tall.to_dict()))) == tall
    with pytest.raises(MiniditError, match=r"model\.input_size is 'x'; it must be a whole number or a list"):
        tiny.override({"model.input_size": "x"})


def test_dits_own_objective_is_an_arm_like_any_other(tiny, digits, tmp_path):
    arm = tiny.override({"objective": "hybrid", "model.learn_sigma": "true", "objective.label_drop": "0.2"})
    assert arm.objective == HybridObjective(label_drop=0.2)
    assert minidit.Experiment.from_dict(json.loads(json.dumps(arm.to_dict()))) == arm
    records = list(train(TrainState.create(arm), digits, until=3, folder=tmp_path))
    assert len(records) == 3 and TrainState.load(tmp_path).experiment == arm
    assert arm.override({"objective": "flow"}).objective == minidit.Objective(label_drop=0.2)
    with pytest.raises(MiniditError, match=r"Or exchange it: objective=flow or hybrid\."):
        tiny.override({"objective": "hybird"})


def test_the_kind_of_the_objective_is_written_down_and_read(tiny):
    hybrid = tiny.override({"objective": "hybrid"})
    assert [arm.to_dict()["objective"]["kind"] for arm in (tiny, hybrid)] == ["flow", "hybrid"]
    # a hybrid objective is no longer guessed from what is missing; older runs have no kind
    assert minidit.Experiment.from_dict({"objective": {"label_drop": 0.3}}).objective == minidit.Objective(
        label_drop=0.3
    )
    with pytest.raises(MiniditError, match=r"objective\.kind is 'hybird'; it must be one of: flow, hybrid"):
        tiny.override({"objective.kind": "hybird"})


def test_a_group_of_settings_can_be_given_as_a_dictionary(tiny):
    given = {"flow": {"path": "vp"}}
    arm = tiny.override({"objective": given, "objective.label_drop": 0.3})
    assert arm.objective == minidit.Objective(minidit.Flow("vp"), label_drop=0.3)
    assert given == {"flow": {"path": "vp"}}
    assert tiny.override({"objective": {"kind": "hybrid"}}).objective == HybridObjective()


@pytest.mark.parametrize("kinds", [("flow", "hybrid"), ("hybrid", "flow")])
def test_a_folder_of_another_objective_is_refused(tiny, digits, tmp_path, kinds):
    sigma = tiny.override({"model.learn_sigma": True})
    first, second = (sigma.override({"objective": kind}) for kind in kinds)
    list(train(TrainState.create(first), digits, until=1, folder=tmp_path))
    words = f"objective.kind: {kinds[1]} here, {kinds[0]} there; .*objective.flow.path: .*absent"
    with pytest.raises(MiniditError, match=words):
        next(train(TrainState.create(second), digits, folder=tmp_path))


def test_the_hybrid_objective_needs_a_variance(tiny, digits):
    state = TrainState.create(tiny.override({"objective": "hybrid"}))
    with pytest.raises(MiniditError, match=r"add model\.learn_sigma=true"):
        next(train(state, digits))


def test_work_is_skipped_in_training_by_keys_of_the_step(tiny, digits):
    arm = tiny.override({"model.route": "1-1@0.5", "model.stochastic_depth": 0.4})
    seen = []

    def watch(module, given, kept, out):
        seen.append(kept["keys"])

    state = TrainState.create(arm)
    state.model.register_forward_hook(watch, with_kwargs=True)
    list(train(state, digits, until=2))
    assert [tuple(keys.route.shape) for keys in seen] == [(4, 1, 16)] * 2
    assert [tuple(keys.depth.shape) for keys in seen] == [(4, 2)] * 2 and seen[0].mask is None
    again = draw_keys(arm.model, 4, minidit.Streams(0), 1)
    assert torch.equal(seen[1].route, again.route) and not torch.equal(seen[0].route, seen[1].route)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model.dpth": 3}, r"no setting model.dpth. Did you mean model.depth"),
        ({"modle.depth": 3}, r"no setting modle. Did you mean model"),
        ({"model.depth": "deep"}, r"model.depth is 'deep'; it must be a whole number"),
        ({"model.depth": "2.5"}, r"must be a whole number"),
        ({"training.lr": "fast"}, r"training.lr is 'fast'; it must be a number"),
        ({"model.learn_sigma": "maybe"}, r"must be true or false"),
        ({"depth": 3}, r"no setting depth. Did you mean model.depth"),
        ({"model": "big"}, r"model is a group of settings"),
        ({"training.lr": "-1"}, r"training.lr is -1.0; it must be more than 0"),
        ({"training.ema_decay": 1.0}, r"must lie in 0 to 1"),
    ],
)
def test_wrong_overrides_get_a_sentence(tiny, change, words):
    with pytest.raises(MiniditError, match=words):
        tiny.override(change)


def test_unknown_experiments_get_a_sentence():
    with pytest.raises(MiniditError, match="Did you mean digits"):
        minidit.experiment("digit")
    with pytest.raises(MiniditError, match="Name the experiment before its settings"):
        minidit.experiment("model.depth=3")
    with pytest.raises(MiniditError, match="write key=value"):
        minidit.experiment("digits", ("model.depth",))


def test_the_optimiser_is_as_the_settings_say(tiny):
    arm = tiny.override({"training.beta2": 0.9, "training.weight_decay": 0.3})
    group = TrainState.create(arm).optimizer.param_groups[0]
    assert group["betas"] == (0.9, 0.9) and group["weight_decay"] == 0.3


def test_samples_come_from_the_averaged_weights_and_the_named_noise(tiny, digits):
    state = TrainState.create(tiny.override({"training.steps": 60, "training.lr": 0.01}))
    list(train(state, digits))
    labels = torch.tensor([3, 3, 7])
    one = sample(state, labels, w=1.0, steps=3)
    # the noise of an image does not depend on how many are drawn together
    torch.testing.assert_close(one, sample(state, labels, w=1.0, steps=3, batch=2), atol=1e-4, rtol=0)
    assert not torch.equal(one, sample(state, labels, w=1.0, steps=3, seed=1))
    assert not torch.equal(one, sample(state, labels, w=3.0, steps=3))
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter.zero_()
    assert torch.equal(one, sample(state, labels, w=1.0, steps=3))


def test_each_step_uses_and_logs_the_rate_of_the_schedule(tiny, digits):
    state = TrainState.create(tiny)
    used = []
    state.optimizer.register_step_pre_hook(lambda optimizer, *_: used.append(optimizer.param_groups[0]["lr"]))
    logged = [record.lr for record in train(state, digits)]
    assert used == logged == [learning_rate(tiny.training, step) for step in range(12)]
