"""Networks in general position, and inputs for any of them."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import minidit
from minidit import Condition, ModelConfig

# angles of timestep features are float32: a scale of 10 in place of 1000 keeps them exact enough to compare
TINY = ModelConfig(
    in_channels=2,
    input_size=8,
    patch_size=2,
    dim=16,
    depth=3,
    heads=2,
    num_classes=5,
    time_scale=10.0,
    decoder_depth=2,
    decoder_dim=24,
    decoder_heads=3,
)


def move_away_from_the_start(model: nn.Module) -> nn.Module:
    """Add noise to every parameter: no zeros, no ones, nothing that hides a wrong sign or a missing term."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=minidit.generator(3, name)))
    return model


@pytest.fixture(scope="session")
def config() -> ModelConfig:
    """Four by four tokens of width 16, three blocks."""
    return TINY


@pytest.fixture(scope="session")
def general():
    """`general(config, **changes)`: a float64 network in general position."""

    def make(config: ModelConfig, **changes: object) -> nn.Module:
        return move_away_from_the_start(minidit.build(replace(config, **changes))).double()

    return make


@pytest.fixture(scope="session")
def inputs():
    """`inputs(config, batch=3)`: images, times and a condition that tells all that the network hears."""

    def make(config: ModelConfig, batch: int = 3, dtype: torch.dtype = torch.float64):
        draw = minidit.generator(0, "inputs")
        x = torch.randn(batch, config.in_channels, *config.image_size, generator=draw, dtype=dtype)
        t = torch.linspace(0.125, 1, batch, dtype=dtype)
        told = {"labels": torch.arange(batch) % config.num_classes}
        if config.text_as != "none":
            pooled = config.text_as == "modulation"
            shape = (batch, config.text_dim) if pooled else (batch, 4, config.text_dim)
            told["pooled" if pooled else "text"] = torch.randn(shape, generator=draw, dtype=dtype)
            if not pooled:
                told["text_mask"] = torch.arange(4) < 2 + torch.arange(batch)[:, None] % 3
        return x, t, Condition(**told, drop=torch.arange(batch) == batch - 1)

    return make
