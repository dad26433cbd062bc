"""The block of every network of the book, and its last layer."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from minidit.model.attention import Attention, CrossAttention
from minidit.model.config import ModelConfig
from minidit.model.init import narrow, ones, weights_start_as, xavier, zeros
from minidit.model.mlp import mlp
from minidit.model.modulation import ConstantGates, Modulation, SharedModulation, Slots, into_slots, shrunk
from minidit.model.norm import norm
from minidit.model.placement import PLACEMENTS, add, modulate
from minidit.model.route import take


class Given(NamedTuple):
    """What a block is given beside its tokens.

    c: the condition, after its SiLU, (batch, 1, dim); (batch, tokens, dim) in DDT's decoder; with shared
        modulation (batch, 1, 6 * dim). None without modulation.
    rotation: RoPE's table, see `rotate`. mask: (batch, 1, 1, tokens) bool, False at padding.
    context, context_mask: for cross-attention, (batch, m, dim) and (batch, 1, 1, m).
    """

    c: Tensor | None = None
    rotation: Tensor | None = None
    mask: Tensor | None = None
    context: Tensor | None = None
    context_mask: Tensor | None = None

    def at(self, places: Tensor) -> "Given":
        """The same for the tokens at `places` (batch, k) alone: they keep their own positions."""
        c, rotation, mask = self.c, self.rotation, self.mask
        if c is not None and c.shape[1] > 1:  # one condition a token
            c = take(c, places)
        if rotation is not None:
            rotation = rotation[:, places].unsqueeze(2)  # (2, n, d/2) -> (2, b, k, d/2) -> (2, b, 1, k, d/2)
        if mask is not None:
            mask = mask.gather(3, places[:, None, None])  # (b, 1, 1, n) -> (b, 1, 1, k)
        return self._replace(c=c, rotation=rotation, mask=mask)

    def of(self, samples: Tensor) -> "Given":
        """The same for some samples of the batch, by their numbers (s,)."""
        shared = self.rotation is not None and self.rotation.ndim == 3  # one table for the whole batch
        rotation = self.rotation if shared or self.rotation is None else self.rotation[:, samples]
        others = {name: getattr(self, name) for name in ("c", "mask", "context", "context_mask")}
        picked = {name: part if part is None else part[samples] for name, part in others.items()}
        return self._replace(rotation=rotation, **picked)


class Block(nn.Module):
    """Attention, then an MLP, each a residual branch with norm, modulation and gate.

    With the default settings this is DiT's: x + gate * f(modulate(norm(x))), twice (Peebles and Xie 2022,
    figure 3); gates start at zero, so a fresh block returns its input unchanged.
    """

    def __init__(self, config: ModelConfig, dim: int | None = None, heads: int | None = None):
        super().__init__()
        dim, heads, told = dim or config.dim, heads or config.heads, config.dim
        start_at_zero = config.zero_init in ("gates", "both")
        self.modulated, self.gated = config.modulation != "none", config.gate
        self.residual_scale = config.residual_scale
        self.modulation = _modulation(config, told, dim, start_at_zero)
        self.place = PLACEMENTS[config.placement]
        count = 2 if config.placement == "sandwich" else 1
        self.attention_norms, self.mlp_norms = (
            nn.ModuleList(norm(config.norm, dim, config.norm_affine) for _ in range(count)) for _ in range(2)
        )
        self.attention = Attention(dim, heads, config.qkv_bias, config.qk_norm)
        self.cross = None
        if config.told_as("cross_attention"):
            self.cross = CrossAttention(dim, told, heads, zeros if start_at_zero else xavier)
        self.mlp = mlp(config.mlp, dim, config.mlp_ratio, config.mlp_bias)

    def forward(self, x: Tensor, given: Given) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, dim)."""
        parts = () if self.modulation is None else self.modulation(given.c)
        for_attention, for_mlp = self.slots(parts)
        x = self.place(
            x, lambda y: self.attention(y, given.rotation, given.mask), self.attention_norms, *for_attention
        )
        if self.cross is not None:
            x = add(x, shrunk(None, self.residual_scale), self.cross(x, given.context, given.context_mask))
        return self.place(x, self.mlp, self.mlp_norms, *for_mlp)

    def slots(self, parts: Iterable[Tensor]) -> tuple[Slots, Slots]:
        """What the modulation made, as (shift, scale, gate) of attention and of the MLP.

        The residual scale is a part of the gate: where there is no gate, the third is that number.
        """
        dealt = into_slots(parts, self.modulated, self.gated)
        return tuple((shift, scale, shrunk(gate, self.residual_scale)) for shift, scale, gate in dealt)


def _modulation(config: ModelConfig, told: int, dim: int, start_at_zero: bool) -> nn.Module | None:
    """What makes a block's shifts, scales and gates; None where it has none."""
    if config.modulation == "none":
        return ConstantGates(dim, 2, zeros if start_at_zero else ones) if config.gate else None
    parts = 6 if config.gate else 4
    if config.modulation == "shared":
        return SharedModulation(dim, parts, zeros if start_at_zero else narrow)
    return Modulation(told, dim, parts, zeros if start_at_zero else xavier)


class FinalLayer(nn.Module):
    """Norm, modulation, and a linear layer, usually from tokens to patches.

    DiT starts it at zero, and so the whole output (zero_init "head" or "both").
    """

    def __init__(self, config: ModelConfig, dim: int, out: int, norm_name: str, norm_affine: bool):
        super().__init__()
        start_at_zero = config.zero_init in ("head", "both")
        self.modulation = None
        if config.modulation == "shared":
            self.modulation = SharedModulation(dim, 2, narrow)
        elif config.modulation == "per_block":
            self.modulation = Modulation(config.dim, dim, 2, zeros if start_at_zero else xavier)
        self.norm = norm(norm_name, dim, norm_affine)
        self.linear = weights_start_as(zeros if start_at_zero else xavier, nn.Linear(dim, out))

    def forward(self, x: Tensor, c: Tensor | None) -> Tensor:
        """x (batch, tokens, dim), c (batch, 1 or tokens, dim) -> (batch, tokens, out)."""
        shift, scale = (None, None) if self.modulation is None else self.modulation(c)
        return self.linear(modulate(self.norm(x), shift, scale))


def skip_samples(block: Block, x: Tensor, given: Given, keys: Tensor, rate: float) -> Tensor:
    """Stochastic depth: samples whose key is below `rate` skip the block (Huang et al. 2016, section 3).

    The others take 1 / (1 - rate) of its effect, so that the mean over keys is the whole block's; the paper
    drops a block for the whole batch and shrinks it at test time instead. The work is really saved.

    Args:
        x: (batch, tokens, dim). keys: (batch,) uniform in [0, 1).
    """
    alive = (keys >= rate).nonzero().squeeze(1)  # (s,)
    if len(alive) == 0:
        return x
    before = x[alive]
    after = block(before, given.of(alive))
    return x.index_copy(0, alive, torch.lerp(before, after, 1 / (1 - rate)).to(x.dtype))
