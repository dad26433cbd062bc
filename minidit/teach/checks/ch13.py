"""Checks of chapter 13, the upgrades: RMSNorm, SwiGLU at equal parameters, RoPE in two dimensions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minidit.model.rope import rotate
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, shapes_explained


def rms_norm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    """x / sqrt(mean over the last axis of x^2, plus eps), times the gain."""
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * gain


def _rms_mistakes(x: Tensor, gain: Tensor, eps: float) -> dict[str, Any]:
    """What wrong RMSNorms give."""
    mean = x.square().mean(-1, keepdim=True)
    centred, everywhere = x - x.mean(-1, keepdim=True), x.square().mean((-2, -1), keepdim=True)
    return {
        "You subtracted the mean: that is LayerNorm. RMSNorm leaves the mean in.": OneOf(
            [rms_norm(centred, gain, eps), centred / x.std(-1, keepdim=True) * gain]
        ),
        "That divides by the standard deviation: it leaves the mean in x, and takes it out of the "
        "size.": OneOf(x / (x.var(-1, keepdim=True, correction=k) + eps).sqrt() * gain for k in (0, 1)),
        "eps stands outside the root. Inside, it is added to the mean square.": x
        / (mean.sqrt() + eps)
        * gain,
        "eps is forgotten: a token of zeros would be divided by zero.": x / mean.sqrt() * gain,
        "The gain is forgotten.": rms_norm(x, torch.ones_like(gain), eps),
        "You normalised over the tokens; each token is normalised by itself, over its channels.": (
            x / (x.square().mean(-2, keepdim=True) + eps).sqrt() * gain
        ),
        "You normalised all tokens of an image at once; each token is normalised by itself.": (
            x / (everywhere + eps).sqrt() * gain
        ),
        "The sum of squares, not their mean: that brings the length to 1, not the root mean square.": (
            x / (x.square().sum(-1, keepdim=True) + eps).sqrt() * gain
        ),
        "The root is missing.": x / (mean + eps) * gain,
    }


@exercise(
    "13.1",
    "RMSNorm",
    hints=(
        "A token has one size: the root of the mean of its squares, over its channels. Divide by it, then "
        "multiply by the gain.",
        "Take a token whose numbers are all 3. LayerNorm makes zeros of it. What should yours make, with a "
        "gain of 1? And where does eps stand, inside or outside the root?",
        "return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * gain",
    ),
)
def rms(answer: Callable, draw: torch.Generator) -> None:
    """rms(x, gain, eps) -> each token of x (batch, tokens, dim) over its root mean square, times the gain."""
    for batch, tokens, dim in ((1, 2, 3), (2, whole(3, 5, draw), 4)):
        x = tensor(batch, tokens, dim, draw=draw) + 0.75
        gain, eps = 1.35 + tensor(dim, draw=draw).abs(), 0.4  # an eps so large that its place can be seen
        words = "The mean of squares needs keepdim=True, or it meets the wrong axis."
        given = {"x": x, "gain": gain, "eps": eps}
        with shapes_explained(words, given, x):
            got = answer(x.clone(), gain.clone(), eps)
        expect(got, rms_norm(x, gain, eps), given, _rms_mistakes(x, gain, eps))


def swiglu_width(dim: int, hidden: int) -> int:
    """The most hidden units whose three matrices have no more weights than an MLP's two."""
    return 2 * dim * hidden // (3 * dim)


