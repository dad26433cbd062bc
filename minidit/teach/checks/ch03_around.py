"""Checks of chapter 3, around the layer: compare two MLPs fairly, measure a map, mask keys."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.checks.ch03 import draw_qkv, scores_of
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, shapes_explained


@exercise(
    "3.5",
    "SwiGLU at equal parameters",
    hints=(
        "Count matrices: the MLP has two between dim and its hidden width. How many has SwiGLU?",
        "Two matrices go up and one comes down: 3 dim * hidden weights. Equal to 2 dim * (ratio dim) means "
        "hidden = 2/3 ratio dim, rounded down.",
        "hidden = 2 * ratio * dim // 3; return hidden, 2 * dim * ratio * dim, 3 * dim * hidden",
    ),
)
def swiglu(answer: Callable, draw: torch.Generator) -> None:
    """equal(dim, ratio) -> (hidden width of SwiGLU, weights of the MLP, weights of SwiGLU)."""
    # the first leaves a rest of 2/3, so that rounding shows; the second has another ratio than 4
    for dim, ratio in ((3 * whole(3, 30, draw) + 1, 4), (3 * whole(3, 30, draw) + 2, 5)):
        wide, hidden = ratio * dim, 2 * ratio * dim // 3
        mlp, nearest = 2 * dim * wide, round(2 * ratio * dim / 3)
        # what each mistake would give: hidden units, and the weights of SwiGLU
        wrong = {
            "You gave SwiGLU the MLP's own hidden width: half as many weights more, no fair comparison.": [
                (wide, 3 * dim * wide)
            ],
            "You counted two matrices for SwiGLU; it has three: gate, value and the way down.": [
                (hidden, 2 * dim * hidden)
            ],
            "With two matrices for SwiGLU both would be equal at the full width; it has three.": [
                (wide, mlp)
            ],
            "A layer has a whole number of hidden units: round down.": [
                (2 * ratio * dim / 3, weights) for weights in (mlp, 3 * dim * hidden)
            ],
            "Round down, so that SwiGLU never has more weights than the MLP.": [(nearest, 3 * dim * nearest)],
            "That is 8 dim / 3 whatever the ratio; it is 2/3 of ratio * dim.": [
                (8 * dim // 3, 3 * dim * (8 * dim // 3))
            ],
        }
        mistakes = {w: OneOf((units, mlp, weights) for units, weights in v) for w, v in wrong.items()}
        expect(answer(dim, ratio), (hidden, mlp, 3 * dim * hidden), {"dim": dim, "ratio": ratio}, mistakes)


def _between(rows: int, columns: int) -> Tensor:
    """(tokens, tokens, 2): rows and columns from one token to another."""
    place = torch.cartesian_prod(torch.arange(float(rows)), torch.arange(float(columns)))
    return place[:, None] - place


@exercise(
    "3.6",
    "how far attention looks",
    hints=(
        "Give each token its row and column. A table of all distances, tokens by tokens, is all you need "
        "besides the maps.",
        "Token n stands in row n // columns and column n % columns. Weigh each distance by attention, sum "
        "over the tokens that are asked, and take the mean over images and over the tokens that ask.",
        "place = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).float(); "
        "return (a * torch.cdist(place, place)).sum(-1).mean((0, 2))",
    ),
)
def look(answer: Callable, draw: torch.Generator) -> None:
    """look(a, rows, columns): maps (batch, heads, tokens, tokens) -> mean distance in patches, (heads,)."""
    for batch, heads, rows, columns in ((1, 1, 2, 3), (2, whole(2, 3, draw), 4, 3)):
        tokens = rows * columns
        a = (2 * tensor(batch, heads, tokens, tokens, draw=draw)).softmax(-1)
        step = _between(rows, columns)
        line = (torch.arange(tokens)[:, None] - torch.arange(tokens)).abs().float()
        top = step.norm(dim=-1).expand_as(a).gather(3, a.argmax(-1, keepdim=True))

        def mean(table: Tensor, a: Tensor = a) -> Tensor:
            return (a * table).sum(-1).mean((0, 2))

        mistakes = {
            "You measured along the sequence; tokens n and n + columns are neighbours, one row apart.": mean(
                line
            ),
            "Rows and columns are exchanged: token n stands in row n // columns.": mean(
                _between(columns, rows).norm(dim=-1)
            ),
            "You counted rows plus columns; the straight distance was asked for.": mean(step.abs().sum(-1)),
            "That is the mean *squared* distance.": mean(step.square().sum(-1)),
            "Only the token with the most attention was counted; all count, by their weight.": top.mean(
                (0, 2, 3)
            ),
            "You took the mean over all pairs; the weights of a row already sum to 1: sum, do not divide.": (
                mean(step.norm(dim=-1)) / tokens
            ),
        }
        given = {"a": a, "rows": rows, "columns": columns}
        expect(answer(a.clone(), rows, columns), mean(step.norm(dim=-1)), given, mistakes)


AXES = (
    "mask is (batch, tokens), the scores are (batch, heads, tokens, tokens): where must the new axes stand?"
)


@exercise(
    "3.7",
    "keys that do not count",
    hints=(
        "A padded key must get the weight 0, and the other weights of its row must still sum to 1. Where in "
        "the formula can that be had at once?",
        "Zeroing a weight after the softmax leaves rows that sum to less than 1. A score of 0 is no small "
        "score: exp(0) = 1. Which score has the exponential 0?",
        'scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1) @ v',
    ),
)
def masked(answer: Callable, draw: torch.Generator) -> None:
    """masked(q, k, v, mask): mask (batch, tokens) bool, False at keys that must get no attention."""
    for batch, heads in ((1, 1), (2, 2)):
        q, k, v = draw_qkv(draw, heads, 4, 4, batch)
        mask = torch.rand(batch, 4, generator=draw) < 0.5
        mask[:, 0], mask[:, -1] = True, False  # something counts, something does not
        mask[1:, 1] = ~mask[0, 1]  # no two images alike
        keys, scores = mask[:, None, None], scores_of(q, k)  # (b, 1, 1, m), (b, h, n, m)
        rows = scores.masked_fill(~mask[:, None, :, None], float("-inf")).softmax(-1).nan_to_num()
        mistakes = {
            "The mask came after the softmax, on weights or on values: the weights that are left no longer "
            "sum to 1.": (scores.softmax(-1) * keys) @ v,
            "A score of 0 is not -inf: exp(0) = 1, and a padded key still gets attention.": (
                scores.masked_fill(~keys, 0).softmax(-1) @ v
            ),
            "The mask is inverted: it is False where a key must get nothing.": (
                scores.masked_fill(keys, float("-inf")).softmax(-1) @ v
            ),
            "You masked the tokens that ask, not those that are asked.": rows @ v,
            f"{AXES} With as many heads as images a wrong place makes no error.": (
                # (h, 1, m): the mask of an image went to a head
                scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1) @ v if batch == heads else None
            ),
        }
        right = scores.masked_fill(~keys, float("-inf")).softmax(-1) @ v
        given = {"q": q, "k": k, "v": v, "mask": mask}
        with shapes_explained(AXES, given, right):
            got = answer(q.clone(), k.clone(), v.clone(), mask.clone())
        got = got.nan_to_num() if isinstance(got, Tensor) else got
        expect(got, right, given, mistakes)
