"""The weights of a trained network as a classic script, so that a page has them without asking for a file."""

import base64
import json
from dataclasses import asdict, replace

import torch

from minidit.data import load
from minidit.data.images import Images
from minidit.errors import MiniditError
from minidit.model import ModelConfig
from minidit.training.state import TrainState

# what dit.js reads from the settings; in all others the network must be DiT's plain one
SIZES = ("in_channels", "input_size", "patch_size", "dim", "depth", "heads", "num_classes", "time_scale")


def weights_script(state: TrainState) -> str:
    """JavaScript that sets window.minidit: settings, shapes, half-precision weights, and what is real.

    `half` holds the averaged weights as float16, little-endian, in base64, one after the other in the order
    of `tensors`. `real` holds how far apart two real training images of each class are, and of any class:
    the root mean square over pixels, over all pairs.

    Raises:
        MiniditError: the network has settings that dit.js does not know, or an odd or large size.
    """
    config = _plain(state.experiment.model)
    weights = {name: value.half().cpu() for name, value in state.ema.module.state_dict().items()}
    content = b"".join(value.numpy().astype("<f2").tobytes() for value in weights.values())
    stored = {
        "config": {name: value for name, value in asdict(config).items() if name in SIZES},
        "steps": state.step,
        "real": real_distances(load(state.experiment.data).train, config.num_classes),
        "tensors": [[name, list(value.shape)] for name, value in weights.items()],
        "half": base64.b64encode(content).decode(),
    }
    return (
        "// Written by minidit.publish.live.write_live: the averaged weights of a trained network.\n"
        f"window.minidit = {json.dumps(stored)};\n"
    )


def real_distances(images: Images, classes: int) -> list[float]:
    """How far apart two different images of each class are, then of all: root mean square over pixels."""
    sets = [images.x[images.labels == label] for label in range(classes)] + [images.x]
    return [round(apart(x), 3) for x in sets]


def apart(x: torch.Tensor) -> float:
    """The root mean square difference of two different images of x (n, channels, height, width)."""
    # over pairs of different images the mean square difference is twice the unbiased variance
    return (2 * x.var(dim=0).mean()).sqrt().item()


def _plain(config: ModelConfig) -> ModelConfig:
    """The settings, if dit.js can compute them."""
    plain = replace(ModelConfig(learn_sigma=False), **{name: getattr(config, name) for name in SIZES})
    if config != plain:
        ours, theirs = asdict(config), asdict(plain)
        name = next(name for name in ours if ours[name] != theirs[name])
        raise MiniditError(
            f"The page computes DiT as it was published, and this network has {name} = {ours[name]!r}: train "
            f"one with {name} = {theirs[name]!r}, or teach dit.js the other."
        )
    if not isinstance(config.input_size, int):
        raise MiniditError(f"The page draws square images, not {config.input_size}.")
    return config
