"""Tokens in, tokens out: the diffusion transformer and its parts.

| you look for | it is in |
|---|---|
| DiT, SiT, LightningDiT, PixArt (and their sizes) | dit.py (presets.py) |
| DDT; MaskDiT | ddt.py; maskdit.py |
| every setting; what is refused, and why | config.py; refuse.py, check.py |
| patchify; sin-cos positions; RoPE | patch.py; position.py; rope.py |
| learned positions, in-context tokens, what shared modulation shares | dit.py |
| LayerNorm, RMSNorm, AdaNorm, DetachNorm | norm.py |
| pre-norm, post-norm, sandwich; modulate, gate | placement.py |
| adaLN, adaLN-Zero, adaLN-single | modulation.py |
| timestep, label and caption embedding; null label, dropped captions | conditioning.py |
| self-attention, cross-attention, QK-norm, attention maps | attention.py |
| MLP, GELU, SwiGLU | mlp.py, gelu.py |
| the block, the final layer, stochastic depth | block.py |
| TREAD routes; the way through the blocks, features (`keep`), random keys | route.py; trunk.py |
| initialisation: rules, xavier; what starts at zero | init.py; block.py |
| REPA's projector; guidance; published weights | ../align/projector.py; ../flow/guidance.py; ../official/ |
"""

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
