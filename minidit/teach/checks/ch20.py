"""Checks of chapter 20: the FLOPs of a block, and the bytes that it must move."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf


class Block(NamedTuple):
    """Images, tokens of each, width, hidden units of the MLP a unit of width, bytes of a number."""

    batch: int
    tokens: int
    dim: int
    ratio: int
    size: int


def flops(b: Block, *, modulated: int = 1, squares: int = 2) -> int:
    """Of the products of a pass forwards; modulated: how often an image is modulated."""
    linear = b.tokens * (4 + 2 * b.ratio) * b.dim**2  # qkv 3, output 1, MLP up and down
    attention = squares * b.tokens**2 * b.dim  # q k^T, and the weights times v
    return 2 * b.batch * (linear + attention + modulated * 6 * b.dim**2)


def weights(b: Block) -> int:
    """How many numbers the weights are."""
    return (4 + 2 * b.ratio + 6) * b.dim**2


def tokens_moved(b: Block) -> int:
    """How many numbers of tokens are read and written by the linear layers and by attention."""
    return b.batch * b.tokens * b.dim * ((1 + 3) + (3 + 1) + (1 + 1) + 2 * (1 + b.ratio))


def numbers(b: Block) -> int:
    """All numbers that a pass forwards moves: weights, tokens, and the condition with its six parts."""
    return weights(b) + tokens_moved(b) + 7 * b.batch * b.dim


def _flops_mistakes(b: Block) -> Wrong:
    right = flops(b)
    return {
        "Those are MACs: a multiplication and an addition are two FLOPs.": right // 2,
        "adaLN works on the condition, one vector an image, and not on every token.": flops(
            b, modulated=b.tokens
        ),
        "adaLN is left out: six vectors of the width are made of one.": flops(b, modulated=0),
        "Attention is left out: its two products cost tokens * tokens * dim each.": flops(b, squares=0),
        "Attention has two products, q with k, and the weights with v; you counted one.": flops(b, squares=1),
        "The batch is left out.": right // b.batch,
        "That is a step of training; a pass forwards was asked.": 3 * right,
        "The MLP has `ratio` times the width in the middle: it need not be 4.": flops(b._replace(ratio=4)),
        "The MLP goes up and down again: two layers.": right - 2 * b.batch * b.tokens * b.ratio * b.dim**2,
        "The MLP is counted twice over: up and down together are 2 * ratio.": (
            right + 4 * b.batch * b.tokens * b.ratio * b.dim**2
        ),
        "Those are all from one token: a linear layer works on each.": (
            2 * b.batch * ((4 + 2 * b.ratio) * b.dim**2 + 2 * b.tokens**2 * b.dim + 6 * b.dim**2)
        ),
    }


def _bytes_mistakes(b: Block) -> Wrong:
    size, right = b.size, b.size * numbers(b)
    read = b.batch * b.tokens * b.dim * (1 + 3 + 1 + 1 + b.ratio) + b.batch * b.dim
    maps = 2 * b.batch * b.tokens**2
    return {
        "That is how many numbers are moved: each has `size` bytes.": numbers(b),
        "A number has `size` bytes here, not 4.": 4 * numbers(b),
        "Weights are read once for the whole batch, not once an image.": (
            size * (numbers(b) + (b.batch - 1) * weights(b))
        ),
        "The weights are left out: they are read too.": size * (numbers(b) - weights(b)),
        "The tokens are left out: every layer reads them and writes them.": size * weights(b),
        "What a layer reads is counted, what it writes is not.": size * (weights(b) + read),
        "The fused attention keeps its map to itself: it is never written.": OneOf(
            size * (numbers(b) + k * maps) for k in (0.5, 1, 2)
        ),
        "Attention is left out: it reads q, k and v, and writes one of their size.": (
            size * (numbers(b) - 4 * b.batch * b.tokens * b.dim)
        ),
        "adaLN is left out: it has weights of 6 dim * dim, reads one vector an image and writes six.": OneOf(
            size * (numbers(b) - part)
            for part in (6 * b.dim**2, 7 * b.batch * b.dim, 6 * b.dim**2 + 7 * b.batch * b.dim)
        ),
        "The batch is left out: each image has tokens of its own.": size * numbers(b._replace(batch=1)),
        "The MLP has `ratio` times the width in the middle: it need not be 4.": (
            size * numbers(b._replace(ratio=4))
        ),
        "That is a step of training; a pass forwards was asked.": 3 * right,
    }


def _block(size: int, draw: torch.Generator) -> Block:
    """A block in which every mistake shows by a value of its own."""
    while True:
        ratio = (3, 5, 6, 7)[whole(0, 3, draw)]  # of 2, the double is 4: the usual ratio
        b = Block(whole(3, 9, draw), whole(5, 30, draw), 8 * whole(2, 9, draw), ratio, size)
        wrong = {"FLOPs": _flops_mistakes(b), "bytes": _bytes_mistakes(b)}
        if told_apart({"FLOPs": flops(b), "bytes": size * numbers(b)}, wrong):
            return b


@exercise(
    "20.1",
    "FLOPs and bytes of a block",
    hints=(
        "Seven products, in six parts: qkv, the two of attention, its output, the MLP up and down, and "
        "adaLN. Which of them work on every token, which on one vector an image?",
        "FLOPs are 2 * batch * (tokens * (4 + 2 * ratio) * dim**2 + 2 * tokens**2 * dim + 6 * dim**2). A "
        "linear layer moves what it reads, its weights, and what it writes. Weights serve the whole batch.",
        "numbers = (10 + 2 * ratio) * dim**2 + batch * tokens * dim * (12 + 2 * ratio) + 7 * batch * dim; "
        "bytes = size * numbers",
    ),
)
def block_cost(answer: Callable, draw: torch.Generator) -> None:
    """block_cost(batch, tokens, dim, ratio, size) -> (flops, bytes) of a pass forwards."""
    for size in (2, 8):
        b = _block(size, draw)
        right = {"FLOPs": flops(b), "bytes": size * numbers(b)}
        parts(answer(*b), right, b._asdict(), {"FLOPs": _flops_mistakes(b), "bytes": _bytes_mistakes(b)})
