"""A trial as a person makes it: committed, run in processes, killed, gone on with, recorded, read."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from minidit import MiniditError, TrainState
from minidit.claims import court
from minidit.claims.arms import arms
from minidit.claims.cards import read
from minidit.claims.job import Request, carry_out
from minidit.claims.readouts import nothing
from minidit.claims.table import estimate, listing, shown, verdicts
from minidit.claims.trial import Trial
from minidit.claims.verdict import verdict
from minidit.cli.main import main
from minidit.data.source import load

QUICK = '[tune]\nkey = "training.lr"\ngrid = [0.5, 1.0]\nseeds = 1\n[scale.cpu]'


def silent(items, label, total):
    return items


def request(card, arm="base", **changes):
    made = arms(card, "cpu")[arm].experiment.override(changes.pop("settings", {}))
    values = {"role": "main", "arm": arm, "seed": 0, "init_seed": 0, "tuned": None, "judge": None}
    values |= {"experiment": made.to_dict(), "readouts": ("velocity",), "along": ()}
    return Request(**(values | changes))


def test_a_card_that_is_not_committed_is_not_run(write, commit, tmp_path):
    path = write()
    with pytest.raises(MiniditError, match="not committed as it stands"):
        court.run(read(path), "cpu", 1, silent, tmp_path / "runs")
    commit()
    court.refuse_uncommitted(read(path))
    path.write_text(path.read_text().replace("delta = 1.0", "delta = 0.5"))
    with pytest.raises(MiniditError, match="not committed as it stands"):
        court.run(read(path), "cpu", 1, silent, tmp_path / "runs")


def test_the_scale_of_a_gpu_needs_one(write, commit, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    card = read(write())
    commit()
    with pytest.raises(MiniditError, match="Scale a100 needs a GPU"):
        court.run(card, "a100", 1, silent, tmp_path)


def test_a_run_that_diverges_counts_as_one_that_learned_nothing(write):
    card = read(write())
    run = carry_out(request(card, settings={"training.lr": 1e30, "training.warmup": 0.0}))
    assert run.diverged is not None and run.diverged <= 4
    experiment = arms(card, "cpu")["base"].experiment
    zero = nothing(load(experiment.data), experiment.objective.flow)
    assert run.readouts["velocity.held_out"] == pytest.approx(zero["velocity.held_out"], rel=1e-5)
    assert run.readouts["velocity.held_out"] > carry_out(request(card)).readouts["velocity.held_out"]


def test_a_run_is_its_seed_s_and_another_start_sees_the_same_draws(write):
    card = read(write())
    once, again, other = (carry_out(request(card, init_seed=seed)) for seed in (0, 0, 7))
    assert once.readouts["velocity.held_out"] == again.readouts["velocity.held_out"]
    assert once.readouts["velocity.held_out"] != other.readouts["velocity.held_out"]
    state = [TrainState.create(arms(card, "cpu")["base"].experiment, 0, init_seed=seed) for seed in (0, 7)]
    assert state[0].seed == state[1].seed == 0  # the seed names batches, times and noise
    assert not torch.equal(state[0].model.patch.weight, state[1].model.patch.weight)


def test_readouts_along_the_run_are_marked(write):
    run = carry_out(request(read(write()), along=("velocity",)))
    values = [run.readouts[f"velocity.held_out{mark}"] for mark in ("@0%", "@25%", "@50%", "")]
    assert len(set(values)) == 4 and values[0] > values[-1]
    assert run.readouts["cost.step_ms"] > 0


def test_a_rehearsal_tries_every_arm_and_records_nothing(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = read(write())
    cost = court.rehearse(card, "cpu", steps=2)
    assert set(cost) == {"base", "norm=rms"} and all(value > 0 for value in cost.values())
    assert "9 runs would train for about" in estimate(card, "cpu", cost)
    assert [path.name for path in tmp_path.iterdir()] == ["C99_small.toml"]


RUN = """
import sys
from pathlib import Path
from minidit.claims import court
from minidit.claims.cards import read
court.run(read(Path(sys.argv[1])), "cpu", 2, lambda items, label, total: items, Path(sys.argv[2]))
"""


def results(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*/*.json")}


@pytest.mark.slow
def test_a_killed_trial_keeps_what_is_finished_and_the_evidence_says_everything(
    write, commit, tmp_path, monkeypatch, capsys
):
    path, work = write(("[scale.cpu]", QUICK)), tmp_path / "runs"
    commit()
    trial = subprocess.Popen([sys.executable, "-c", RUN, str(path), str(work)], start_new_session=True)
    while len(results(work)) < 2:
        assert trial.poll() is None, "the trial ended before it could be killed"
        time.sleep(0.05)
    os.killpg(trial.pid, signal.SIGKILL)
    trial.wait()
    kept = results(work)
    card = read(path)
    found = court.run(card, "cpu", 2, silent, work)
    assert kept.items() <= results(work).items()  # none of them was made again
    assert not list(work.glob("*/*.partial"))

    assert len(found.runs) == 4 + 9 and {run.role for run in found.runs} == {"tune", "main", "same"}
    assert found.card_sha256 == card.sha256 and found.environment["threads"] == 1
    assert found.arms["norm=rms"].settings == {"model.norm": "rms"} and found.arms["base"].tuned in (
        0.002,
        0.004,
    )
    file = tmp_path / "C99.cpu.json"
    file.write_text(found.to_json())
    assert Trial.read(file) == found
    assert len(file.read_text().splitlines()) < 60  # a line a run, an arm, and a value of the head
    (said,) = verdict(card, found)
    assert said.name == "C99.a" and set(said.differences) == {0, 1, 2}

    monkeypatch.setattr("minidit.claims.court.locate", lambda name: file if name == file.name else None)
    table = verdicts([card])
    assert "C99.a" in table and said.word in table
    assert "[cpu]" in listing([card])
    path.write_text(path.read_text().replace("delta = 1.0", "delta = 0.5"))
    assert "stale" in verdicts([read(path)])


def test_broken_evidence_is_told(tmp_path):
    path = tmp_path / "C99.cpu.json"
    for content in ("", "{}", json.dumps({"format": "minidit trial 0"}), '{"format": "minidit trial 1"}'):
        path.write_text(content)
        with pytest.raises(MiniditError, match="is no evidence of a claim"):
            Trial.read(path)


def test_a_card_is_shown_as_a_person_reads_it(write):
    words = shown(read(write()))
    for part in (
        "Does RMSNorm help?",
        '"it helps"',
        "C99.a",
        "velocity.held_out of norm=rms beside base: lower",
        "What would change our mind",
    ):
        assert part in words


def test_the_command_line_lists_shows_and_decides(capsys):
    for command in (["claims"], ["claims", "show", "c06"], ["claims", "verdict", "C06"], ["claims", "table"]):
        assert main(command) == 0
        assert "C06" in capsys.readouterr().out
    assert main(["claims", "run"]) == 2
    assert "Name a claim" in capsys.readouterr().err
