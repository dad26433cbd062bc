"""Before the first step: what it will take, and whether there is so much."""

import re
import sys
from types import SimpleNamespace

import pytest
import torch

from minidit import MiniditError, TrainState
from minidit.cli.computing import Computing, ready
from minidit.cli.main import main
from minidit.cli.watching import TRACKERS, pictures, trackers, watched
from minidit.training import Record, train


def test_memory_and_time_are_said_and_nothing_is_changed(tiny, digits, capsys):
    states = [TrainState.create(tiny) for _ in range(2)]
    engine, _ = ready(states[0], digits, Computing())
    said = capsys.readouterr().out
    assert re.search(r"Memory: about [.\d]+ MB, of which [.\d]+ MB for activations\.", said)
    assert re.search(r"Time: about \d+ s for 12 steps, at \d+ ms for one\.", said)
    assert states[0].step == 0
    list(train(states[0], digits, engine=engine))
    list(train(states[1], digits))
    for ours, theirs in zip(*(state.model.parameters() for state in states), strict=True):
        assert torch.equal(ours, theirs)


def test_a_run_that_does_not_fit_is_refused_with_what_would_help(tiny, digits):
    state = TrainState.create(tiny)
    with pytest.raises(MiniditError, match=r"may use 0\.2 MB: try --recompute or --micro-batch 2 or --shard"):
        ready(state, digits, Computing(memory_limit=0.0002))
    small = TrainState.create(tiny.override({"training.batch_size": 1}))
    with pytest.raises(MiniditError, match=r"may use 0\.1 MB: try --shard with several processes"):
        ready(small, digits, Computing(memory_limit=0.0001, recompute=True))
    ready(state, digits, Computing(memory_limit=1.0))


def test_a_compiler_that_fails_is_a_note(tiny, digits, capsys, monkeypatch):
    def broken(function, **how):
        def call(*given):
            raise RuntimeError("no compiler\nand many lines more")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    ready(TrainState.create(tiny), digits, Computing(compile=True))
    said = capsys.readouterr().out
    assert "Note: Steps are not compiled here, and run as they are: no compiler\n" in said


def test_sharding_one_process_is_refused(tmp_path, capsys):
    assert main(["train", "digits", "--shard", "--out", str(tmp_path / "run")]) == 2
    assert "there is one: start it with torchrun --nproc-per-node 2" in capsys.readouterr().err


def records():
    return [Record(step, 1 / step, 2.0, 0.1, 0.5, 0.4) for step in (1, 2, 3)]


def test_pictures_come_on_a_schedule(tiny, digits, tmp_path):
    state = TrainState.create(tiny)
    shown = list(watched(records(), pictures(2, state, digits, tmp_path)))
    assert shown == records()
    assert [path.name for path in tmp_path.rglob("*")] == ["samples", "00000002.png"]
    assert (tmp_path / "samples" / "00000002.png").read_bytes().startswith(b"\x89PNG")
    assert pictures(0, state, digits, tmp_path) == []


def test_curves_go_where_they_are_asked_to(tiny, tmp_path, monkeypatch):
    """The two packages are replaced by what records their calls: a test's runs are nobody else's business."""
    calls = []
    state = TrainState.create(tiny.override({"training.steps": 3}))

    def writer(folder, purge_step):
        calls.append(("open", folder.name, purge_step))
        return SimpleNamespace(
            add_scalar=lambda *given: calls.append(given), flush=lambda: calls.append(("flush",))
        )

    def init(**given):
        calls.append(("init", given["project"], given["resume"], given["config"]["training"]["steps"]))
        return SimpleNamespace(
            log=lambda values, step: calls.append((values["loss"], step)),
            finish=lambda: calls.append(("finish",)),
        )

    monkeypatch.setitem(sys.modules, "tensorboard", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=writer))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    list(watched(records(), trackers(("tensorboard", "wandb"), tmp_path, state)))
    assert calls[:2] == [("open", "tensorboard", 1), ("init", "minidit", "allow", 3)]
    assert ("loss", 0.5, 2) in calls and ("lr", 0.1, 3) in calls and (0.5, 2) in calls
    assert calls[-2:] == [(1 / 3, 3), ("finish",)] and calls.count(("flush",)) == 1


def test_a_tracker_that_is_not_there_is_told(tiny, tmp_path, monkeypatch):
    state = TrainState.create(tiny)
    with pytest.raises(MiniditError, match="--log-to is tensorbord; it must be one of: tensorboard, wandb"):
        trackers(("tensorbord",), tmp_path, state)
    for name in TRACKERS:
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(MiniditError, match=f"`pip install {name}` brings it"):
            trackers((name,), tmp_path, state)
