"""A run on disk: whole or not at all, read safely, and never destroyed by an error."""

import errno
import os

import pytest
import torch
from safetensors.torch import save_file

from minidit import MiniditError, TrainState, train
from minidit.training import checkpoint

NAME = checkpoint.NAME


@pytest.fixture
def saved(tiny, digits, tmp_path):
    state = TrainState.create(tiny)
    list(train(state, digits, until=3, folder=tmp_path))
    return state, tmp_path


def test_everything_comes_back(saved):
    state, folder = saved
    again = TrainState.load(folder)
    assert (again.experiment, again.seed, again.step) == (state.experiment, 0, 3)
    for name, parameter in again.model.named_parameters():
        original = dict(state.model.named_parameters())[name]
        memory = [s.optimizer.state[p] for s, p in ((again, parameter), (state, original))]
        assert memory[0].keys() == memory[1].keys() == {"step", "exp_avg", "exp_avg_sq"}
        assert all(torch.equal(memory[0][key], memory[1][key]) for key in memory[0])
    assert int(again.ema.n_averaged) == 3


def test_a_full_disk_leaves_the_old_checkpoint(saved, monkeypatch):
    state, folder = saved
    good = (folder / NAME).read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    state.step += 1
    with pytest.raises(MiniditError, match=r"The disk is full: .*What was saved there before is untouched"):
        state.save(folder)
    assert (folder / NAME).read_bytes() == good
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "log.jsonl"]


def test_a_crash_while_writing_leaves_the_old_checkpoint(saved, monkeypatch):
    state, folder = saved
    good = (folder / NAME).read_bytes()

    def crash(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        state.save(folder)
    assert (folder / NAME).read_bytes() == good
    assert TrainState.load(folder).step == 3


def test_a_folder_under_a_file_is_refused(tiny, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(MiniditError, match="a file is in the way"):
        TrainState.create(tiny).save(tmp_path / "file" / "run")
    with pytest.raises(MiniditError, match="a file is in the way"):
        TrainState.create(tiny).save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("keep", [0, 5, 1000, -1])
def test_a_truncated_checkpoint_is_told_and_kept(saved, keep):
    _, folder = saved
    damaged = (folder / NAME).read_bytes()[:keep]
    (folder / NAME).write_bytes(damaged)
    with pytest.raises(MiniditError, match="is damaged or is no safetensors file"):
        TrainState.load(folder)
    assert (folder / NAME).read_bytes() == damaged


def test_a_foreign_checkpoint_is_told(tmp_path):
    save_file({"weight": torch.zeros(3)}, tmp_path / NAME)
    with pytest.raises(MiniditError, match="was not written by this version of minidit"):
        TrainState.load(tmp_path)
    (tmp_path / NAME).write_bytes(b"\x80\x04 a pickle, say")
    with pytest.raises(MiniditError, match="is damaged or is no safetensors file"):
        TrainState.load(tmp_path)


def test_a_checkpoint_whose_weights_do_not_fit_is_told(saved):
    state, folder = saved
    tensors = {"model.patch.weight": torch.zeros(1)}
    saved_run = checkpoint.Checkpoint(state.experiment.to_dict(), 0, 3, tensors)
    checkpoint.write_checkpoint(folder, saved_run)
    with pytest.raises(MiniditError, match="its tensors do not fit"):
        TrainState.load(folder)


def test_older_checkpoints_are_kept_and_the_oldest_go(tiny, digits, tmp_path):
    list(train(TrainState.create(tiny), digits, folder=tmp_path, save_every=3, keep=2))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint-00000009.safetensors",
        "checkpoint-00000012.safetensors",
        NAME,
        "log.jsonl",
    ]
    assert TrainState.load(tmp_path).step == 12
    older = TrainState.load(tmp_path, step=9)
    assert older.step == 9
    list(train(older, digits, folder=tmp_path / "again"))
    assert (tmp_path / "again" / NAME).read_bytes() == (tmp_path / NAME).read_bytes()
    with pytest.raises(
        MiniditError, match=r"checkpoint-00000003.* is missing. Kept are those of steps 9, 12"
    ):
        TrainState.load(tmp_path, step=3)


def test_a_disk_that_knows_no_second_names_gets_a_copy(saved, monkeypatch):
    state, folder = saved

    def none(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    state.save(folder, keep=2)
    assert (folder / "checkpoint-00000003.safetensors").read_bytes() == (folder / NAME).read_bytes()


def test_no_checkpoint(tmp_path):
    with pytest.raises(MiniditError, match="There is no trained model in"):
        TrainState.load(tmp_path)
