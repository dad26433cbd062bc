"""A broken loss takes a run back to its last checkpoint, past the draws that broke it."""

import pytest
import torch

from minidit import Streams, TrainState, train
from minidit.errors import TrainingDiverged
from minidit.training import read_log
from minidit.training.checkpoint import NAME
from minidit.training.loop import ahead
from minidit.training.recovery import ENOUGH, SPIKE, Recovery


class Poisoned:
    """Digits, among which the draw of one step is broken."""

    def __init__(self, images, step, value):
        self.images, self.step, self.value, self.asked = images, step, value, []

    def __getattr__(self, name):
        return getattr(self.images, name)

    def __len__(self):
        return len(self.images)

    def batch(self, streams, step, size):
        self.asked.append(step)
        batch = self.images.batch(streams, step, size)
        return batch._replace(x=batch.x * self.value) if step == self.step else batch


def poisoned(digits, step, value=float("nan")):
    return digits._replace(train=Poisoned(digits.train, step, value))


def test_a_broken_draw_is_passed_over(tiny, digits, tmp_path):
    state, data = TrainState.create(tiny), poisoned(digits, step=7)
    records = list(train(state, data, folder=tmp_path, save_every=5, lives=1))
    assert [record.step for record in records] == [*range(1, 8), *range(6, 13)]
    assert data.train.asked == [*range(15)]
    said = [record.said for record in records if record.said]
    assert said == [
        "Step 8 gave a loss of nan and a gradient norm of nan. Back to step 5; the draws of the 3 steps "
        "since are passed over."
    ]
    assert [record.step for record in read_log(tmp_path)] == list(range(1, 13))
    assert read_log(tmp_path)[5].said == said[0] and state.skipped == 3
    assert all(p.isfinite().all() for p in state.model.parameters())


def test_what_was_passed_over_is_remembered_when_the_run_continues(tiny, digits, tmp_path):
    whole, half = TrainState.create(tiny), TrainState.create(tiny)
    list(train(whole, poisoned(digits, 7), folder=tmp_path / "whole", save_every=5, lives=1))
    list(train(half, poisoned(digits, 7), until=10, folder=tmp_path / "half", save_every=5, lives=1))
    continued = TrainState.load(tmp_path / "half")
    assert continued.skipped == 3
    list(train(continued, poisoned(digits, 7), folder=tmp_path / "half"))
    files = [(tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("whole", "half")]
    assert files[0] == files[1]


def test_twice_from_the_same_checkpoint_goes_past_both(tiny, digits, tmp_path):
    data = poisoned(digits, 7)
    first, batch = data.train.step, data.train.batch

    def twice(streams, step, size):  # draws 7 and 9 are broken
        data.train.step = step if step in (first, 9) else -1
        return batch(streams, step, size)

    data.train.batch = twice
    state = TrainState.create(tiny)
    list(train(state, data, folder=tmp_path, save_every=5, lives=2))
    assert state.skipped == 5 and state.step == 12


def test_without_lives_or_without_a_checkpoint_a_broken_loss_ends_the_run(tiny, digits, tmp_path):
    with pytest.raises(TrainingDiverged, match=r"Step 8 gave a loss of nan .* last checkpoint is untouched"):
        list(train(TrainState.create(tiny), poisoned(digits, 7), folder=tmp_path, save_every=5))
    with pytest.raises(TrainingDiverged, match="Step 8"):
        list(train(TrainState.create(tiny), poisoned(digits, 7), lives=3))
    nan = torch.full((1,), float("nan"))
    broken = digits._replace(train=Poisoned(digits.train, 7, nan))
    broken.train.batch = lambda streams, step, size: digits.train.batch(streams, step, size)._replace(
        x=digits.train.batch(streams, step, size).x * (nan if step >= 7 else 1)
    )
    with pytest.raises(TrainingDiverged, match="Step 6 gave"):
        list(train(TrainState.load(tmp_path), broken, folder=tmp_path, save_every=5, lives=3))
    assert TrainState.load(tmp_path).step == 5


def test_a_spike_is_a_loss_far_above_those_before(tmp_path):
    (tmp_path / NAME).touch()
    recovery = Recovery(1, [1.0] * (ENOUGH - 1), tmp_path)
    assert not recovery.trouble(1e6, 1.0), "too few losses to know what is usual"
    assert not recovery.trouble(0.9 * SPIKE, 1.0)
    assert "a loss of 12, 12 times the median" in recovery.trouble(1.2 * SPIKE, 1.0)
    assert not Recovery(0, [1.0] * ENOUGH, tmp_path).trouble(1e6, 1.0), "a run without lives goes on"
    assert not Recovery(1, [1.0] * ENOUGH, None).trouble(1e6, 1.0), "so does one with nowhere to go back to"


def test_a_spike_before_the_first_checkpoint_is_endured(tiny, digits, tmp_path):
    data = poisoned(digits, 60, value=30)
    state = TrainState.create(tiny.override({"training.steps": 62}))
    records = list(train(state, data, folder=tmp_path, save_every=100, lives=1))
    assert len(records) == 62 and max(record.loss for record in records) > 100 and state.skipped == 0


def test_after_the_last_life_a_spike_is_endured(tiny, digits, tmp_path):
    arm = tiny.override({"training.steps": 70})
    data = poisoned(digits, 60, value=1.0)
    data.train.batch = lambda streams, step, size: digits.train.batch(streams, step, size)._replace(
        x=digits.train.batch(streams, step, size).x * (30 if step in (60, 64) else 1)
    )
    state = TrainState.create(arm)
    records = list(train(state, data, folder=tmp_path, save_every=50, lives=1))
    assert [("times the median" in r.said) for r in records].count(True) == 1
    assert state.finished and max(record.loss for record in records) > 100


def test_draws_made_ahead_are_the_same_and_an_error_among_them_is_heard(digits):
    streams = Streams(0)

    def batches():
        for step in range(4):
            yield digits.train.batch(streams, step, 4).x
        raise OSError("no more")

    seen = []
    with pytest.raises(OSError, match="no more"):
        for x in ahead(batches()):
            seen.append(x)
    assert all(torch.equal(x, digits.train.batch(streams, step, 4).x) for step, x in enumerate(seen))
    assert len(seen) == 4
