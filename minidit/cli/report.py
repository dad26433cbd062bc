"""After training: samples in a picture, their measure in a file, and what to do next."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from minidit.data.images import Data
from minidit.data.source import load
from minidit.files import write_whole
from minidit.measure.evidence import environment, smooth
from minidit.measure.judge import Judge
from minidit.measure.quality import quality
from minidit.teach.figures import grid
from minidit.teach.progress import progress
from minidit.teach.show import png
from minidit.training.records import read_log
from minidit.training.sampling import sample
from minidit.training.state import TrainState

METRICS, SAMPLES = "metrics.json", "samples.png"


def evaluate(
    state: TrainState, data: Data, count: int, guidance: tuple[float, ...], steps: int
) -> tuple[dict[str, Any], torch.Tensor, torch.Tensor]:
    """Judge `count` samples at each guidance; return the measures, and the last samples with their labels."""
    real = load(state.experiment.data.pixels) if state.experiment.data.latent else data
    judge = Judge.train(real.train, watch=lambda steps: progress(steps, "judge"))
    labels = torch.arange(count) % state.experiment.model.num_classes
    measures: dict[str, Any] = {
        "count": count,
        "sampler": f"Euler, {steps} steps",
        "judge_accuracy_on_held_out": judge.accuracy(real.held_out.x, real.held_out.labels),
        "guidance": {},
    }
    for w in guidance:
        images = sample(
            state, labels, w, steps, watch=lambda parts, w=w: progress(parts, f"sampling w={w:g}")
        )
        images = data.train.pixels(images)
        measures["guidance"][f"{w:g}"] = asdict(quality(images, labels, real, judge))
    return measures, images, labels


def report(state: TrainState, data: Data, folder: Path) -> None:
    """Write samples.png and metrics.json into the run's folder, and say what they show."""
    measures, images, labels = evaluate(state, data, count=500, guidance=(1.0, 2.0), steps=50)
    records = read_log(folder)
    seconds, cpu_seconds = sum(r.seconds for r in records), sum(r.cpu_seconds for r in records)
    _, losses = smooth([record.loss for record in records])
    training = {
        "steps": state.step,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "loss": losses[-1] if losses else None,
        "parameters": sum(p.numel() for p in state.model.parameters()),
    }
    title = f"samples at guidance 2: {state.step} steps, {cpu_seconds:.0f} processor seconds"
    write_whole(folder / SAMPLES, png(grid(images, labels, data.train.class_names, title)))
    metrics = {
        "experiment": state.experiment.to_dict(),
        "seed": state.seed,
        "environment": environment(),
        "training": training,
        "samples": measures,
    }
    write_whole(folder / METRICS, (json.dumps(metrics, indent=1) + "\n").encode())
    print(f"Trained {training['parameters']:,} parameters for {state.step} steps in {seconds:.0f} s.")
    print(table(measures))
    print(_next(folder, state.experiment.model.num_classes))


def table(measures: dict[str, Any]) -> str:
    """The measures as a small table, with what each number means."""
    lines = ["guidance   recognised   Frechet distance   to the training set   copied"]
    for w, values in measures["guidance"].items():
        near = values["neighbours"]
        lines.append(
            f"{w:>8} {values['accuracy']:>12.1%} {values['frechet_distance']:>18.1f}"
            f" {near['samples_to_train']:>21.3f} {near['copied']:>8.1%}"
        )
    judge, floor = measures["judge_accuracy_on_held_out"], values["frechet_floor"]
    real = near["held_out_to_train"]
    lines.append(f"{'real':>8} {judge:>12.1%} {floor:>18.1f} {real:>21.3f} {0.01:>8.1%}")
    words = f"""
{measures["count"]} samples ({measures["sampler"]}). Recognised, and the features of the Frechet distance:
by a small classifier, trained here on the same training images. "real": held-out
images, which training never saw; the classifier reads {judge:.1%} of them right, and
the Frechet distance there is the floor, that of as many training images to them;
it falls with their number. To the training set: median distance to the nearest
training image. Copied: at least as near to it as the nearest 1 % of held-out images;
a model that repeats its training set would show 100 %."""
    return "\n".join(lines) + words


def _next(folder: Path, classes: int) -> str:
    labels = " ".join(map(str, range(min(3, classes))))
    return f"""
Look at {folder / SAMPLES}; the numbers are in {folder / METRICS}.
Next:
  draw what you like  {program()} sample {folder} --labels {labels} --w 3
  colours and shapes  {program()} train shapes
  understand it all   make lab, and open ch01_first_model.ipynb"""


def program() -> str:
    """How to start minidit from here: by its name, or through Python where the script is not on the path."""
    if shutil.which("minidit"):
        return "minidit"
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{shown} -m minidit"
