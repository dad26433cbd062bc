"""Tokens in, tokens out: the diffusion transformer and its parts."""

from minidit.model.build import build
from minidit.model.config import PRESETS, ModelConfig
from minidit.model.dit import DiT

__all__ = ["PRESETS", "DiT", "ModelConfig", "build"]
