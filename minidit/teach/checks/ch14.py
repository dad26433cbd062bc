"""Checks of chapter 14: a slope in logarithms, and the steps that a budget of FLOPs buys."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same

LN10 = 2.302585092994046


def line(x: Tensor, y: Tensor) -> Tensor:
    """The slope of least squares of y (..., n) on x (n,): (...)."""
    x = x - x.mean()
    return (x * (y - y.mean(-1, keepdim=True))).sum(-1) / (x * x).sum()


def apart(values: Iterable[Any]) -> bool:
    """Whether the right result and all mistakes differ from one another, so that each is named by itself."""
    groups = [value if isinstance(value, OneOf) else (value,) for value in values]
    pairs = [(x, y) for one, other in combinations(groups, 2) for x in one for y in other]
    return not any(same(x, y, 1e-3) for x, y in pairs)


def computes(sizes: int, draw: torch.Generator) -> Tensor:
    """GFLOPs of `sizes` networks, each 1.5 to 4 times the one before, with two digits."""
    steps = 1.5 * (4 / 1.5) ** torch.rand(sizes, generator=draw).double()
    raw = 0.5 * steps.cumprod(0)
    digits = 10 ** (raw.log10().floor() - 1)
    return (raw / digits).round() * digits


def _slope_mistakes(c: Tensor, e: Tensor) -> dict[str, Any]:
    x, y = c.log(), e.log()
    steps = y.diff() / x.diff()
    return {
        "Two bases are mixed: take the same logarithm of both.": OneOf(
            line(x, y) * k for k in (LN10, 1 / LN10, LN10 / 0.693147181, 0.693147181 / LN10, 0.693147181)
        ),
        "That is compute over error: the error goes up the page, compute to the right.": line(y, x),
        "That is one over the slope of compute over error; least squares here are of the error.": (
            1 / line(y, x)
        ),
        "That is a mean of ratios log(error) / log(compute): a slope is of differences.": (y / x).mean(),
        "These are the slopes from each size to the next, and their mean: the sizes between cancel or count "
        "unequally. Fit one line to all.": steps.mean(),
        "That is the slope from the first size to the last; those between count too.": (
            (y[-1] - y[0]) / (x[-1] - x[0])
        ),
        "The sign is turned: where the error falls, the slope is below 0.": -line(x, y),
        "Only compute has a logarithm here: take that of the error too.": OneOf(
            (line(x, e), line(x / LN10, e))
        ),
        "Only the error has a logarithm here.": line(c, y),
        "Neither has a logarithm here.": line(c, e),
        "The line was forced through the origin: let it have a height of its own.": (x * y).sum()
        / (x * x).sum(),
    }


def _curves(draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Compute and error of some sizes in which every mistake shows by a value of its own."""
    while True:
        c = computes(whole(4, 6, draw), draw)
        b = 0.15 + 0.3 * torch.rand((), generator=draw).double()
        chance = torch.randn(len(c), generator=draw).double()
        e = (90 * (c / c[0]) ** -b * (0.2 * chance).exp()).mul(10).round() / 10
        if apart([line(c.log(), e.log()), *_slope_mistakes(c, e).values()]):
            yield c, e


@exercise(
    "14.1",
    "a slope in logarithms",
    hints=(
        "A law error = a C^-b is a straight line in logarithms. Of what, and against what?",
        "Take the same logarithm of both; then the slope of least squares is the sum of (x - mean)(y - mean) "
        "over the sum of (x - mean)^2. Which of the two is x?",
        "x, y = compute.log(), error.log(); x = x - x.mean(); return (x * (y - y.mean())).sum() / "
        "(x * x).sum()",
    ),
)
def slope(answer: Callable, draw: torch.Generator) -> None:
    """slope(compute, error) -> the slope of log(error) on log(compute)."""
    for _ in range(2):
        c, e = next(_curves(draw))
        got = answer(c.clone(), e.clone())
        expect(got, line(c.log(), e.log()), {"compute": c, "error": e}, _slope_mistakes(c, e))


Network = tuple[int, int, int]  # dim, depth, tokens


def block_macs(dim: int, tokens: int, linear: int = 12, products: int = 2, told: int = 1) -> int:
    """MACs of a block for one image: linear layers of all tokens, attention's two products, and adaLN."""
    return linear * tokens * dim**2 + products * tokens**2 * dim + 6 * told * dim**2


