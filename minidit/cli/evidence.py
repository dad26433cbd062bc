"""`minidit evidence`: train several seeds of an experiment and record what they did."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from minidit.cli.report import METRICS
from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.measure.evidence import FEWEST, Evidence, Run, commit, smooth
from minidit.teach.progress import progress
from minidit.training.pool import run_all
from minidit.training.records import read_log


def command(
    experiment: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="EXPERIMENT")] = "digits",
    *,
    seeds: int = 5,
    jobs: int = 2,
    out: Path = Path("book/evidence"),
) -> int:
    """Train seeds 0, 1, ... as one-thread processes; write OUT/EXPERIMENT.cpu.json. Finished seeds are kept.

    Args:
        experiment: a named experiment.
        seeds: how many; at least 3, for a band.
        jobs: processes at a time; no more than there are cores.
        out: folder of the evidence.
    """
    if seeds < FEWEST:
        raise MiniditError(f"--seeds is {seeds}; at least {FEWEST} are needed for a band.")
    folders = [Path("runs") / "evidence" / experiment / f"seed-{seed}" for seed in range(seeds)]
    waiting = [
        [
            sys.executable,
            "-m",
            "minidit",
            "train",
            experiment,
            "--seed",
            str(seed),
            "--out",
            str(folder),
            "--device",
            "cpu",
            "--lives",
            "0",  # a run that went back would have seen other draws than its neighbours
        ]
        for seed, folder in enumerate(folders)
    ]
    code = commit()
    for _ in progress(run_all(waiting, jobs), "seeds", seeds):
        pass
    path = write_whole(out / f"{experiment}.cpu.json", collect(experiment, folders, code).to_json().encode())
    print(f"{seeds} seeds are recorded in {path}.")
    return 0


def collect(name: str, folders: list[Path], commit: str) -> Evidence:
    """Gather finished runs into evidence of the code at `commit`."""
    metrics = [json.loads((folder / METRICS).read_text(encoding="utf-8")) for folder in folders]
    if any(values["experiment"] != metrics[0]["experiment"] for values in metrics):
        raise MiniditError(f"The finished seeds of {name} differ in settings; remove runs/evidence/{name}.")
    runs = tuple(recorded(folder, values) for folder, values in zip(folders, metrics, strict=True))
    return Evidence(name, "cpu", metrics[0]["experiment"], metrics[0]["environment"], commit, runs)


def recorded(folder: Path, metrics: dict[str, Any]) -> Run:
    """The run in `folder`, with the readouts of its metrics. Raises MiniditError where its log has gaps."""
    records = read_log(folder)
    if [record.step for record in records] != list(range(1, len(records) + 1)):
        raise MiniditError(f"The log in {folder} lacks steps; remove that folder and start again.")
    steps, losses = smooth([record.loss for record in records])
    readouts = {"loss": metrics["training"]["loss"]}
    for w, values in metrics["samples"]["guidance"].items():
        flat = {**values, **values["neighbours"]}
        readouts |= {f"{key}.w{w}": value for key, value in flat.items() if key != "neighbours"}
    training = metrics["training"]
    rounded = [round(loss, 5) for loss in losses]
    return Run(metrics["seed"], steps, rounded, readouts, training["seconds"], training["cpu_seconds"])
