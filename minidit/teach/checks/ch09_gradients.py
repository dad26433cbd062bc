"""Checks of chapter 9, its gradients: a size for each block, and a reading that says nothing."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from minidit.teach.draw import tensor
from minidit.teach.exercise import exercise
from minidit.teach.expect import expect, same


def _network(draw: torch.Generator, gain: float) -> tuple[nn.ModuleList, nn.Linear]:
    """Three blocks and a head, all weights drawn; the blocks' are `gain` large."""
    blocks = nn.ModuleList(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(3)).double()
    head = nn.Linear(3, 2).double()
    with torch.no_grad():
        for parameter in (*blocks.parameters(), *head.parameters()):
            parameter.copy_(gain * (0.2 + tensor(*parameter.shape, draw=draw).double()))
        head.weight.copy_(gain * (0.5 + tensor(2, 3, draw=draw).double().abs()))
    return blocks, head


def _through(blocks: nn.ModuleList, x: Tensor, residual: bool = False) -> Tensor:
    """What comes out behind the last block; `residual` adds each block's answer to what it was given."""
    for block in blocks:
        x = x + block(x) if residual else block(x)
    return x


def _norms(
    blocks: nn.ModuleList, head: nn.Linear, x: Tensor, target: Tensor, residual: bool = False
) -> list[list[Tensor]]:
    """The gradients of the loss, block by block."""
    loss = (head(_through(blocks, x, residual)) - target).square().mean()
    wanted = [list(block.parameters()) for block in blocks]
    found = iter(torch.autograd.grad(loss, [p for own in wanted for p in own]))
    return [[next(found) for _ in own] for own in wanted]


def _two(gradients: list[Tensor]) -> float:
    return sum(g.square().sum().item() for g in gradients) ** 0.5


# how large the weights are, what the head is multiplied by, and whether its answer meets the target
SETTINGS = ((1.0, 1.0, False), (1e-4, 1.0, False), (1.0, 1e-9, False), (1.0, 1.0, True), (1.0, 0.0, False))
SMALL = (
    "Small gradients are a reading, and zeros where the answer meets the target. Only a zero head makes none."
)
TWICE = "Asked twice, you answer twice as much: .grad adds up. Use torch.autograd.grad."


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
    for gain, scale, met in SETTINGS:
        blocks, head = _network(draw, gain)
        head.weight.data *= scale
        x, target = tensor(4, 3, draw=draw).double() + 1, 3 + tensor(4, 2, draw=draw).double()
        if met:
            target = head(_through(blocks, x)).detach()
        given = {"head.weight": head.weight, "head.bias": head.bias, "x": x, "target": target}
        got = [answer(blocks, head, x.clone(), target.clone()) for _ in range(2)]
        if not scale:
            _none(got[0], given)
            continue
        own = _norms(blocks, head, x, target)
        right = [_two(one) for one in own]
        mistakes = _unfair(own) | _other_losses(blocks, head, x, target) | {SMALL: None}
        if same(got[1], [2 * value for value in right], 1e-6) and same(got[0], right, 1e-7):
            mistakes = {TWICE: got[1]}
        for one in got:
            expect(one, right, given, mistakes, tolerance=1e-7)


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


def _other_losses(
    blocks: nn.ModuleList, head: nn.Linear, x: Tensor, target: Tensor
) -> dict[str, list[float]]:
    """What the gradients of another loss, or of another network, would be."""
    right = [_two(one) for one in _norms(blocks, head, x, target)]
    return {
        "The loss is the mean of the squares; you took their sum.": [target.numel() * v for v in right],
        "You added each block's answer to its input: y = block(y) is all that happens here.": [
            _two(one) for one in _norms(blocks, head, x, target, residual=True)
        ],
    }


def _none(got: object, given: dict) -> None:
    """With a zero head there is nothing to be read."""
    words = "The head is zero: every gradient is 0, whatever the blocks do. That is no reading: return None."
    expect(got, None, given, {words: [0.0, 0.0, 0.0]})
