"""What the report and the evidence say is what was drawn, trained and judged."""

import json
import sys

import pytest
import torch

import minidit
from minidit import MiniditError, TrainState
from minidit.cli import evidence as evidence_cli
from minidit.cli import report as report_cli
from minidit.cli import train as train_cli
from minidit.measure import Evidence, Judge
from minidit.measure.evidence import Run
from minidit.training.pool import run_all


@pytest.fixture
def trained(tiny):
    return TrainState.create(tiny)


def test_evaluate_draws_what_it_says_and_judges_by_the_training_half(trained, digits, monkeypatch):
    asked, shown = [], []

    def drawn(state, labels, w, steps, **_):
        asked.append((w, steps, labels.tolist()))
        return digits.held_out.x[: len(labels)] if w == 2 else torch.zeros(len(labels), 1, 8, 8)

    def train_judge(images, **more):
        shown.append((images, real(images, **more)))
        return shown[-1][1]

    real = Judge.train
    monkeypatch.setattr(report_cli, "sample", drawn)
    monkeypatch.setattr(Judge, "train", train_judge)
    measures, images, labels = report_cli.evaluate(trained, digits, 25, (1.0, 2.0), 7)
    assert asked == [(w, 7, [k % 10 for k in range(25)]) for w in (1.0, 2.0)]
    assert list(measures["guidance"]) == ["1", "2"]
    assert measures["guidance"]["1"]["frechet_distance"] > 3 * measures["guidance"]["2"]["frechet_distance"]
    ((seen, judge),) = shown
    assert seen is digits.train
    held_out = judge.accuracy(digits.held_out.x, digits.held_out.labels)
    assert measures["judge_accuracy_on_held_out"] == held_out < 1
    assert torch.equal(images, digits.held_out.x[:25]) and labels.tolist() == asked[-1][2]


def finished(folder, seed):
    folder.mkdir(parents=True)
    records = [
        dict(step=k, loss=seed + k / 100, gradient_norm=0, lr=0, seconds=0, cpu_seconds=0)
        for k in range(1, 101)
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    near = {"samples_to_train": 0.1, "held_out_to_train": 0.2, "copied": 0.0}
    guidance = {w: {"accuracy": 0.9 + int(w) / 100, "neighbours": near} for w in ("1", "2")}
    metrics = {"experiment": {}, "environment": {}, "seed": seed, "samples": {"guidance": guidance}}
    metrics["training"] = {"loss": 1.0, "seconds": 3.0, "cpu_seconds": 4.0}
    (folder / "metrics.json").write_text(json.dumps(metrics))


def test_evidence_trains_each_seed_and_gathers_what_it_did(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run_all(commands, jobs):
        for number, command in enumerate(commands):
            assert command[1:5] == ["-m", "minidit", "train", "digits"]
            finished(
                tmp_path / command[command.index("--out") + 1], int(command[command.index("--seed") + 1])
            )
            yield number

    monkeypatch.setattr(evidence_cli, "run_all", run_all)
    assert evidence_cli.command("digits", seeds=3, out=tmp_path / "found") == 0
    monkeypatch.setattr(
        "minidit.measure.evidence.find", lambda name, scale: tmp_path / "found" / "digits.cpu.json"
    )
    evidence = Evidence.read("digits")
    assert [run.seed for run in evidence.runs] == [0, 1, 2]
    assert evidence.runs[1].steps == [50, 100] and evidence.runs[1].losses == [1.255, 1.755]
    assert evidence.readout("accuracy.w1") == [0.91] * 3 and evidence.readout("accuracy.w2") == [0.92] * 3


@pytest.mark.parametrize("count", [1, 3])
def test_one_recorded_run_is_no_band_to_train_in(tiny, monkeypatch, count):
    run = Run(0, [50], [1.0], {}, 1.0, 1.0)
    evidence = Evidence("tiny", "cpu", tiny.to_dict(), {}, "abc", (run,) * count)
    monkeypatch.setattr(Evidence, "read", lambda name: evidence)
    assert train_cli._recorded("tiny", tiny) == (evidence if count == 3 else None)


def test_a_seed_that_fails_stops_the_evidence():
    with pytest.raises(MiniditError, match="failed with status 3"):
        list(run_all([[sys.executable, "-c", "raise SystemExit(3)"]], jobs=1))


def test_another_run_in_the_folder_is_refused_by_the_library_too(tiny, digits, tmp_path):
    list(minidit.train(TrainState.create(tiny), digits, until=2, folder=tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(MiniditError, match="holds another run"):
        next(minidit.train(TrainState.create(tiny, seed=5), digits, folder=tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_log_that_lacks_steps_is_no_evidence(tmp_path):
    finished(tmp_path / "seed-0", 0)
    log = tmp_path / "seed-0" / "log.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[3:]))
    with pytest.raises(MiniditError, match="lacks steps"):
        evidence_cli.collect("digits", [tmp_path / "seed-0"], "abc")
