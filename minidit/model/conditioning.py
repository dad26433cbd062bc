"""How the network learns what time it is and what to draw: time, label and text become vectors."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.init import normal, weights_start_as
from minidit.model.mlp import MLP

FEATURES = 256


def timestep_features(t: Tensor, dim: int = FEATURES, period: float = 10_000.0) -> Tensor:
    """Sinusoidal features of a scalar: (batch,) -> (batch, dim), cosines first, then sines.

    Frequencies run from 1 to almost 1 / period, half of them a feature each (DiT's layout; DDPM's own code
    has the sines first and divides by half - 1: Ho et al. 2020).
    """
    half = dim // 2
    frequencies = torch.exp(-math.log(period) * torch.arange(half, device=t.device) / half)
    angles = t.float()[:, None] * frequencies  # (b, half)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class TimestepEmbedding(nn.Module):
    """Time t in [0, 1] -> a vector (batch, dim).

    The features see scale * t + offset. Their frequencies were chosen for DDPM's steps 0..999, and with t in
    [0, 1] most of them would hardly move: hence scale = 1000. Published networks count otherwise: SiT's
    weights expect scale = 1; DiT's step 999 is our noise, so scale = -1000 and offset = 999; DDT shortened
    the period to 10 instead.
    """

    def __init__(self, dim: int, scale: float, offset: float = 0.0, period: float = 10_000.0):
        super().__init__()
        self.scale, self.offset, self.period = scale, offset, period
        self.up = weights_start_as(normal, nn.Linear(FEATURES, dim))
        self.down = weights_start_as(normal, nn.Linear(dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """(batch,) -> (batch, dim)."""
        t = t.to(torch.promote_types(t.dtype, torch.float32))  # 1000 t has no room in bfloat16
        features = timestep_features(self.scale * t + self.offset, period=self.period)
        return self.down(F.silu(self.up(features.to(self.up.weight.dtype))))


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


class TextEmbedding(nn.Module):
    """Caption tokens -> the network's width (two layers, as in PixArt). Null is one learned token."""

    def __init__(self, text_dim: int, dim: int):
        super().__init__()
        self.null = nn.Parameter(torch.empty(text_dim))
        self.project = MLP(text_dim, dim, out=dim)
        for part in (self, self.project.up, self.project.down):
            weights_start_as(normal, part)

    def forward(self, text: Tensor, mask: Tensor | None, drop: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Project captions; a dropped one becomes the null token and padding.

        Args:
            text: (batch, m, text_dim). mask: (batch, m) bool, True at real tokens; None: all are real.
            drop: (batch,) bool, or None.

        Returns:
            (batch, m, dim), and the mask that attention needs, (batch, m) or None.
        """
        if drop is not None:
            real = torch.ones(text.shape[:2], dtype=torch.bool, device=text.device) if mask is None else mask
            only_first = torch.arange(text.shape[1], device=text.device) == 0  # (m,)
            mask = torch.where(drop[:, None], only_first, real)
            text = torch.where(drop[:, None, None], self.null, text)
        return self.project(text), mask


class Tokens(NamedTuple):
    """Tokens (batch, m, dim) and which of them are real, (batch, m) bool; None: all."""

    x: Tensor
    mask: Tensor | None = None


def join(parts: list[Tokens]) -> Tokens | None:
    """One sequence of several; None of none."""
    if not parts:
        return None
    x = torch.cat([part.x for part in parts], dim=1)  # (b, m1 + m2 + ..., dim)
    if all(part.mask is None for part in parts):
        return Tokens(x)
    masks = [
        torch.ones(part.x.shape[:2], dtype=torch.bool, device=x.device) if part.mask is None else part.mask
        for part in parts
    ]
    return Tokens(x, torch.cat(masks, dim=1))


class Told(NamedTuple):
    """What the network is told, sorted by the way it is told.

    vector: the sum of what is told by modulation (batch, 1, dim). prefix: in-context tokens, put before
    those of the image. context: tokens for cross-attention. None where nothing is told that way.
    time: the embedded time alone (batch, 1, dim), which DDT's decoder hears once more.
    """

    vector: Tensor | None
    prefix: Tokens | None
    context: Tokens | None
    time: Tensor | None


def sort_out(said: dict[str, Tokens], ways: dict[str, str]) -> Told:
    """Sort embeddings {"time": ..., "label": ..., "text": ...} by the way in which each is to be told."""
    by_way = {way: [said[name] for name in said if ways[name] == way] for way in set(ways.values())}
    vectors = [tokens.x for tokens in by_way.get("modulation", [])]
    return Told(
        vector=sum(vectors[1:], vectors[0]) if vectors else None,
        prefix=join(by_way.get("token", [])),
        context=join(by_way.get("cross_attention", [])),
        time=said["time"].x if "time" in said else None,
    )
