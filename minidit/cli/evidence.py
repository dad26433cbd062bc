"""`minidit evidence`: train several seeds of an experiment and record what they did."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import tyro

from minidit.cli.report import METRICS
from minidit.errors import MiniditError
from minidit.measure.evidence import Evidence, Run, smooth
from minidit.teach.progress import progress
from minidit.training.checkpoint import write_whole
from minidit.training.loop import read_log


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
    if seeds < 3:
        raise MiniditError(f"--seeds is {seeds}; at least 3 are needed for a band.")
    if jobs < 1:
        raise MiniditError(f"--jobs is {jobs}; it must be at least 1.")
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
        ]
        for seed, folder in enumerate(folders)
    ]
    commit = _commit()
    _run_all(waiting, jobs)
    path = write_whole(
        out / f"{experiment}.cpu.json", collect(experiment, folders, commit).to_json().encode()
    )
    print(f"{seeds} seeds are recorded in {path}.")
    return 0


def _run_all(waiting: list[list[str]], jobs: int) -> None:
    """Run commands, `jobs` at a time; the first that fails stops the rest and is told."""
    environment = os.environ | {"MINIDIT_QUIET": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    running: list[subprocess.Popen] = []
    try:
        for _ in progress(range(len(waiting)), "seeds"):
            while waiting and len(running) < jobs:
                running.append(subprocess.Popen(waiting.pop(0), env=environment, stdout=subprocess.DEVNULL))
            while all(process.poll() is None for process in running):
                time.sleep(0.2)
            done = next(process for process in running if process.poll() is not None)
            running.remove(done)
            if done.returncode:
                raise MiniditError(
                    f"A seed failed with status {done.returncode}: {' '.join(map(str, done.args))}"
                )
    finally:
        for process in running:
            process.terminate()


def collect(name: str, folders: list[Path], commit: str) -> Evidence:
    """Gather finished runs into evidence of the code at `commit`."""
    metrics = [json.loads((folder / METRICS).read_text(encoding="utf-8")) for folder in folders]
    if any(values["experiment"] != metrics[0]["experiment"] for values in metrics):
        raise MiniditError(f"The finished seeds of {name} differ in settings; remove runs/evidence/{name}.")
    runs = tuple(_run(folder, values) for folder, values in zip(folders, metrics, strict=True))
    return Evidence(name, "cpu", metrics[0]["experiment"], metrics[0]["environment"], commit, runs)


def _run(folder: Path, metrics: dict[str, Any]) -> Run:
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


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return (
            subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
        )
    except FileNotFoundError:  # no git here
        return "unknown"