def bought(
    networks: list[Network], batch: int, budget: float, passes: float = 6, **parts: int
) -> list[float]:
    """Steps before they are cut to whole ones; passes: FLOPs of a step for each MAC of a forward pass."""
    return [budget / (passes * depth * block_macs(dim, n, **parts) * batch) for dim, depth, n in networks]


def _cut(steps: list[float]) -> list[int]:
    return [int(step) for step in steps]


def _step_mistakes(networks: list[Network], batch: int, budget: float) -> dict[str, Any]:
    right = bought(networks, batch, budget)
    per_token = [budget / (6 * depth * block_macs(dim, n, told=n) * batch) for dim, depth, n in networks]
    alone = [budget / (6 * block_macs(dim, n) * batch) for dim, _, n in networks]
    return {
        "Forward only: the way back costs two forward passes more.": _cut(bought(networks, batch, budget, 2)),
        "The way back costs as much as two forward passes, one for the weights and one for the tokens; you "
        "counted one.": _cut(bought(networks, batch, budget, 4)),
        "Those are MACs: each is two FLOPs, a multiplication and an addition.": _cut(
            bought(networks, batch, budget, 3)
        ),
        "MACs, and forward only: a MAC is two FLOPs, and the way back costs two passes more.": _cut(
            bought(networks, batch, budget, 1)
        ),
        "The batch is forgotten: a step sees that many images.": _cut(bought(networks, 1, budget)),
        "Equal steps are equal epochs, not equal compute: a step of a larger network costs more.": OneOf(
            [_cut(right)[k]] * len(networks) for k in range(len(networks))
        ),
        "The budget is that of each network; you shared it out among them.": OneOf(
            (_cut(bought(networks, batch, budget / len(networks))),)
        ),
        "adaLN's layer runs once an image, not once a token.": _cut(per_token),
        "adaLN's layer is missing.": _cut(bought(networks, batch, budget, told=0)),
        "Attention's two products are missing: each token meets each.": _cut(
            bought(networks, batch, budget, products=0)
        ),
        "Attention has two products, q with k and the weights with v; you counted one.": _cut(
            bought(networks, batch, budget, products=1)
        ),
        "That is one block; there are `depth` of them.": _cut(alone),
        "A step more than the budget pays: cut, do not round up.": [int(step) + 1 for step in right],
        "A step is whole: cut what is left over.": right,
    }


def _budgets(draw: torch.Generator) -> Iterator[tuple[list[Network], int, float]]:
    """Networks, a batch and a budget in which every mistake shows by a value of its own."""
    while True:
        tokens = 4 * whole(2, 12, draw)
        networks = [(8 * whole(1, 4, draw), whole(2, 4, draw), tokens)]
        networks.append((8 * whole(5, 12, draw), whole(2, 4, draw), tokens))
        batch = whole(3, 24, draw)
        dim, depth, n = networks[1]
        budget = 6.0 * depth * block_macs(dim, n) * batch * whole(300, 900, draw)
        budget = float(f"{budget:.2e}")
        right = bought(networks, batch, budget)
        whole_enough = all(0.2 < step % 1 < 0.8 for step in right)
        if whole_enough and apart([_cut(right), *_step_mistakes(networks, batch, budget).values()]):
            yield networks, batch, budget


@exercise(
    "14.2",
    "steps at equal compute",
    hints=(
        "First the MACs of one block for one image: which layers see every token, and which runs once?",
        "A linear layer from d to d is d^2 MACs a token; there are 4 in attention and 8 in the MLP. "
        "Attention's products are n^2 d each. Then: two FLOPs a MAC, 3 passes and `batch` images a step.",
        "macs = depth * (12*n*dim**2 + 2*n**2*dim + 6*dim**2); steps = int(budget // (2 * 3 * macs * "
        "batch)), for each network",
    ),
)
def steps(answer: Callable, draw: torch.Generator) -> None:
    """steps(networks, batch, budget) -> how many whole steps each network may train."""
    for _ in range(2):
        networks, batch, budget = next(_budgets(draw))
        given = {"networks": networks, "batch": batch, "budget": budget}
        got = answer(list(networks), batch, budget)
        right = _cut(bought(networks, batch, budget))
        expect(got, right, given, _step_mistakes(networks, batch, budget))
