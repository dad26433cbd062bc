"""adaLN: what the network is told becomes shifts, scales and gates."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from minidit.model.init import Rule, weights_start_as


class Modulation(nn.Module):
    """adaLN: a linear layer of each block's own turns the condition into `parts` vectors (DiT, section 3.2).

    Where it starts at zero this is adaLN-Zero: each shift, scale and gate starts at zero, and a block whose
    gates are zero is the identity.
    """

    def __init__(self, condition_dim: int, dim: int, parts: int, start: Rule):
        super().__init__()
        self.parts = parts
        self.linear = weights_start_as(start, nn.Linear(condition_dim, parts * dim))

    def forward(self, c: Tensor) -> tuple[Tensor, ...]:
        """c (batch, 1 or tokens, condition_dim) -> `parts` tensors (batch, 1 or tokens, dim)."""
        return self.linear(c).chunk(self.parts, dim=-1)  # (b, m, parts*dim) -> (b, m, dim) each


class SharedModulation(nn.Module):
    """adaLN-single: one linear layer for all blocks, and in each block only a table that is added to it.

    (Chen et al. 2023, PixArt-alpha, section 2.3.) The table costs parts * dim parameters where adaLN costs
    parts * dim * (dim + 1).
    """

    def __init__(self, dim: int, parts: int, start: Rule):
        super().__init__()
        self.table = nn.Parameter(torch.empty(parts, dim))
        weights_start_as(start, self)

    def forward(self, c: Tensor) -> tuple[Tensor, ...]:
        """c (batch, 1, parts * dim), or (batch, 1, dim) for all parts alike -> `parts` of (batch, 1, dim)."""
        c = c.unflatten(-1, (-1, self.table.shape[1]))  # (b, 1, parts*dim) -> (b, 1, parts, dim)
        return (c + self.table).unbind(dim=-2)  # (b, 1, dim) each


class ConstantGates(nn.Module):
    """Gates that depend on nothing: one learned vector a branch (LayerScale, Touvron et al. 2021)."""

    def __init__(self, dim: int, parts: int, start: Rule):
        super().__init__()
        self.gates = nn.Parameter(torch.empty(parts, dim))
        weights_start_as(start, self)

    def forward(self, c: Tensor | None) -> tuple[Tensor, ...]:
        """`parts` tensors (dim,); c is not read."""
        return self.gates.unbind()


Slots = tuple[Tensor | None, Tensor | None, Tensor | float | None]


def into_slots(parts: Iterable[Tensor], modulated: bool, gated: bool) -> tuple[Slots, Slots]:
    """Deal the parts to (shift, scale, gate) of attention and of the MLP; None where there is no part."""
    parts = iter(parts)
    present = (modulated, modulated, gated)
    first = tuple(next(parts) if there else None for there in present)
    return first, tuple(next(parts) if there else None for there in present)


def shrunk(gate: Tensor | None, residual_scale: float) -> Tensor | float | None:
    """The gate times the residual scale: that scale alone where there is no gate; a scale of 1 is none."""
    if residual_scale == 1:
        return gate
    return float(residual_scale) if gate is None else residual_scale * gate
