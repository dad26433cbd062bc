"""Checks of chapter 9: where a norm stands, what a stream keeps, and a gradient that says nothing."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same

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
    "A residual connection around a branch, followed by a norm.": (
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
        other = {"pre": OneOf(("post", "sandwich")), "post": "pre", "sandwich": "pre"}[right]
        words = words or (
            "Twice as large in, and not twice as large out: a norm stands on the stream."
            if right == "post"
            else "The update has one size for all tokens: a norm stands behind the branch as well."
        )
        expect(answer(block, x.clone()), right, {"block": text, "x": x}, {words: other})


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
    if placement == "post":
        other = _stream("pre", 2 * blocks, s * s)
        mistakes |= {
            "Post-norm shrinks the sum after every branch: that is a power, not a sum.": (1.0, other[1]),
            "The norm brings the variance back to 1 after every branch.": OneOf(
                [((1 + s * s) ** (2 * blocks), share), (other[0], share)]
            ),
            "That is a stream without a norm on it: post-norm divides after every sum.": other,
        }
    else:
        other = _stream("post", 2 * blocks, s * s)
        mistakes |= {
            "Nothing shrinks this stream: its norms stand in the branch.": OneOf(
                [other, (variance, other[1]), (1.0, share)]
            ),
            "What is added has nothing to do with x: variances add, they do not multiply.": OneOf(
                [((1 + s * s) ** (2 * blocks), share), (1 / other[1], other[1])]
            ),
        }
    return mistakes


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


def _network(draw: torch.Generator, gain: float) -> tuple[nn.ModuleList, nn.Linear]:
    """Three blocks and a head, all weights drawn; the blocks' are `gain` large."""
    blocks = nn.ModuleList(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(3)).double()
    head = nn.Linear(3, 2).double()
    with torch.no_grad():
        for parameter in (*blocks.parameters(), *head.parameters()):
            parameter.copy_(gain * (0.2 + tensor(*parameter.shape, draw=draw).double()))
        head.weight.copy_(gain * (0.5 + tensor(2, 3, draw=draw).double().abs()))
    return blocks, head


def _norms(blocks: nn.ModuleList, head: nn.Linear, x: Tensor, target: Tensor) -> list[list[Tensor]]:
    """The gradients of the loss, block by block."""
    y = x
    for block in blocks:
        y = block(y)
    loss = (head(y) - target).square().mean()
    wanted = [list(block.parameters()) for block in blocks]
    found = iter(torch.autograd.grad(loss, [p for own in wanted for p in own]))
    return [[next(found) for _ in own] for own in wanted]


def _two(gradients: list[Tensor]) -> float:
    return sum(g.square().sum().item() for g in gradients) ** 0.5


@exercise(
    "9.3",
    "gradients, block by block, or none",
    hints=(
        "One number a block, over all its parameters. And when the head is zero: what can come back?",
        "Squares are summed over all parameters of a block, and one root is taken at the end. A zero head "
        "makes every gradient exactly 0, whatever the blocks are: the reading says nothing, so return None. "
        "Look at the head's weight, not at how small the gradients are. And .grad adds up from call to call.",
        "if not head.weight.any(): return None; torch.autograd.grad(loss, all parameters); for each block "
        "sum(g.square().sum() for g in its own).sqrt().item()",
    ),
)
def gradient_norms(answer: Callable, draw: torch.Generator) -> None:
    """gradient_norms(blocks, head, x, target) -> the 2-norm of each block's gradient, or None."""
    for gain, zero in ((1.0, False), (0.0001, False), (1.0, True)):
        blocks, head = _network(draw, gain)
        x, target = tensor(4, 3, draw=draw).double() + 1, 3 + tensor(4, 2, draw=draw).double()
        if zero:
            head.weight.data.zero_()
        own = _norms(blocks, head, x, target)
        right = None if zero else [_two(one) for one in own]
        given = {"head.weight": head.weight, "head.bias": head.bias, "x": x, "target": target}
        mistakes = _unfair(own) if not zero else {}
        before = answer(blocks, head, x.clone(), target.clone())
        if zero:
            _none(before, given)
            continue
        for got in (before, answer(blocks, head, x.clone(), target.clone())):
            if got is None:
                mistakes = {"Small gradients are a reading. Only a zero head makes none.": None}
            elif same(got, [2 * value for value in right], 1e-6):
                mistakes = {
                    "Asked twice, you answer twice as much: .grad adds up. Use torch.autograd.grad.": got
                }
            expect(got, right, given, mistakes, tolerance=1e-7)


def _unfair(own: list[list[Tensor]]) -> dict[str, list[float]]:
    """What other readings than the 2-norm over a block would give."""
    ways = {
        "You summed the norms of weight and bias: sum squares, and take one root.": lambda one: sum(
            g.norm().item() for g in one
        ),
        "The root is missing.": lambda one: _two(one) ** 2,
        "The biases are parameters of the block too.": lambda one: one[0].norm().item(),
        "That is a mean over the parameters; the norm is over all of them.": lambda one: (
            _two(one) / sum(g.numel() for g in one) ** 0.5
        ),
    }
    values = {words: [way(one) for one in own] for words, way in ways.items()}
    values["Blocks are numbered from 1, at the input: your list begins at the end."] = [
        _two(one) for one in own[::-1]
    ]
    return values


def _none(got: object, given: dict) -> None:
    """With a zero head there is nothing to be read."""
    words = "The head is zero: every gradient is 0, whatever the blocks do. That is no reading: return None."
    expect(got, None, given, {words: [0.0, 0.0, 0.0]})