@exercise(
    "13.2",
    "SwiGLU at equal parameters",
    hints=(
        "Count both. An MLP has two matrices, dim x hidden and hidden x dim. How many has a SwiGLU?",
        "Gate and value have a matrix each, and the way back is the third. Which number of hidden units "
        "gives as many weights, and in which direction do you round when you may not have more?",
        "return 2 * hidden // 3",
    ),
)
def swiglu(answer: Callable, draw: torch.Generator) -> None:
    """width(dim, hidden) -> hidden units of the largest SwiGLU with at most the MLP's weights."""
    sizes = ((8, 5, 1), (whole(3, 9, draw) * 4, 2, 1), (whole(4, 20, draw) * 8, 3, 0), (20, 5, 2))
    for dim, ratio, left in sizes:
        hidden = dim * ratio
        hidden += (left - hidden) % 3  # two thirds of it end in .67, in .0 or in .33: each way to round shows
        right = swiglu_width(dim, hidden)
        mistakes = {
            "That is the MLP's own width. The gate has a matrix too: half as many weights again.": hidden,
            "That is 4 dim; this MLP has `hidden` units.": OneOf([4 * dim, int(8 / 3 * dim)]),
            "Two matrices were counted for the gate: there are three in all, gate, value and the way back.": (
                OneOf([hidden // 2, round(hidden / 2)])
            ),
            "Rounded up: that SwiGLU has more weights than the MLP.": right + 1,
            "A third was rounded before it was doubled: one unit more would fit.": 2 * (hidden // 3),
            "One unit more would have no more weights than the MLP: as many are allowed.": right - 1,
            "That is the width of gate and value together, as one layer makes them.": OneOf(
                [2 * right, 4 * hidden // 3, round(4 * hidden / 3)]
            ),
            "A width is a whole number: round down.": 2 * hidden / 3,
            "Rounded to a multiple of 8 or more, as some networks do for speed: the question was for "
            "the most.": (
                OneOf(
                    [
                        n
                        for k in (8, 16, 32, 64, 256)
                        for n in (right // k * k, -(-right // k) * k)
                        if n != right
                    ]
                )
            ),
            "That is a number of weights, not of hidden units.": OneOf([3 * dim * right, 2 * dim * hidden]),
        }
        expect(answer(dim, hidden), right, {"dim": dim, "hidden": hidden}, mistakes, tolerance=1e-9)


def turned(x: Tensor, row: Tensor, column: Tensor, base: float = 10_000.0) -> Tensor:
    """x (tokens, d): pairs of its first half turned by row, those of the second by column."""
    pairs = x.shape[-1] // 4
    speeds = base ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
    angles = torch.cat([row[:, None] * speeds, column[:, None] * speeds], dim=1)  # (n, d/2)
    return rotate(x[None, None].double(), torch.stack([angles.cos(), angles.sin()]))[0, 0]


def _halves(x: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The same angles on pairs (i, i + d/2), as language models often have it."""
    d = x.shape[-1]
    order = torch.arange(d).view(2, d // 2).T.flatten()  # 0, d/2, 1, d/2 + 1, ...
    back = order.argsort()
    return turned(x[:, order], row, column)[:, back]


def _wrong_parts(right: tuple[Tensor, ...], given: tuple[Tensor, ...], values: Tensor) -> dict[str, Any]:
    """What comes of turning others of the three; values are those that were turned."""
    (q, k, v), as_given = right, [x.double() for x in given]
    return {
        "The values are turned too. Where a token stands decides who heeds whom, not what is told.": (
            (q, k, values)
        ),
        "Only the queries are turned: the product must depend on the difference of two places.": (
            (q, as_given[1], v)
        ),
        "Only the keys are turned: the product must depend on the difference of two places.": (
            (as_given[0], k, v)
        ),
    }


def _rope_mistakes(q: Tensor, k: Tensor, v: Tensor, kept: Tensor, columns: int) -> dict[str, Any]:
    """What wrong ways of turning give."""
    row, column, new = kept // columns, kept % columns, torch.arange(len(kept))

    def both(f: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        return f(q), f(k), v.double()

    right = both(lambda x: turned(x, row, column))
    return _wrong_parts(right, (q, k, v), turned(v, row, column)) | {
        "Rows and columns are exchanged: the first half of a head turns with the row.": both(
            lambda x: turned(x, column, row)
        ),
        "The tokens were numbered anew. Some were skipped: `kept` says where in the image each one "
        "stands.": both(lambda x: turned(x, new // columns, new % columns)),
        "The token's number was used for rows and columns alike: that is RoPE in one dimension, twice.": both(
            lambda x: turned(x, kept, kept)
        ),
        "Turned the other way: (a, b) becomes (a cos - b sin, a sin + b cos).": both(
            lambda x: turned(x, -row, -column)
        ),
        "The pairs are neighbours, (0, 1), (2, 3) and so on; yours stand half a head apart.": both(
            lambda x: _halves(x, row, column)
        ),
    }


@exercise(
    "13.3",
    "RoPE for tokens that were kept",
    hints=(
        "Where does token `kept[i]` stand? The image is read row by row, so its row is kept // columns, "
        "and its column the rest.",
        "Three things to look at: are the values as they came? Is the first half of each head turned by the "
        "row? And does token 0 of what you were given stand in the corner, or where `kept` says?",
        "p = q.shape[-1] // 4; s = 10_000.0 ** (-torch.arange(p) / p); angle = torch.cat([(kept // "
        "columns)[:, None] * s, (kept % columns)[:, None] * s], 1); then (a, b) of x.unflatten(-1, (-1, "
        "2)).unbind(-1) become (a cos - b sin, a sin + b cos), for q and k; return q, k, v",
    ),
)
def rope(answer: Callable, draw: torch.Generator) -> None:
    """turn(q, k, v, kept, columns) -> the three as attention takes them, with RoPE in two dimensions."""
    for rows, columns, head_dim in ((2, 3, 4), (4, 5, 8)):
        places = torch.randperm(rows * columns - 2, generator=draw)[: rows + 1] + 1
        kept = torch.cat([places.sort().values, torch.tensor([rows * columns - 1])])  # never from 0 on
        q, k, v = (tensor(len(kept), head_dim, draw=draw) + 0.35 for _ in range(3))
        right = turned(q, kept // columns, kept % columns), turned(k, kept // columns, kept % columns)
        given = {"q": q, "k": k, "v": v, "kept": kept, "columns": columns}
        got = answer(q.clone(), k.clone(), v.clone(), kept.clone(), columns)
        got = tuple(got) if isinstance(got, list) else got
        expect(got, (*right, v.double()), given, _rope_mistakes(q, k, v, kept, columns), tolerance=1e-3)
