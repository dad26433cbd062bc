"""How the cost of a training step grows with tokens, depth and batch, beside what its products must cost.

The line is the step's model FLOPs over the rate of one large product, measured in the same turns. What lies
above it is everything that is not a product, and products too small to be fast.
"""

from dataclasses import dataclass, replace
from math import isqrt

import torch
from networks import NETWORKS, Batch
from product import product
from rows import flops
from steps import training_step
from timing import Clock, in_turn, ratio

from minidit import ModelConfig


@dataclass(frozen=True)
class Point:
    """One network and batch: seconds of a step, and what its products take at the product's rate.

    axis: what grows, "tokens", "depth" or "batch"; at: how far.
    """

    axis: str
    at: int
    network: str
    seconds: float
    products: float


@dataclass(frozen=True)
class Scale:
    """The network that grows, and how far it grows on a machine of this kind."""

    config: ModelConfig
    batch: int
    precision: str
    tokens: tuple[int, ...]
    depths: tuple[int, ...]
    batches: tuple[int, ...]


# patches of one pixel, so that tokens are the pixels of a square; 64 tokens where they do not grow
SMALL = ModelConfig(input_size=8, patch_size=1, dim=384, depth=1, heads=6)  # a block of DiT-S
LARGE = replace(SMALL, dim=1152, depth=2, heads=16)  # blocks of DiT-XL
TOKENS = (16, 64, 256, 1024, 4096)
SCALES = {
    "cpu": Scale(SMALL, 1, "fp32", TOKENS, (1, 2, 4, 8, 16), (1, 4, 16, 64)),
    "cuda": Scale(LARGE, 8, "bf16", TOKENS, (2, 4, 8, 16, 28), (1, 4, 16, 64, 256)),
}


def grown(scale: Scale) -> list[tuple[str, int, ModelConfig, int]]:
    """Everything that is measured: (axis, how far, configuration, batch)."""
    config, batch = scale.config, scale.batch
    return [
        *(("tokens", n, replace(config, input_size=isqrt(n)), batch) for n in scale.tokens),
        *(("depth", n, replace(config, depth=n), batch) for n in scale.depths),
        *(("batch", n, config, n) for n in scale.batches),
    ]


def growth(device: str, clock: Clock, scale: Scale | None = None) -> list[Point]:
    """All points, of minidit's network and of the transcription that writes its attention maps down."""
    scale, points = scale or SCALES[device], []
    multiply, multiplications = product(scale.precision, device)
    for axis, at, config, size in grown(scale):
        if clock.over():
            break
        steps, batch = {"": multiply}, Batch(config, size, device)
        for name in ("minidit", "plain"):
            step = training_step(NETWORKS[name](config, device), batch, scale.precision)
            try:
                step()
            except torch.OutOfMemoryError:  # a map of attention has no room: the point is missing
                continue
            steps[name] = step
        times = in_turn(steps, device, rounds=2)
        share = flops("training step", "minidit", config, size) / multiplications
        points += [_point(axis, at, name, times, share) for name in times if name]
        print(f"a training step, {axis} {at}: {1000 * points[-1].seconds:.1f} ms", flush=True)
    return points


def _point(axis: str, at: int, name: str, times: dict[str, list[float]], share: float) -> Point:
    """The median turn, on the scale of the median product, so that line and dot are of one turn."""
    rate = sorted(times[""])[len(times[""]) // 2]
    return Point(axis, at, name, rate * ratio(times[name], times[""]), rate * share)
