"""Checks of chapter 9: where a norm stands, and what a stream keeps."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect

WIDTH = 12
Block = Callable[[Tensor], Tensor]


def norm(x: Tensor) -> Tensor:
    """(..., dim) -> each token less its mean, over its deviation."""
    return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True, correction=0)


def branch(draw: torch.Generator, size: float) -> Block:
    """A small MLP of random weights whose answer to a normed token is about `size` large."""
    up, down = torch.randn(2, WIDTH, WIDTH, generator=draw, dtype=torch.double) / WIDTH**0.5
    return lambda x: size * (2**0.5) * torch.relu(x @ up) @ down


def _annotated(f: Block) -> Block:
    return lambda x: x + f(norm(x))


def _shifted(f: Block) -> Block:
    def block(x: Tensor) -> Tensor:
        h = norm(x)
        return h + f(h)

    return block


# what its text says -> how it is made, how large its branch is, where its norm stands, what to say
BLOCKS: dict[str, tuple[Callable[[Block], Block], float, str, str]] = {
    "The branch is added to x, and the sum is normed.": (
        _annotated,
        0.1,
        "pre",
        "You believed the text of the block. Its code norms in the branch; run it and see.",
    ),
    "Norms first, then adds the branch.": (
        lambda f: lambda x: x + f(norm(x)),
        30.0,
        "pre",
        "Here the branch is larger than the tokens, so that doubling shows little. Make them far larger.",
    ),
    "Adds the branch, then norms.": (lambda f: lambda x: norm(x + f(x)), 1.0, "post", ""),
    "Norms first, then adds the branch to what it was given.": (
        _shifted,
        1.0,
        "post",
        "What comes out is not normed, and still a norm stands on the stream: the line begins behind it.",
    ),
    "A norm on either side of the branch.": (lambda f: lambda x: x + norm(f(norm(x))), 1.0, "sandwich", ""),
    "Norms, a branch, a gate.": (
        lambda f: lambda x: x + 0.1 * norm(f(norm(x))),
        1.0,
        "sandwich",
        "The update has one size for all tokens: a norm stands behind the branch, and before a gate of 0.1.",
    ),
}


@exercise(
    "9.1",
    "where the norm stands, by experiment",
    hints=(
        "First: does a norm stand on the stream? Then what goes in twice as large does not come out twice as "
        "large. Second, if not: what does the block add, and how large is that for each token?",
        "Double tokens that are huge, such as 1e6 * x: there the branch does not count, however large it is. "
        "For the second question look at block(x) - x. Behind a norm all tokens have one size; which size "
        "depends on the gate. A text is no evidence, and neither is a normed output.",
        "large = 1e6 * x; if block(2 * large).norm() < 1.5 * block(large).norm(): post. Else "
        "size = (block(x) - x).norm(dim=-1); sandwich if size.std() < 1e-3 * size.mean(), else pre",
    ),
)
def where(answer: Callable, draw: torch.Generator) -> None:
    """where(block, x) -> "pre", "post" or "sandwich"."""
    names = list(BLOCKS)
    for index in torch.randperm(len(names), generator=draw).tolist():
        text = names[index]
        make, size, right, words = BLOCKS[text]
        block = make(branch(draw, size))
        block.__doc__ = text
        x = 1 + torch.randn(8, WIDTH, generator=draw, dtype=torch.double)
        expect(answer(block, x.clone()), right, {"block": text, "x": x}, _misplaced(right, words))


def _misplaced(right: str, words: str) -> dict[str, object]:
    """What a wrong place says; `words` are those for this block, where it has some."""
    grown = "Twice as large in, twice as large out: no norm stands on the stream."
    if right == "pre":
        size = (
            "What the branch adds is not equally large for all tokens, so no norm stands behind it: compare "
            "its size from token to token."
        )
        return {words or grown: "post", size: "sandwich"}
    if right == "post":
        shrunk = "Twice as large in, and not twice as large out: a norm stands on the stream."
        return {words or shrunk: OneOf(("pre", "sandwich"))}
    even = "The update has one size for all tokens: a norm stands behind the branch as well."
    return {words or even: "pre", grown: "post"}


def _stream(placement: str, branches: float, power: float) -> tuple[float, float]:
    """Variance and share of the input, where each branch adds variance `power`."""
    if placement == "post":
        return 1.0, (1 + power) ** -branches
    return 1 + branches * power, 1 / (1 + branches * power)


def _misjudged(placement: str, blocks: int, s: float) -> dict[str, object]:
    """What the common mistakes of 9.2 give."""
    variance, share = _stream(placement, 2 * blocks, s * s)
    mistakes = {
        "A block has two branches: attention and the MLP.": _stream(placement, blocks, s * s),
        "s is an amplitude; what it adds to the variance is its square.": _stream(placement, 2 * blocks, s),
        "The share is one of the variance, not of the amplitude: you took a root.": (
            variance,
            share**0.5,
        ),
    }
    other = _post_misjudged if placement == "post" else _others_misjudged
    return mistakes | other(blocks, s * s, variance, share)


def _post_misjudged(blocks: int, power: float, variance: float, share: float) -> dict[str, object]:
    """What is said of post-norm by mistake."""
    other = _stream("pre", 2 * blocks, power)
    return {
        "The norm divides by 1 + s^2; to multiply by 1 - s^2 is near that for a small s alone.": (
            variance,
            (1 - power) ** (2 * blocks),
        ),
        "Post-norm shrinks the sum after every branch: that is a power, not a sum.": (variance, other[1]),
        "The norm brings the variance back to 1 after every branch.": OneOf(
            [((1 + power) ** (2 * blocks), share), (other[0], share)]
        ),
        "That is a stream without a norm on it: post-norm divides after every sum.": other,
    }


def _others_misjudged(blocks: int, power: float, variance: float, share: float) -> dict[str, object]:
    """What is said by mistake where nothing stands on the stream."""
    other = _stream("post", 2 * blocks, power)
    return {
        "Nothing shrinks this stream: its norms stand in the branch.": OneOf(
            [other, (variance, other[1]), (1.0, share)]
        ),
        "What is added has nothing to do with x: variances add, they do not multiply.": OneOf(
            [((1 + power) ** (2 * blocks), share), (1 / other[1], other[1])]
        ),
    }


@exercise(
    "9.2",
    "what is left of the input",
    hints=(
        "Variances of things that have nothing to do with each other add up. How many branches are there?",
        "Two branches a block, each adds s^2 (not s). With post-norm the variance is brought back to 1 after "
        "every branch; so the share is multiplied by the same factor each time. A sandwich's second norm "
        "makes f's variance 1, which it is here already.",
        "L = 2 * blocks; post: (1, (1 + s**2) ** -L); pre and sandwich: v = 1 + L * s**2; (v, 1 / v)",
    ),
)
def stream(answer: Callable, draw: torch.Generator) -> None:
    """stream(placement, blocks, s) -> the variance of the stream, and the input's share of it."""
    for placement in ("pre", "post", "sandwich"):
        blocks, s = whole(2, 5, draw), whole(2, 9, draw) / 10
        right, mistakes = _stream(placement, 2 * blocks, s * s), _misjudged(placement, blocks, s)
        got = answer(placement, blocks, s)
        expect(got, right, {"placement": placement, "blocks": blocks, "s": s}, mistakes)
