"""What the common mistakes of chapter 2 would give: so its checks can name them."""

import math
from collections.abc import Callable
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from minidit.model.patch import patchify
from minidit.model.position import sincos_2d
from minidit.model.rope import axial, rotate
from minidit.teach.expect import OneOf


def patchified(x: Tensor, p: int) -> dict[str, Tensor]:
    """2.1: images (b, c, h, w) to tokens."""
    wrong = {
        "You put the channel first inside a token; asked for is last.": "b (h w) (c p q)",
        "Inside a token rows and columns are exchanged: go along the row first.": "b (h w) (q p c)",
        "The tokens run down the columns; they should run along the rows.": "b (w h) (p q c)",
        "Rows and columns are exchanged, among the tokens and inside them.": "b (w h) (q p c)",
    }
    found = {words: rearrange(x, f"b c (h p) (w q) -> {to}", p=p, q=p) for words, to in wrong.items()}
    strips = "A reshape alone cuts strips out of memory, not squares out of the image: permute first."
    rows = "The channels are last, but rows of pixels run on: a token is a strip, not a square."
    shape = patchify(x, p).shape
    return found | {strips: x.reshape(shape), rows: x.permute(0, 2, 3, 1).reshape(shape)}


def unpatchified(tokens: Tensor, p: int, shape: tuple[int, ...]) -> dict[str, Any]:
    """2.6: tokens to images (b, c, height, width), whose shape is given."""
    rows, columns = shape[2] // p, shape[3] // p

    def put(pattern: str, h: int = rows, w: int = columns) -> Tensor:
        axes = {"h": h, "w": w, "p": p, "q": p, "c": shape[1]}
        return rearrange(tokens, f"{pattern} -> b c (h p) (w q)", **axes)

    strips = "You only reshaped, which undoes a patchify that only reshapes: permute before the last reshape."
    found = {
        "Height and width are exchanged.": put("b (h w) (p q c)", columns, rows),
        "Tokens run along the rows; you put them down the columns.": put("b (w h) (p q c)"),
        "You read the channel first; asked for is (row, column, channel) inside a token.": put(
            "b (h w) (c p q)"
        ),
        "Inside a patch rows and columns are exchanged.": put("b (h w) (q p c)"),
        strips: tokens.reshape(shape),
        "Only the channel was moved. Permute all six axes, so that rows meet rows of their patches.": (
            tokens.reshape(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)
        ),
    } | _moved(tokens, p, shape)
    side = math.isqrt(rows * columns)
    if side**2 == rows * columns:
        words = "The grid is not square: it has height / p rows and width / p columns."
        square = put("b (h w) (p q c)", side, side)
        found[words] = OneOf([square, square.reshape(shape)])
    return found


def _moved(tokens: Tensor, p: int, shape: tuple[int, ...]) -> dict[str, Any]:
    """2.6: the right number of axes, but the permute does not fit how they were split."""
    (b, c), rows, columns = shape[:2], shape[2] // p, shape[3] // p
    last = tokens.reshape(b, rows, columns, p, p, c)  # (b, row, column, i, j, c)
    first = tokens.reshape(b, rows, columns, c, p, p)  # (b, row, column, c, i, j)
    crossed = [last.permute(0, 3, 1, 4, 2, 5), first.permute(0, 5, 1, 3, 2, 4)]
    return {
        "The permute does not fit the split: write the name of each axis beside it, before and after.": OneOf(
            axes.reshape(shape) for axes in crossed
        ),
    }


