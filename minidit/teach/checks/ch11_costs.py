"""Checks of chapter 11: what a route saves, and how many steps that buys."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same


def macs(tokens: float, dim: int) -> float:
    """Multiplications of one block with an MLP of four times its width: linear layers, and attention."""
    return 12 * tokens * dim**2 + 2 * tokens**2 * dim


def share(tokens: int, dim: int, depth: int, route: tuple[int, int, float]) -> float:
    """The part of all blocks' multiplications that is left in training; route is start, end, skip."""
    start, end, skip = route
    kept, spanned = tokens - int(tokens * skip), end - start + 1
    return (spanned * macs(kept, dim) / macs(tokens, dim) + depth - spanned) / depth


def _left(part: float, spanned: float, depth: int) -> float:
    return (spanned * part + depth - spanned) / depth


def _share_mistakes(tokens: int, dim: int, depth: int, route: tuple[int, int, float]) -> dict[str, Any]:
    start, end, skip = route
    kept, spanned, full = tokens - int(tokens * skip), end - start + 1, macs(tokens, dim)
    part, right = macs(kept, dim) / full, share(tokens, dim, depth, route)
    return {
        "That is the part saved; the part that is left was asked.": 1 - right,
        "The quadratic part is forgotten: among half the tokens attention's two products cost a quarter.": (
            OneOf([_left(kept / tokens, spanned, depth), _left(1 - skip, spanned, depth)])
        ),
        "`skip` is the share that skips, not the share that is kept.": OneOf(
            _left(macs(count, dim) / full, spanned, depth)
            for count in {tokens - kept, round(tokens * skip)} - {kept}
        ),
        "Both ends belong to the route: it is end - start + 1 blocks long.": OneOf(
            _left(part, spanned + off, depth) for off in (-1, -2, 1)
        ),
        "All blocks were routed; those outside of the route run all tokens.": part,
        "That is the cost of the blocks of the route alone, as a part of all: add the others.": (
            spanned * part / depth
        ),
        "Only attention's products were counted, no linear layers.": _left(
            (kept / tokens) ** 2, spanned, depth
        ),
        "tokens - int(tokens * skip) are kept: the share that skips is rounded down.": OneOf(
            _left(macs(count, dim) / full, spanned, depth)
            for count in (tokens * (1 - skip), int(tokens * (1 - skip)))
        ),
        "That is a count; a share of the blocks' full cost was asked.": OneOf([right * depth * full]),
    }


def _routes(draw: torch.Generator) -> Iterator[tuple[int, int, int, tuple[int, int, float]]]:
    """Networks and routes with which no mistake gives another's value, or the right one."""
    while True:
        tokens, dim, depth = whole(20, 90, draw), 8 * whole(1, 4, draw), whole(8, 14, draw)
        start = whole(2, 4, draw)
        route = (start, whole(start + 3, depth - 1, draw), whole(21, 79, draw) / 100)
        if abs(route[2] - 0.5) < 0.03 or abs(tokens * route[2] % 1 - 0.5) > 0.4:
            continue
        made = _share_mistakes(tokens, dim, depth, route).values()
        kinds = [(share(tokens, dim, depth, route),), *[v if isinstance(v, OneOf) else (v,) for v in made]]
        flat = [(k, one) for k, kind in enumerate(kinds) for one in kind]
        if not any(same(a, b, 5e-4) for i, a in flat for j, b in flat if i < j):
            yield tokens, dim, depth, route


@exercise(
    "11.3",
    "what a route saves",
    hints=(
        "Two numbers decide it: how many blocks the route spans, and what a block costs with fewer tokens.",
        "One part of a block grows with the tokens, the other with their square. How many blocks are there "
        "from 3 to 9? And is `skip` what runs, or what does not?",
        "cost = lambda n: 12 * n * dim**2 + 2 * n**2 * dim; kept = tokens - int(tokens * skip); "
        "spanned = end - start + 1; return (spanned * cost(kept) / cost(tokens) + depth - spanned) / depth",
    ),
)
def saved(answer: Callable, draw: torch.Generator) -> None:
    """share(tokens, dim, depth, start, end, skip) -> the part of the blocks' cost that is left."""
    for _ in range(3):
        tokens, dim, depth, route = next(_routes(draw))
        given = dict(
            zip(("tokens", "dim", "depth", "start", "end", "skip"), (tokens, dim, depth, *route), strict=True)
        )
        got = answer(tokens, dim, depth, *route)
        mistakes = _share_mistakes(tokens, dim, depth, route)
        expect(got, share(tokens, dim, depth, route), given, mistakes, 1e-5)


