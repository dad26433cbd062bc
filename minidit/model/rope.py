"""RoPE in two dimensions: queries and keys are turned by an angle that grows with row and column.

After it their product depends on where two tokens stand relative to each other (Su et al. 2021, 3.4.2).
A head's numbers are taken in neighbouring pairs (0, 1), (2, 3), ...; each pair turns at its own speed.
"""

import torch
from torch import Tensor


def _angles(positions: Tensor, pairs: int) -> Tensor:
    """(n,) positions -> (n, pairs) angles; speeds fall from 1 towards 1/10000."""
    return positions[:, None] * 10_000.0 ** (-torch.arange(pairs, dtype=torch.float64) / pairs)


def _grid(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of every token, row by row: two tensors (rows * columns,)."""
    return rows.repeat_interleave(len(columns)), columns.repeat(len(rows))


def axial(rows: int, columns: int, head_dim: int) -> Tensor:
    """LightningDiT's layout: pairs of the first half of a head turn with the row, the rest with the column.

    Returns (2, rows * columns, head_dim / 2): cosines and sines of the angles.
    """
    row, column = _grid(torch.arange(rows).double(), torch.arange(columns).double())
    pairs = head_dim // 4
    angles = torch.cat([_angles(row, pairs), _angles(column, pairs)], dim=1)  # (n, head_dim/2)
    return torch.stack([angles.cos(), angles.sin()]).float()


def ddt(rows: int, columns: int, head_dim: int) -> Tensor:
    """DDT's layout: pairs turn with column, row, column, row ...; each side of the image runs from 0 to 16.

    Returns (2, rows * columns, head_dim / 2): cosines and sines of the angles.
    """
    sides = (torch.linspace(0, 16, n, dtype=torch.float64) for n in (rows, columns))
    row, column = _grid(*sides)
    pairs = head_dim // 4
    both = torch.stack([_angles(column, pairs), _angles(row, pairs)], dim=-1)  # (n, head_dim/4, 2)
    angles = both.flatten(1)  # (n, head_dim/4, 2) -> (n, head_dim/2)
    return torch.stack([angles.cos(), angles.sin()]).float()


ROPES = {"axial": axial, "ddt": ddt}


def unturned(rotation: Tensor, prefix: int) -> Tensor:
    """Put `prefix` tokens that have no place in the image, and so do not turn, before the others."""
    size = (1, prefix, rotation.shape[-1])
    still = torch.cat([rotation.new_ones(size), rotation.new_zeros(size)])  # (2, prefix, head_dim/2)
    return torch.cat([still, rotation], dim=1)  # (2, prefix + n, head_dim/2)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn pairs: (a, b) -> (a cos - b sin, a sin + b cos).

    Args:
        x: queries or keys (batch, heads, tokens, head_dim).
        rotation: (2, tokens, head_dim / 2), or (2, batch, 1, tokens, head_dim / 2) where the images of a
            batch have kept different tokens.
    """
    cos, sin = rotation
    a, b = x.unflatten(-1, (-1, 2)).unbind(dim=-1)  # (b, h, n, d) -> (b, h, n, d/2, 2) -> (b, h, n, d/2) each
    turned = torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1)  # (b, h, n, d/2, 2)
    return turned.flatten(-2).type_as(x)  # (b, h, n, d)
