"""How the network learns what time it is and what to draw: two embeddings and one modulation."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.init import normal, weights_start_as, zeros


def timestep_features(t: Tensor, dim: int = 256) -> Tensor:
    """Sinusoidal features of a scalar: (batch,) -> (batch, dim), cosines first, then sines.

    Frequencies run from 1 to almost 1/10000 (Ho et al. 2020; DiT keeps the same layout).
    """
    half = dim // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / half)
    angles = t.float()[:, None] * frequencies  # (b, half)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class TimestepEmbedding(nn.Module):
    """Time t in [0, 1] -> a vector (batch, dim).

    t is multiplied by `scale` first: the frequencies were chosen for DDPM's steps 0..999, and with
    t in [0, 1] most of them would hardly move. SiT's published weights expect scale = 1 all the same.
    """

    def __init__(self, dim: int, scale: float):
        super().__init__()
        self.scale = scale
        self.up = weights_start_as(normal, nn.Linear(256, dim))
        self.down = weights_start_as(normal, nn.Linear(dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """(batch,) -> (batch, dim)."""
        features = timestep_features(self.scale * t).to(self.up.weight.dtype)
        return self.down(F.silu(self.up(features)))


class LabelEmbedding(nn.Module):
    """Class label -> a vector (batch, dim). Row `num_classes`, the last one, is the null label."""

    def __init__(self, num_classes: int, dim: int):
        super().__init__()
        self.null = num_classes
        self.table = weights_start_as(normal, nn.Embedding(num_classes + 1, dim))

    def forward(self, labels: Tensor, drop: Tensor | None) -> Tensor:
        """labels (batch,), drop (batch,) bool or None -> (batch, dim); dropped labels become null."""
        if drop is not None:
            labels = labels.masked_fill(drop, self.null)
        return self.table(labels)


class Modulation(nn.Module):
    """adaLN-Zero: from the condition, `parts` vectors that shift, scale and gate (DiT, section 3.2).

    Weight and bias start at zero, so each shift, scale and gate starts at zero, and a block whose gates
    are zero is the identity.
    """

    def __init__(self, dim: int, parts: int):
        super().__init__()
        self.parts = parts
        self.linear = weights_start_as(zeros, nn.Linear(dim, parts * dim))

    def forward(self, c: Tensor) -> tuple[Tensor, ...]:
        """c (batch, dim) -> `parts` tensors (batch, 1, dim), ready to broadcast over tokens."""
        return self.linear(c).unsqueeze(1).chunk(self.parts, dim=-1)  # (b, parts*dim) -> (b, 1, dim) each


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """x (batch, tokens, dim), shift and scale (batch, 1, dim). Scale 0 leaves x as it is: hence the 1."""
    return x * (1 + scale) + shift