def more_steps(steps: int, outside: float, block: float, depth: int, left: float) -> float:
    """Steps, not rounded, that cost as much as `steps` without the route; `left` is 11.3's share."""
    return steps * (outside + depth * block) / (outside + depth * block * left)


def _step_mistakes(
    steps: int, outside: float, block: float, depth: int, left: float, right: float
) -> dict[str, Any]:
    exact = more_steps(steps, outside, block, depth, left)
    down, up = int(exact), int(exact) + 1
    wrong = {
        "These are equal steps: the routed network would cost less.": [steps],
        "The ratio is upside down: a cheaper step buys more steps.": [steps**2 / exact],
        "Nothing is saved outside of the blocks: there the cost stays whole.": [steps / left],
        "What lies outside of the blocks was left out of the routed step.": [
            steps * (outside + depth * block) / (depth * block * left)
        ],
        "What lies outside of the blocks was left out of the full step.": [
            steps * depth * block / (outside + depth * block * left)
        ],
        "`left` is what a step of all blocks costs, not what is saved.": [
            steps * (outside + depth * block) / (outside + depth * block * (1 - left))
        ],
        "`block` is one block; there are `depth` of them.": [
            steps * (outside + block) / (outside + block * left)
        ],
        "These are the additional steps; all of them were asked.": [exact - steps],
    }
    found = {
        words: OneOf(y for x in values for y in (x, round(x), int(x))) for words, values in wrong.items()
    }
    rounding = "Steps are whole: the nearest whole number was asked."
    return found | {rounding: OneOf(x for x in (exact, down, up) if abs(x - right) > 1e-9)}


def _step_inputs(draw: torch.Generator) -> Iterator[tuple[int, float, float, int, float]]:
    while True:
        steps, depth = whole(300, 900, draw), whole(6, 14, draw)
        block, left = float(whole(20, 80, draw)), whole(40, 85, draw) / 100
        outside = round(float(torch.rand((), generator=draw) * 0.5 + 0.3) * depth * block)
        exact = more_steps(steps, outside, block, depth, left)
        if 0.1 < abs(exact % 1 - 0.5) < 0.4:
            values = _step_mistakes(steps, outside, block, depth, left, round(exact)).values()
            kinds = [(float(round(exact)),), *values]
            flat = [(k, one) for k, kind in enumerate(kinds) for one in kind]
            if not any(abs(a - b) < 0.01 for i, a in flat for j, b in flat if i < j):
                yield steps, outside, block, depth, left


@exercise(
    "11.4",
    "steps for equal FLOPs",
    hints=(
        "Both arms may spend the same. What does the base spend in all its steps?",
        "A step is made of the blocks and of what lies outside of them. Which of the two does a route make "
        "cheaper? And does a cheaper step buy more steps or fewer?",
        "full = outside + depth * block; routed = outside + depth * block * left; "
        "return round(steps * full / routed)",
    ),
)
def equal(answer: Callable, draw: torch.Generator) -> None:
    """steps(base, outside, block, depth, left) -> the steps of a routed network at the base's FLOPs."""
    for place in range(4):
        inputs = next(_step_inputs(draw))
        exact = more_steps(*inputs)
        while (exact % 1 < 0.5) != (place % 2 == 0):  # rounding down and rounding up are both tried
            inputs = next(_step_inputs(draw))
            exact = more_steps(*inputs)
        given = dict(zip(("base", "outside", "block", "depth", "left"), inputs, strict=True))
        mistakes = _step_mistakes(*inputs, float(round(exact)))
        expect(answer(*inputs), float(round(exact)), given, mistakes, 1e-7)
