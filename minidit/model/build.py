"""One factory for every network of the book."""

from dataclasses import fields, replace

import torch
from torch import nn

from minidit.errors import MiniditError, did_you_mean
from minidit.model.config import ModelConfig
from minidit.model.ddt import DDT
from minidit.model.dit import DiT
from minidit.model.init import initialise
from minidit.model.maskdit import MaskDiT
from minidit.model.presets import PRESETS


def build(
    name: str | ModelConfig, *, seed: int = 0, device: str | torch.device = "cpu", **overrides: object
) -> nn.Module:
    """Build a network and initialise it.

    Args:
        name: a preset such as "DiT-S/2", or a ModelConfig.
        seed: names the random streams of the initialisation.
        device: where the parameters live; "meta" gives shapes without numbers.
        overrides: fields of ModelConfig that differ from the preset, such as `num_classes=10`.

    Raises:
        MiniditError: no such preset, no such setting, or settings that do not fit together.
    """
    config = replace(preset(name), **_known(overrides))
    network = DDT if config.encoder_depth else MaskDiT if config.mask else DiT
    # made on the CPU, where the position table has its float64 and one generator is all that is drawn from;
    # layers draw their default weights when they are made; they are replaced below, so the draw is undone
    meta = torch.device(device).type == "meta"
    with torch.random.fork_rng(devices=[]), torch.device("meta" if meta else "cpu"):
        model = network(config)
    return model if meta else initialise(model, seed).to(device)


def preset(name: str | ModelConfig) -> ModelConfig:
    """The settings called `name`, or those given. Raises MiniditError where there are none."""
    if isinstance(name, ModelConfig):
        return name
    if name not in PRESETS:
        raise MiniditError(
            f"There is no network called {name!r}.{did_you_mean(name, PRESETS)} "
            f"There are: {', '.join(PRESETS)}."
        )
    return PRESETS[name]


def _known(overrides: dict[str, object]) -> dict[str, object]:
    names = [field.name for field in fields(ModelConfig)]
    for key in overrides:
        if key not in names:
            raise MiniditError(
                f"A model has no setting {key!r}.{did_you_mean(key, names)} It has: {', '.join(names)}."
            )
    return overrides
