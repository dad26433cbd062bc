"""Record book/evidence/predictions.cpu.json: what chapter 6 trains, for five seeds, and more than it has time for.

OMP_NUM_THREADS=1 python book/artefacts/predictions.py

About 12 minutes on one thread. A finished seed is kept in runs/seeds/predictions, and not run again.
"""

import torch

import minidit
from minidit import Experiment, TrainState
from minidit.data import Data, load
from minidit.flow import PREDICTIONS, Draw, velocity_error
from minidit.measure.evidence import WINDOW
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

BASE = minidit.experiment("shapes", ("training.batch_size=8",))  # small batches: more steps in short runs
STEPS, COARSE_STEPS, SEEDS, IMAGES, PARTS, PIECE = 250, 400, 5, 512, 6, 64


def arms() -> dict[str, Experiment]:
    """Every network that is trained, by name: prediction, and .v where it descends the velocity's loss."""
    predict, weigh = "objective.flow.prediction", "objective.weighting"
    fine, coarse = {"training.steps": STEPS}, {"training.steps": COARSE_STEPS, "model.patch_size": 8}
    found = {name: {predict: name, **fine} for name in PREDICTIONS}
    found |= {f"{name}.v": {predict: name, weigh: "velocity", **fine} for name in PREDICTIONS[1:]}
    for word, factor in (("half", 0.5), ("double", 2.0)):
        rate = {"training.lr": factor * BASE.training.lr}
        found |= {f"{name}.{word}": {predict: name, **fine, **rate} for name in PREDICTIONS[:3]}
    found |= {f"p8.{name}": {predict: name, **coarse} for name in PREDICTIONS[:3]}
    found["p8.data.v"] = {predict: "data", weigh: "velocity", **coarse}
    return {name: BASE.override(changes) for name, changes in found.items()}


@torch.no_grad()
def readouts(state: TrainState, data: Data) -> dict[str, float]:
    """Held-out errors of the averaged weights, on draws that are the same for every network.

    Of the velocity, by parts of the time from noise to data too; and the same errors read as those of the
    data and of the noise.
    """
    batch = data.held_out.at(torch.arange(IMAGES))
    noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "chapter 6"))
    t, told = torch.linspace(0.05, 0.95, IMAGES), torch.zeros(IMAGES, dtype=torch.bool)
    f, flow, errors = state.ema.module.eval(), state.experiment.objective.flow, []
    for start in range(0, IMAGES, PIECE):
        piece = torch.arange(start, start + PIECE)
        draw = Draw(t[piece], noise[piece], told[piece])
        errors.append(velocity_error(flow, f, data.held_out.at(piece), draw))
    error = torch.cat(errors)
    found = {"velocity": error, "data": error * (1 - t) ** 2, "noise": error * t**2}
    means = {name: values.mean().item() for name, values in found.items()}
    parts = {f"velocity.t{k}": part.mean().item() for k, part in enumerate(error.chunk(PARTS), start=1)}
    return means | parts


def run(seed: int, data: Data) -> dict[str, float]:
    """Train every arm with one seed."""
    found = {}
    for name, experiment in progress(arms().items(), f"seed {seed}"):
        state = TrainState.create(experiment, seed)
        losses = [record.loss for record in minidit.train(state, data)]
        found[f"{name}.printed"] = sum(losses[-WINDOW:]) / WINDOW
        found |= {f"{name}.{key}": value for key, value in readouts(state, data).items()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    record_seeds("predictions", BASE, range(SEEDS), lambda seed: run(seed, shapes))
