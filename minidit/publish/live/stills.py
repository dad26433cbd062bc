"""What stands in the live page where no script runs: pictures that PyTorch makes with the same network."""

from io import BytesIO

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from minidit.flow import Flow, euler, guide, times
from minidit.measure.ablation import silenced
from minidit.streams import generator
from minidit.training.state import TrainState

DIGIT, STEPS, GUIDANCE, SCALE = 3, 20, 2.0, 8  # as the page begins; a pixel becomes SCALE x SCALE


def stills(state: TrainState) -> dict[str, bytes]:
    """The name of each widget -> a PNG: a path; sixteen seeds; a digit as trained and without block 2."""
    network = state.ema.module.eval()
    path, sixteen = _states(network, 1), _states(network, 16)[-1]
    with silenced(network, "attention", [2]), silenced(network, "mlp", [2]):
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


def _png(rows: list[Tensor]) -> bytes:
    """Rows of images (n, 1, height, width) in [-1, 1], side by side, with paper between; 1 is black."""
    framed = [F.pad(row.squeeze(1), (1, 1, 1, 1), value=-1) for row in rows]
    picture = torch.cat([torch.cat(list(row), dim=1) for row in framed])
    grey = Image.fromarray((127.5 * (1 - picture.clamp(-1, 1))).round().byte().numpy())
    buffer = BytesIO()
    grey.resize((SCALE * grey.width, SCALE * grey.height), Image.NEAREST).save(buffer, "png")
    return buffer.getvalue()
