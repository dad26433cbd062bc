"""Where a token sits: DiT's fixed sine and cosine table, a learned one, or none."""

import torch
from torch import Tensor


def sincos_1d(positions: Tensor, dim: int) -> Tensor:
    """(n,) positions -> (n, dim): the sines of dim / 2 frequencies, then their cosines.

    The frequencies fall from 1 to 1/10000 geometrically (Vaswani et al. 2017, section 3.5).
    """
    frequencies = 10_000.0 ** (-torch.arange(dim // 2, dtype=torch.float64) / (dim // 2))
    angles = positions.double()[:, None] * frequencies  # (n, dim/2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def sincos_2d(rows: int, columns: int, dim: int, scale: float = 1.0) -> Tensor:
    """DiT's position table for a grid of tokens: (rows * columns, dim), float32.

    The first half of a vector encodes the **column**, the second half the row. In DiT's code this order
    comes from a meshgrid that puts the width first; weights trained with it expect it. Coordinates are
    divided by `scale`, as PixArt does to reuse its weights at twice the resolution.
    """
    row = torch.arange(rows).repeat_interleave(columns)  # (rows*columns,): 0 0 0 1 1 1 ...
    column = torch.arange(columns).repeat(rows)  # (rows*columns,): 0 1 2 0 1 2 ...
    # computed in float64 so that the rounded table equals DiT's bit for bit
    table = torch.cat([sincos_1d(column / scale, dim // 2), sincos_1d(row / scale, dim // 2)], dim=1)
    return table.float()
