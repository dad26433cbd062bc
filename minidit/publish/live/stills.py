"""What stands in the live page where no script runs: pictures that PyTorch makes with the same network."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import torch
from PIL import Image
from torch import Tensor, nn

from minidit.flow import Flow, euler, guide, times
from minidit.streams import generator
from minidit.training.state import TrainState

DIGIT, STEPS, GUIDANCE, SCALE = 3, 20, 2.0, 8  # as the page begins; a pixel becomes SCALE x SCALE


def stills(state: TrainState) -> dict[str, bytes]:
    """The name of each widget -> a PNG: a path; sixteen seeds; a digit as trained and without block 2."""
    network = state.ema.module.eval()
    path, sixteen = _states(network, 1), _states(network, 16)[-1]
    with _closed(network.blocks[1]):
        without = _states(network, 1)[-1]
    rows = {
        "digit": [torch.cat(path[:: STEPS // 10])],
        "roulette": sixteen.chunk(2),
        "mixer": [torch.cat([path[-1], without])],
    }
    return {name: _png(pictures) for name, pictures in rows.items()}


def _states(network: nn.Module, count: int) -> list[Tensor]:
    config = network.config
    noise = torch.randn(count, config.in_channels, *config.image_size, generator=generator(7, "still"))
    labels = torch.full((count,), DIGIT)
    v = guide(Flow().velocity(network), GUIDANCE)
    return [state.x for state in euler(v, noise, times(STEPS), labels)]


@contextmanager
def _closed(block: nn.Module) -> Iterator[None]:
    """A block whose branches add nothing: the third and sixth part of its modulation are gates."""

    def shut(_: nn.Module, __: object, parts: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(0 * part if k % 3 == 2 else part for k, part in enumerate(parts))

    handle = block.modulation.register_forward_hook(shut)
    try:
        yield
    finally:
        handle.remove()


def _png(rows: list[Tensor]) -> bytes:
    """Rows of images (n, 1, height, width) in [-1, 1], side by side; 1 is black."""
    picture = torch.cat([torch.cat(list(row.squeeze(1)), dim=1) for row in rows])
    grey = (127.5 * (1 - picture.clamp(-1, 1))).round().byte().numpy()
    buffer = BytesIO()
    Image.fromarray(grey).resize((SCALE * grey.shape[1], SCALE * grey.shape[0]), Image.NEAREST).save(buffer, "png")
    return buffer.getvalue()
