"""Checks of chapter 10: what attention sees of a shift, and what makes two networks equally large."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, shapes_explained

Weights = tuple[Tensor, Tensor, Tensor]  # of queries, keys and values, each (dim, d)


def left_over(x: Tensor, h: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """Of a shift h (dim,) on tokens x (n, dim): a bias for each key (n,), and a constant (d,)."""
    wq, wk, wv = weights
    return (x @ wk) @ (h @ wq) / wk.shape[1] ** 0.5, h @ wv


def _centred(bias: Tensor) -> Tensor:
    """Softmax does not see what is added to all keys alike."""
    return bias - bias.mean()


def _shift_mistakes(x: Tensor, h: Tensor, weights: Weights) -> dict[str, tuple[Tensor, Tensor]]:
    """The pair that each mistake gives, its bias centred."""
    wq, wk, _ = weights
    bias, constant = left_over(x, h, weights)
    root, n = wk.shape[1] ** 0.5, len(x)
    asked = (x @ wq) @ (h @ wk) / root
    biases = {
        "That is the shift in the keys: it adds one number to a query's scores, and softmax drops it.": asked,
        "The shift in the keys does not count: softmax drops what a query adds to all keys alike.": bias
        + asked,
        "The scores are divided by the root of d, and so is the bias.": bias * root,
        "Divided by d, not by its root.": bias / root,
        "Divided by the root of the tokens' width; d is the width of queries and keys.": bias
        * (root / x.shape[1] ** 0.5),
        "The sign is turned: what h adds to a score is what the bias adds.": -bias,
        "No bias: but a shift in the queries prefers some keys, the same for all queries.": torch.zeros(
            n
        ).double(),
    }
    constants = {
        "The weights of a softmax sum to 1: the constant comes through once, not once a token.": n * constant,
        "The weights of a softmax sum to 1: the constant comes through whole, not divided by n.": constant
        / n,
        "The sign is turned: c is added, as h was.": -constant,
        "That is h itself: it goes through wv, as the tokens do.": h,
        "No constant: but what all values share comes through whatever the weights are.": 0 * constant,
    }
    made = {words: (_centred(wrong), constant) for words, wrong in biases.items()}
    return made | {words: (_centred(bias), wrong) for words, wrong in constants.items()}


@exercise(
    "10.6",
    "which shift does attention see?",
    hints=(
        "Write the score of token i with token j, with h added to both: four products. Which of them depend "
        "on j?",
        "What does not depend on j is added to all keys alike, and softmax drops it. Two products are left, "
        "and one of them is the old score. For the values: what is a weighted mean of v_j + c?",
        "bias = (x @ wk) @ (h @ wq) / wk.shape[1] ** 0.5; constant = h @ wv",
    ),
)
def seen(answer: Callable, draw: torch.Generator) -> None:
    """seen(x, h, wq, wk, wv) -> a bias for each key, up to a number for all, and a constant."""
    for n, dim, d in ((2, 3, 2), (whole(3, 5, draw), 5, 3)):
        x, h = tensor(n, dim, draw=draw).double(), tensor(dim, draw=draw).double() + 0.05
        weights = tuple(tensor(dim, d, draw=draw).double() for _ in range(3))
        bias, constant = left_over(x, h, weights)
        given = {"x": x, "h": h, **dict(zip(("wq", "wk", "wv"), weights, strict=True))}
        words = "h (dim,) goes through the same weights as a token does: h @ wq is of shape (d,)."
        with shapes_explained(words, given, bias):
            got = answer(*(value.clone() for value in given.values()))
        if not isinstance(got, tuple) or len(got) != 2:
            raise CheckFailed("not right yet. Return two things: the bias (n,) and the constant (d,).")
        if getattr(got[0], "shape", None) != bias.shape:
            raise CheckFailed(
                f"not right yet. The bias has one number for each key, {tuple(bias.shape)}: what differs "
                "from query to query, and not from key to key, softmax drops."
            )
        got = (_centred(got[0]), got[1])
        expect(got, (_centred(bias), constant), given, _shift_mistakes(x, h, weights))


def spare(dim: int, depth: int) -> int:
    """What adaLN-Zero has more than tokens and constant gates: modulation in blocks and last layer."""
    return depth * (6 * dim**2 + 6 * dim - 2 * dim) + 2 * dim**2 + 2 * dim


def wide(dim: int, depth: int, old: float) -> float:
    """The mlp_ratio at which a network told by tokens has as many parameters as one with adaLN-Zero."""
    return old + spare(dim, depth) / (depth * (2 * dim**2 + dim))


def _ratio_mistakes(dim: int, depth: int, old: float) -> dict[str, float | OneOf]:
    unit = depth * (2 * dim**2 + dim)  # parameters that one more of the ratio costs
    gates, last = 2 * dim * depth, 2 * dim**2 + 2 * dim
    extra, right = spare(dim, depth), wide(dim, depth, old)
    return {
        "That is what is added to the ratio; the whole ratio was asked.": right - old,
        "The last layer's modulation is forgotten: it has a shift and a scale.": right - last / unit,
        "The gates stay in the tokens' network, two vectors a block: they are not free to be spent.": right
        + gates / unit,
        "The gates stay, but as two vectors a block, not as layers.": old
        + (depth * (4 * dim**2 + 4 * dim) + last) / unit,
        "One gate is left out: the tokens' network has two vectors of them in each block.": right
        + gates / 2 / unit,
        "A gate is a vector of dim numbers, not one number.": right + (gates - 2 * depth) / unit,
        "Each hidden unit has a bias of its own: it costs 2 dim + 1 parameters.": old
        + extra / (depth * 2 * dim**2),
        "The biases are missing: exact counts were asked.": old + (6 * depth + 2) / (2 * depth),
        "The MLP has two layers, up and down: each hidden unit costs twice the width.": OneOf(
            [old + extra / (depth * (dim**2 + dim)), old + extra / (depth * dim**2)]
        ),
        "The last layer's modulation is there once, not once a block.": old
        + (extra + (depth - 1) * last) / unit,
        "You spent all of it in one block: every block gets the wider MLP.": old + extra * depth / unit,
        "These are hidden units; the ratio is hidden units divided by the width.": right * dim,
    }


@exercise(
    "10.7",
    "equal parameters",
    hints=(
        "Count what one network has and the other has not. Then what one more hidden unit costs, in all "
        "blocks.",
        "A block's modulation is a linear layer from dim to 6 dim, with biases; the last layer has one from "
        "dim to 2 dim. The tokens' network keeps 2 dim constant gates a block. A hidden unit costs dim "
        "weights in, dim out, and a bias. The ratio times dim is the number of hidden units.",
        "more = depth * (6 * dim**2 + 6 * dim - 2 * dim) + 2 * dim**2 + 2 * dim; return old + more / "
        "(depth * (2 * dim**2 + dim))",
    ),
)
def ratio(answer: Callable, draw: torch.Generator) -> None:
    """ratio(dim, depth, old) -> the mlp_ratio that makes the tokens' network as large as adaLN-Zero's."""
    for dim, depth in ((8, 2), (8 * whole(2, 8, draw), whole(3, 8, draw))):
        old = whole(2, 5, draw) + 0.0
        given = {"dim": dim, "depth": depth, "old": old}
        expect(answer(dim, depth, old), wide(dim, depth, old), given, _ratio_mistakes(dim, depth, old), 1e-6)
