"""Record book/evidence/samplers.cpu.json: what six ways of sampling reach with the network of the shapes.

OMP_NUM_THREADS=1 python book/artefacts/samplers.py

A seed names the starting noise; the network and the judge are the same for all. About 3 minutes a seed on one
thread. A finished seed is kept in runs/seeds/samplers, and not run again.
"""

from collections.abc import Callable

import torch
from torch import Tensor

import minidit
from minidit.data import Data, load
from minidit.flow import SDE, Diffusion, ddim, euler, euler_maruyama, gaussian, heun, last, solve, times
from minidit.flow.clock import ddpm_step
from minidit.flow.flow import Network, Velocity
from minidit.flow.interpolant import PATHS, over_pixels
from minidit.flow.prediction import convert
from minidit.measure import Judge, frechet_distance
from minidit.publish.seeds import record_seeds
from minidit.streams import Streams
from minidit.teach.progress import progress
from minidit.training import read_artefact

SEEDS, CLASSES = range(5), 24
MANY, FEW, PATHWISE = 20 * CLASSES, 10 * CLASSES, CLASSES  # images: judged, judged live, compared one by one
SHIFTS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
DDPM = Diffusion.linear()
# name: evaluations at which MANY images are judged, and at which PATHWISE images are compared with the exact ones
EVALUATIONS = {
    "euler": ((1, 2, 4, 8, 16), (1, 2, 4, 8, 16, 32, 64)),
    "heun": ((2, 4, 8, 16), (2, 4, 8, 16, 32, 64)),
    "heun, last step euler": ((3, 7, 15, 31), (3, 7, 15, 31, 63)),
    "rk4": ((4, 8, 16), (4, 8, 16, 32, 64)),
    "ddim": ((2, 4, 8, 16), (2, 4, 8, 16, 32)),
    "euler-maruyama": ((2, 4, 8, 16), ()),
}


def noise_of(v: Velocity) -> Network:
    """A velocity on the straight path, read as a network that predicts the noise at DDPM's steps."""

    def f(x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        abar = DDPM.abar[ddpm_step(t).round().long()].to(x.dtype)
        size = abar.sqrt() + (1 - abar).sqrt()
        x, t = x / over_pixels(size, x), abar.sqrt() / size
        return convert(PATHS["linear"], v(x, t, condition), x, t, "velocity", "noise")

    return f


def heun_then_euler(v: Velocity, noise: Tensor, grid: Tensor, labels: Tensor) -> Tensor:
    """Heun's method, but for its last step."""
    return last(euler(v, last(heun(v, noise, grid[:-1], labels)), grid[-2:], labels))


def draw(name: str, v: Velocity, noise: Tensor, n: int, labels: Tensor, seed: int) -> Tensor:
    """Where one sampler is after n evaluations."""
    chance = gaussian(torch.empty(MANY, *noise.shape[1:]), Streams(seed))
    ways: dict[str, Callable[[], Tensor]] = {
        "euler": lambda: last(euler(v, noise, times(n), labels)),
        "heun": lambda: last(heun(v, noise, times(n // 2), labels)),
        "heun, last step euler": lambda: heun_then_euler(v, noise, times((n + 1) // 2), labels),
        "rk4": lambda: last(solve(v, noise, times(n // 4), labels, method="rk4")),
        "ddim": lambda: last(ddim(noise_of(v), noise, DDPM.respace(str(n)), labels)),
        "euler-maruyama": lambda: last(
            euler_maruyama(
                v,
                noise,
                times(n),
                lambda left: chance(left)[: len(noise)],
                labels,
                sde=SDE("linear"),
                last_step="tweedie",
            )
        ),
    }
    return ways[name]()


def real(data: Data, size: int, seed: int) -> Tensor:
    """As many training images of each class as the samples have: (size, c, h, w)."""
    order = torch.randperm(len(data.train), generator=minidit.generator(seed, "floor"))
    labels = data.train.labels[order]
    rank = [order[labels == label][: size // CLASSES] for label in range(CLASSES)]
    return data.train.x[torch.cat(rank)]


def judged(samples: Tensor, labels: Tensor, judge: Judge, features: Tensor) -> dict[str, float]:
    """Accuracy and distance of the crowd, and the distance of its first half."""
    seen = judge.features(samples)
    return {
        "accuracy": judge.accuracy(samples, labels),
        "frechet": round(frechet_distance(seen, features), 3),
        f"frechet{FEW}": round(frechet_distance(seen[:FEW], features), 3),
    }


def away(x: Tensor, exact: Tensor) -> float:
    """Root mean square difference, over all pixels."""
    return round((x - exact).square().mean().sqrt().item(), 5)


def run(seed: int, v: Velocity, data: Data, judge: Judge) -> dict[str, float]:
    """Draw with every sampler from the noise of one seed."""
    noise = torch.randn(MANY, *data.train.x.shape[1:], generator=minidit.generator(seed, "sample"))
    labels = torch.arange(MANY) % CLASSES
    features = judge.features(data.held_out.x)
    readouts = {
        f"floor.{size}": frechet_distance(judge.features(real(data, size, seed)), features)
        for size in (MANY, FEW)
    }
    z, y = noise[:PATHWISE], labels[:PATHWISE]
    exact = last(solve(v, z, times(64, shift=0.3), y, method="rk4"))
    for name, (many, few) in progress(EVALUATIONS.items(), f"seed {seed}"):
        for n in many:
            samples = draw(name, v, noise, n, labels, seed).clamp(-1, 1)
            readouts |= {
                f"{word}.{name}.{n}": value
                for word, value in judged(samples, labels, judge, features).items()
            }
        for n in few:
            readouts[f"away.{name}.{n}"] = away(draw(name, v, z, n, y, seed), exact)
    for shift in SHIFTS:
        readouts[f"shifted.euler.{shift:g}"] = away(last(euler(v, z, times(8, shift), y)), exact)
        mixed = heun_then_euler(v, z, times(4, shift), y)
        readouts[f"shifted.heun, last step euler.{shift:g}"] = away(mixed, exact)
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    network = read_artefact("shapes")
    v = network.experiment.objective.flow.velocity(network.ema.module.eval())
    shapes = load(network.experiment.data)
    reader = Judge.train(shapes.train)
    record_seeds("samplers", network.experiment, SEEDS, lambda seed: run(seed, v, shapes, reader))