def _waves(positions: Tensor, dim: int, denominator: float | None = None) -> tuple[Tensor, Tensor]:
    """Sines and cosines (n, dim/2) of speeds 10000^(-k / denominator), which should be dim / 2."""
    speeds = 10_000.0 ** (-torch.arange(dim // 2, dtype=torch.float64) / (denominator or dim // 2))
    angles = positions.double()[:, None] * speeds  # (n, dim/2)
    return angles.sin(), angles.cos()


def tables(rows: int, columns: int, dim: int) -> dict[str, Tensor]:
    """2.2: the position table."""
    row, column = torch.arange(rows).repeat_interleave(columns), torch.arange(columns).repeat(rows)
    half, one = dim // 2, torch.arange(rows * columns)
    right = sincos_2d(rows, columns, dim).double()
    down = right.view(rows, columns, dim).transpose(0, 1).flatten(0, 1)  # (rows, columns, d) -> (n, d)
    places = (column, row)
    woven = [torch.stack(_waves(x, half), dim=-1).flatten(1) for x in places]  # (n, d/4, 2) -> (n, d/2)
    return {
        "You encoded the row in the first half; asked for is the column, as in DiT's code.": right.roll(
            half, 1
        ),
        "The speeds fall too slowly: a half has dim/4 of them, so divide k by dim/4, not dim/2.": torch.cat(
            [wave for x in places for wave in _waves(x, half, half)], dim=1
        ),
        "The speeds fall too fast: divide k by dim/4, not dim/4 - 1.": torch.cat(
            [wave for x in places for wave in _waves(x, half, half // 2 - 1)], dim=1
        ),
        "You let sines and cosines alternate; asked for are all sines, then the cosines.": torch.cat(
            woven, dim=1
        ),
        "You put the cosines first; asked for are the sines of a half first.": torch.cat(
            [wave for x in places for wave in _waves(x, half)[::-1]], dim=1
        ),
        "You let the table run down the columns; asked for is along the rows, as tokens run.": down,
        "That encodes the number of the token; it should encode its column and its row.": torch.cat(
            _waves(one, dim), dim=1
        ),
    }


def _half_split(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn the pairs (i, i + d/2) with a table that was made for the pairs (2 i, 2 i + 1)."""
    (cos, sin), (a, b) = rotation, x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def turned(q: Tensor, k: Tensor, v: Tensor, rows: int, columns: int) -> dict[str, tuple[Tensor, ...]]:
    """2.3: queries, keys and values."""
    d, n = q.shape[-1], torch.arange(rows * columns)
    r = axial(rows, columns, d)
    back = torch.stack([r[0], -r[1]])
    line = n[:, None] * 10_000.0 ** (-torch.arange(d // 2) / (d // 2))  # (n, d/2)
    line, columns_first = torch.stack([line.cos(), line.sin()]), r.roll(d // 4, dims=-1)
    found = {
        "Only the queries are turned: the product depends on one place, not on the difference.": (r, None),
        "The keys are turned backwards: the product depends on m + n, not on m - n.": (r, back),
        "Everything is turned backwards: (a, b) becomes (a cos - b sin, a sin + b cos).": (back, back),
        "The angle grows with the number of the token; half of the pairs turn with its row, half with its "
        "column.": (line, line),
        "You turned the first half of a head by the column; asked for is by the row.": (columns_first,) * 2,
    }
    found = {w: (rotate(q, a), k if b is None else rotate(k, b), v) for w, (a, b) in found.items()}
    return found | {
        "The values are turned too; only queries and keys meet in a product.": tuple(
            rotate(x, r) for x in (q, k, v)
        ),
        "You paired (i, i + d/2), as Llama's code does; the exercise pairs neighbours, (2i, 2i + 1).": (
            _half_split(q, r),
            _half_split(k, r),
            v,
        ),
    }


def counted(n: int, values: int, dim: int, depth: int) -> dict[str, int]:
    """2.4: MACs of one image of n tokens with so many values each, by what they go to; the ledger agrees."""
    return {
        "mlp": depth * 8 * n * dim**2,
        "projections": depth * 4 * n * dim**2,
        "products": depth * 2 * n**2 * dim,
        "modulation": depth * 6 * dim**2,
        "ends": 2 * n * values * dim + 2 * dim**2,
        "time": 256 * dim + dim**2,
    }


def miscounted(side: int, p: int, channels: int, dim: int, depth: int) -> dict[str, float]:
    """2.4: MACs of one image."""
    n, values = (side // p) ** 2, p * p * channels
    parts = counted(n, values, dim, depth)
    total = sum(parts.values())
    return {
        "The N^2 term is missing: every query meets every key, and every weight every value.": total
        - parts["products"],
        "Attention has two products of N x N: queries with keys, and weights with values.": total
        - parts["products"] / 2,
        "Those are FLOPs: 1 MAC is 2 FLOPs.": 2 * total,
        "The modulation is computed once for an image, not once for each token.": total
        + (n - 1) * parts["modulation"],
        "The modulation is missing; with few tokens it counts.": total - parts["modulation"],
        "An MLP has two layers: dim to 4 dim, and back.": total - parts["mlp"] / 2,
        "The first and the last layer are missing; with few tokens and large patches they count.": total
        - parts["ends"],
        "There are (side / p)^2 tokens, not side / p.": sum(counted(side // p, values, dim, depth).values()),
    }


def _network(position: Tensor | None, rotation: Tensor | None, draw: torch.Generator, dim: int) -> Callable:
    """One layer of attention with random weights, in float64, so that equal means equal to 1e-12."""
    q_weight, k_weight, v_weight = (torch.randn(dim, dim, generator=draw).double() for _ in range(3))

    def network(x: Tensor) -> Tensor:
        x = x.double() if position is None else x.double() + position
        q, k, v = (x @ weight / math.sqrt(dim) for weight in (q_weight, k_weight, v_weight))  # (b, n, d)
        if rotation is not None:
            q, k = (rotate(part[:, None], rotation)[:, 0] for part in (q, k))
        return x + (q @ k.transpose(1, 2) / math.sqrt(dim)).softmax(-1) @ v

    return network


EQUAL = (
    "\n  With equal tokens all values are equal, so their mean is too, whatever RoPE does: use different "
    "tokens, and exchange them."
)


NO_POSITIONS = "has no positions"
UPSIDE_DOWN = (
    "\n  And it accepts a network without positions: it is upside down. Only without positions does "
    "network(x[:, order]) equal network(x)[:, order]; assert that they differ."
)


def networks(
    draw: torch.Generator, rows: int, columns: int, dim: int
) -> tuple[dict[str, Callable], dict[str, Callable]]:
    """2.5: right networks, and wrong ones, by name."""
    learned = torch.randn(rows * columns, dim, generator=draw).double()
    column, row = sincos_2d(rows, columns, dim).double().chunk(2, dim=1)
    none, full = torch.zeros_like(row), torch.cat([column, row], dim=1)
    right = {"a table of sines and cosines": full, "a learned table": learned}
    wrong = {
        NO_POSITIONS: None,
        "knows the row of a token, but not its column": torch.cat([none, row], dim=1),
        "knows the column of a token, but not its row": torch.cat([column, none], dim=1),
        "adds the position of the first token to every token": full[:1],
    }
    turned = _network(None, axial(rows, columns, dim).double(), draw, dim)
    rights = {name: _network(table, None, draw, dim) for name, table in right.items()}
    return rights | {"RoPE": turned}, {n: _network(table, None, draw, dim) for n, table in wrong.items()}
