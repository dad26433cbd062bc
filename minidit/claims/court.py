"""A trial from card to evidence: every run in its own process, finished ones kept, all in one file."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from minidit.claims.arms import Arm, arms
from minidit.claims.card import Card
from minidit.claims.fresh import is_fresh
from minidit.claims.job import Request, carry_out
from minidit.claims.judges import prepare
from minidit.claims.plan import Job, chosen, deciding, tuning
from minidit.claims.trial import Trial, TrialArm, TrialRun
from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.measure.evidence import locate
from minidit.training.pool import run_all

# wraps what takes long, as a progress line does: (items, label, how many)
Watch = Callable[[Iterable[int], str, int], Iterable[int]]


def run(card: Card, scale: str, jobs: int, watch: Watch, work: Path = Path("runs/claims")) -> Trial:
    """Run what a card plans at a scale and is not done yet.

    Args:
        card: committed, so that everybody can see that it was written before its run.
        scale: "cpu", or "a100" on a GPU.
        jobs: processes at a time.
        watch: shows progress.
        work: where finished runs are kept; a changed card begins in a folder of its own.

    Raises:
        MiniditError: the card is not committed, there is no GPU for a100, a run failed, or settings that do
            not fit together.
    """
    refuse_uncommitted(card)
    device = device_of(scale)
    made = arms(card, scale)
    folder = work / f"{card.id}.{scale}-{card.sha256[:8]}"
    first = tuning(card, made)
    _carry_out(card, made, first, folder, device, jobs, watch)
    tuned = chosen(card, made, [run for run, _ in _finished(folder, first)])
    second = deciding(made, card.scale(scale).planned, tuned)
    _carry_out(card, made, second, folder, device, jobs, watch)
    return _collect(card, scale, made, tuned, list(_finished(folder, [*first, *second])))


def rehearse(card: Card, scale: str, steps: int = 20) -> dict[str, float]:
    """Try every arm for a few steps in this process, and return milliseconds a step: nothing is recorded.

    Raises:
        MiniditError: what a run of the card would refuse.
    """
    device, cost = device_of(scale), {}
    for name, arm in arms(card, scale).items():
        short = arm.experiment.override({"training.steps": steps})
        request = Request("main", name, 0, 0, None, short.to_dict(), ("velocity",), card.along, None, device)
        cost[name] = carry_out(request).readouts["cost.step_ms"]
    return cost


def refuse_uncommitted(card: Card) -> None:
    """Raise MiniditError unless git holds the card as it stands: a plan is a plan before its run."""
    place = ["git", "-C", str(card.path.parent)]
    try:
        tracked = subprocess.run([*place, "ls-files", "--error-unmatch", card.path.name], capture_output=True)
        clean = subprocess.run([*place, "diff", "--quiet", "HEAD", "--", card.path.name], capture_output=True)
    except FileNotFoundError:
        raise MiniditError("A trial needs git, to show that its card was written before its run.") from None
    if tracked.returncode or clean.returncode:
        raise MiniditError(
            f"{card.path.name} is not committed as it stands. Commit it first, so that everybody can see "
            f"that it was written before its run; `minidit claims rehearse {card.id}` records nothing."
        )


def device_of(scale: str) -> str:
    """Where a scale computes: cpu, or cuda for a100. Raises MiniditError where there is no GPU for it."""
    if scale == "cpu":
        return "cpu"
    if not torch.cuda.is_available():
        raise MiniditError(f"Scale {scale} needs a GPU, and PyTorch sees none here. Use --scale cpu.")
    return "cuda"


def _carry_out(
    card: Card, made: dict[str, Arm], wanted: list[Job], folder: Path, device: str, jobs: int, watch: Watch
) -> None:
    """Run those of `wanted` whose result is not there yet."""
    waiting = [job for job in wanted if not (folder / f"{job.name}.json").is_file()]
    commands = []
    for job in waiting:
        request = folder / "requests" / f"{job.name}.json"
        write_whole(request, json.dumps(asdict(_request(card, made, job, folder, device))).encode())
        result = folder / f"{job.name}.json"
        commands.append([sys.executable, "-m", "minidit.claims.job", str(request), str(result)])
    if commands:
        done = len(wanted) - len(waiting)
        label = f"{card.id} {wanted[0].role}" + (f" ({done} kept)" if done else "")
        for _ in watch(run_all(commands, jobs), label, len(commands)):
            pass


def _request(card: Card, made: dict[str, Arm], job: Job, folder: Path, device: str) -> Request:
    arm = made[job.arm]
    experiment = arm.experiment if job.tuned is None else arm.tuned(card.tune.key, job.tuned)
    decides = job.role != "tune"
    judge = None
    judged = decides and {"quality", "reconstruction"} & {*card.readouts}
    if judged or is_fresh(experiment):  # an autoencoder's loss looks through the judge's eyes
        data = experiment.data
        judge = str(
            prepare(data, folder / f"judge.{data.source.replace('/', '-')}.{data.resolution}.safetensors")
        )
    return Request(
        *job[:5],
        experiment=experiment.to_dict(),
        readouts=card.readouts if decides else ("velocity",),
        along=card.along if decides else (),
        judge=judge,
        device=device,
    )


def _finished(folder: Path, jobs: list[Job]) -> Iterator[tuple[TrialRun, dict[str, Any]]]:
    """The results of runs, with the code and the machine that made each."""
    for job in jobs:
        values = json.loads((folder / f"{job.name}.json").read_text(encoding="utf-8"))
        yield TrialRun(**values.pop("run")), values


def _collect(
    card: Card, scale: str, made: dict[str, Arm], tuned: dict[str, float | None], finished: list
) -> Trial:
    """One record of all runs. Raises MiniditError where they were not made on one kind of machine."""
    machines = {json.dumps(values["environment"], sort_keys=True) for _, values in finished}
    if len(machines) > 1:
        raise MiniditError(
            f"The runs of {card.id} were made on {len(machines)} kinds of machine, or with several versions "
            "of PyTorch; times would not compare. Remove runs/claims and run all of them here."
        )
    held = {}
    for name, arm in made.items():
        experiment = arm.experiment if tuned[name] is None else arm.tuned(card.tune.key, tuned[name])
        held[name] = TrialArm(
            arm.settings, experiment.to_dict(), arm.parameters, arm.flops_per_step, tuned[name]
        )
    return Trial(
        claim=card.id,
        scale=scale,
        card_sha256=card.sha256,
        commit=", ".join(sorted({values["commit"] for _, values in finished})),
        date=max(values["date"] for _, values in finished),
        environment=finished[0][1]["environment"],
        arms=held,
        runs=tuple(run for run, _ in finished),
    )


def committed(card: Card) -> dict[str, Trial]:
    """The recorded evidence of a card, by scale."""
    paths = {scale: locate(f"{card.id}.{scale}.json") for scale in card.scales}
    return {scale: Trial.read(path) for scale, path in paths.items() if path is not None}
