"""Record book/evidence/coupling.cpu.json: three ways to pair noise with digits, told the labels or not.

OMP_NUM_THREADS=1 python book/artefacts/coupling.py

About 15 minutes on one thread. A finished seed is kept in runs/seeds/coupling, and not run again.
"""

import torch
from torch import Tensor

import minidit
from minidit import Experiment, TrainState
from minidit.data import Data, load
from minidit.flow import COUPLINGS, euler, last, times
from minidit.measure import Judge, bend, frechet_distance
from minidit.measure.evidence import WINDOW
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

BASE = minidit.experiment("digits", ("training.steps=500",))
CLASSES, IMAGES, PATHS, BUDGETS = BASE.model.num_classes, 500, 100, (1, 2, 4, 8, 25)
# how the networks are trained beside the coupling; with all labels dropped a network never sees one
SETTINGS = {
    "told": {},
    "ignored": {"objective.label_drop": 1.0},
    "told.64": {"training.batch_size": 64},
}


def arms() -> dict[str, Experiment]:
    """Every network that is trained: SETTING.COUPLING."""
    return {
        f"{setting}.{coupling}": BASE.override({"objective.coupling": coupling, **changes})
        for setting, changes in SETTINGS.items()
        for coupling in COUPLINGS
    }


def line(experiment: Experiment, data: Data, seed: int) -> float:
    """Mean squared length of the lines that training sees, per pixel, over WINDOW steps."""
    streams, lengths = minidit.Streams(seed), []
    for step in range(WINDOW):
        batch = data.train.batch(streams, step, experiment.training.batch_size)
        noise = experiment.objective.draw(batch, streams, step).noise
        lengths.append((batch.x - noise).square().mean().item())
    return sum(lengths) / WINDOW


@torch.no_grad()
def readouts(state: TrainState, judge: Judge, real: Tensor) -> dict[str, float]:
    """Distance and accuracy for each budget of Euler steps, and the bend; noise of the run's seed."""
    v = state.experiment.objective.flow.velocity(state.ema.module.eval())
    shape = (IMAGES, 1, *state.experiment.model.image_size)
    noise = torch.randn(shape, generator=minidit.generator(state.seed, "sample"))
    told = state.experiment.objective.label_drop < 1
    labels = torch.arange(IMAGES) % CLASSES if told else torch.full((IMAGES,), CLASSES)
    found = {"bend": bend(v, noise[:PATHS], labels[:PATHS])}
    for n in BUDGETS:
        x = last(euler(v, noise, times(n), labels)).clamp(-1, 1)
        found[f"frechet.{n}"] = frechet_distance(judge.features(x), real)
        if told:
            found[f"accuracy.{n}"] = judge.accuracy(x, labels)
    return found


def run(seed: int, data: Data, judge: Judge) -> dict[str, float]:
    """Train every arm with one seed."""
    real = judge.features(data.held_out.x)
    order = torch.randperm(len(data.train), generator=minidit.generator(seed, "floor"))[:IMAGES]
    found = {"floor": frechet_distance(judge.features(data.train.x[order]), real)}
    for name, experiment in progress(arms().items(), f"seed {seed}"):
        state = TrainState.create(experiment, seed)
        losses = [record.loss for record in minidit.train(state, data)]
        found |= {
            f"printed.{name}": sum(losses[-WINDOW:]) / WINDOW,
            f"line.{name}": line(experiment, data, seed),
        }
        for key, value in readouts(state, judge, real).items():
            word, _, budget = key.partition(".")
            found[".".join(part for part in (word, name, budget) if part)] = value
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    digits = load(BASE.data)
    reader = Judge.train(digits.train)
    record_seeds("coupling", BASE, range(5), lambda seed: run(seed, digits, reader))
