"""Record book/evidence/guidance.cpu.json: what guidance does to the crowd that the committed networks draw.

OMP_NUM_THREADS=1 python book/artefacts/guidance.py

A seed names the starting noise; networks and judge are the same for all. About 2 minutes a seed on one thread.
"""

from collections.abc import Callable

import torch
from torch import Tensor

import minidit
from minidit.data import Data, load
from minidit.data.shapes import RGB, SHAPES, painted
from minidit.flow import autoguide, euler, guide, last, times
from minidit.flow.flow import Velocity
from minidit.measure import Judge, frechet_distance, nearest, spread_within
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress
from minidit.training import TrainState, read_artefact

CLASSES, EACH, STEPS = 24, 10, 15
# five of the fifteen steps begin in each
PARTS = {"early": (0.0, 0.3), "middle": (0.32, 0.63), "late": (0.65, 1.0)}
FLOORS = 20  # crowds of real images, for each seed


def velocity(state: TrainState) -> Velocity:
    """The velocity that the averaged weights predict."""
    return state.experiment.objective.flow.velocity(state.ema.module.eval())


def deviation(values: Tensor, labels: Tensor) -> float:
    """Standard deviation inside a class: the root of the mean of the classes' variances. (n,), (n,) -> number."""
    known = ~values.isnan()
    own = [values[known & (labels == label)] for label in range(CLASSES)]
    return torch.stack([part.var() for part in own if len(part) > 1]).mean().sqrt().item()


def measured(x: Tensor, labels: Tensor, data: Data, judge: Judge) -> dict[str, float]:
    """What is recorded of a crowd x (n, 3, h, w), clamped to [-1, 1], drawn for labels (n,)."""
    seen, found = judge.features(x), painted(x, labels)
    real, colours = judge.features(data.held_out.x), RGB[labels % len(RGB)]
    own = [
        nearest(x[labels == k], data.train.x[data.train.labels == k])[0].mean()
        for k in range(CLASSES)  # grouped by shape: 6 colours each
    ]
    readouts = {
        "asked": judge.accuracy(x, labels),
        "frechet": frechet_distance(seen, real),
        "spread.features": spread_within(seen, labels),
        "spread.pixels": spread_within(x, labels),
        "size": found.area.mean().item(),
        "spread.size": deviation(found.area.sqrt(), labels),
        "spread.place": (deviation(found.x, labels) ** 2 + deviation(found.y, labels) ** 2) ** 0.5,
        "colour": (found.rgb - colours).norm(dim=1).nanmean().item(),
    }
    for k, shape in enumerate(SHAPES):
        mine = labels // len(RGB) == k
        readouts[f"asked.{shape}"] = judge.accuracy(x[mine], labels[mine])
        readouts[f"far.{shape}"] = torch.stack(own[len(RGB) * k : len(RGB) * (k + 1)]).mean().item()
    return readouts


def crowd(data: Data, seed: int, draw: int) -> Tensor:
    """As many training images of each class as are drawn, chosen by chance: (240, 3, h, w)."""
    order = torch.randperm(len(data.train), generator=minidit.generator(seed, "floor", draw))
    labels = data.train.labels[order]
    return data.train.x[torch.cat([order[labels == label][:EACH] for label in range(CLASSES)])]


def sample(v: Velocity, noise: Tensor, labels: Tensor) -> Tensor:
    """Fifteen steps of Euler's method."""
    return last(euler(v, noise, times(STEPS), labels)).clamp(-1, 1)


def arms() -> dict[str, Callable[[], Velocity]]:
    """Every way of guiding, by name."""
    early, weak, shared = (velocity(read_artefact(f"shapes{name}")) for name in ("_early", "_weak", ""))
    found: dict[str, Callable[[], Velocity]] = {}
    for w in (0, 1, 1.5, 2, 2.5, 3, 4):
        found[f"w.{w:g}"] = lambda w=w: guide(early, w)
    for part, interval in PARTS.items():
        for w in (2, 3, 4):
            found[f"{part}.{w}"] = lambda w=w, interval=interval: guide(early, w, interval)
    for w in (1.5, 2, 3):
        found[f"auto.{w:g}"] = lambda w=w: autoguide(early, weak, w)
    for w in (1, 2, 3):
        found[f"shared.{w}"] = lambda w=w: guide(shared, w)
    return found | {"weak.1": lambda: weak}


def run(seed: int) -> dict[str, float]:
    """Draw with every way of guiding from the noise of one seed."""
    data = load(minidit.experiment("shapes").data)
    judge = Judge.train(data.train)
    noise = torch.randn(CLASSES * EACH, *data.train.x.shape[1:], generator=minidit.generator(seed, "sample"))
    labels = torch.arange(len(noise)) % CLASSES
    real = judge.features(data.held_out.x)
    found = {
        f"floor.{k}": frechet_distance(judge.features(crowd(data, seed, k)), real) for k in range(FLOORS)
    }
    found |= {f"real.{k}": x for k, x in measured(data.held_out.x, data.held_out.labels, data, judge).items()}
    for name, velocity_of in progress(arms().items(), f"seed {seed}"):
        x = sample(velocity_of(), noise, labels)
        found |= {f"{name}.{key}": value for key, value in measured(x, labels, data, judge).items()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    record_seeds("guidance", minidit.experiment("shapes"), range(5), run)
