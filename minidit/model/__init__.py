"""Tokens in, tokens out: the diffusion transformer and its parts."""

from minidit.model.attention import attention_maps
from minidit.model.build import build
from minidit.model.config import ModelConfig
from minidit.model.ddt import DDT
from minidit.model.dit import DiT
from minidit.model.maskdit import MaskDiT
from minidit.model.presets import PRESETS
from minidit.model.trunk import draw_keys, rerouted

__all__ = [
    "DDT",
    "PRESETS",
    "DiT",
    "MaskDiT",
    "ModelConfig",
    "attention_maps",
    "build",
    "draw_keys",
    "rerouted",
]
