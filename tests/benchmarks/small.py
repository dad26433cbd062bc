"""The sizes that the book trains, where what stands between the products rules."""

from dataclasses import dataclass

from networks import NETWORKS, Batch
from steps import training_step
from timing import in_turn, ratio

from minidit import ModelConfig


@dataclass(frozen=True)
class Small:
    """A small network: its training step, and how much longer the same step takes elsewhere."""

    width: int
    tokens: int
    batch: int
    seconds: float
    over_diffusers: float
    over_plain: float


SIZES = [(width, tokens, 64) for width in (64, 96, 128) for tokens in (16, 64)]


def config(width: int, tokens: int) -> ModelConfig:
    """Four blocks for pictures of 8 x 8 or 16 x 16 pixels in patches of 2."""
    side = {16: 8, 64: 16}[tokens]
    return ModelConfig(
        in_channels=3, input_size=side, dim=width, depth=4, heads=4, num_classes=10, learn_sigma=False
    )


def measure(width: int, tokens: int, batch: int, rounds: int = 3, least: float = 0.25) -> Small:
    """A training step of each network in turn: float32, eager, on the processor."""
    sized, names = config(width, tokens), ("minidit", "diffusers", "plain")
    inputs = Batch(sized, batch)
    steps = {name: training_step(NETWORKS[name](sized), inputs, "fp32") for name in names}
    times = in_turn(steps, rounds=rounds, least=least)
    mine = times["minidit"]
    return Small(
        width, tokens, batch, sorted(mine)[len(mine) // 2], *(ratio(times[n], mine) for n in names[1:])
    )
