"""Record book/evidence/patches.cpu.json: what chapter 2 trains, for five seeds, and more than it has time for.

OMP_NUM_THREADS=1 python book/artefacts/patches.py

About 30 minutes on one thread. A finished seed is kept in runs/seeds/patches, and not run again.
"""

import json
import statistics
import time
from pathlib import Path

import torch

import minidit
from minidit import Experiment, TrainState
from minidit.data import Data, load
from minidit.files import write_whole
from minidit.flow import Draw, velocity_error
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

COST = Path("runs/seeds/patches/cost.json")
BASE = minidit.experiment("shapes", ("training.batch_size=8",))  # small batches: more steps in short runs
SIZES = (1, 2, 4, 8)
BUDGET, LONG, SEEDS, IMAGES = 9.0, 36.0, 5, 256  # seconds, seconds, runs, held-out images
TOLD = {
    "none": {"model.position": "none"},
    "learned": {"model.position": "learned"},
    "rope": {"model.position": "none", "model.rope": "axial"},
}


def arm(patch_size: int, steps: int, changes: dict[str, object] | None = None) -> Experiment:
    """The base with another patch size."""
    return BASE.override({"model.patch_size": patch_size, "training.steps": steps, **(changes or {})})


def seconds_per_step(data: Data) -> dict[int, float]:
    """Processor seconds of a step for each patch size, the median of 8 rounds in turn."""
    runs = {p: minidit.train(TrainState.create(arm(p, 1000)), data) for p in SIZES}
    rounds: dict[int, list[float]] = {p: [] for p in SIZES}
    for turn in range(9):
        for p, run in runs.items():
            began = time.process_time()
            for _ in range(20):
                next(run)
            if turn:  # the first round warms up
                rounds[p].append((time.process_time() - began) / 20)
    return {p: round(statistics.median(times), 5) for p, times in rounds.items()}


def error(state: TrainState, data: Data) -> float:
    """Held-out velocity error of the averaged weights, on draws that are the same for every network."""
    batch = data.held_out.at(torch.arange(IMAGES))
    noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "chapter 2"))
    draw = Draw(torch.linspace(0.05, 0.95, IMAGES), noise, torch.zeros(IMAGES, dtype=torch.bool))
    with torch.no_grad():
        f = state.ema.module.eval()
        return velocity_error(state.experiment.objective.flow, f, batch, draw).mean().item()


def arms(cost: dict[int, float]) -> dict[str, Experiment]:
    """Every network that is trained, by name; the steps follow from the cost of a step."""
    steps = {p: 10 * round(BUDGET / cost[p] / 10) for p in SIZES}
    longer = {p: 10 * round(LONG / cost[p] / 10) for p in SIZES[:3]}
    found = {f"p{p}": arm(p, n) for p, n in steps.items()}
    found |= {name: arm(2, steps[2], changes) for name, changes in TOLD.items()}
    found |= {f"p{p}.long": arm(p, n) for p, n in longer.items()}
    for word, factor in (("half", 0.5), ("double", 2.0)):
        found |= {
            f"p{p}.{word}": arm(p, steps[p], {"training.lr": factor * BASE.training.lr}) for p in SIZES[:3]
        }
    return found


def run(seed: int, cost: dict[int, float], data: Data) -> dict[str, float]:
    """Train every arm with one seed."""
    readouts = {f"seconds_per_step.p{p}": seconds for p, seconds in cost.items()}
    for name, experiment in progress(arms(cost).items(), f"seed {seed}"):
        state = TrainState.create(experiment, seed)
        for _ in minidit.train(state, data):
            pass
        readouts[f"error.{name}"] = error(state, data)
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    if not COST.exists():
        write_whole(COST, json.dumps(seconds_per_step(shapes)).encode())
    calibrated = {int(p): seconds for p, seconds in json.loads(COST.read_text()).items()}
    record_seeds("patches", BASE, range(SEEDS), lambda seed: run(seed, calibrated, shapes))
