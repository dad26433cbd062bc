"""Checks of chapter 10: a branch's share, an interval from resampled seeds, the roulette of one seed."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same


def rms(x: Tensor) -> Tensor:
    """The root mean square of all values, a scalar."""
    return x.square().mean().sqrt()


def of_both(one: Tensor, other: Tensor) -> Tensor:
    """The part of the first in both."""
    return one / (one + other)


@exercise(
    "10.1",
    "attention's share of the update",
    hints=(
        "What is added to the tokens is neither the gate nor the branch. Make the two updates first.",
        "A channel's gate meets its own channel of the branch, so the size of the product is not the product "
        "of the sizes. Is yours a root of mean squares, and below it the sum of both sizes?",
        "size = lambda x: x.square().mean().sqrt(); one, two = size(gate_1 * attention), "
        "size(gate_2 * mlp); return one / (one + two)",
    ),
)
def share(answer: Callable, draw: torch.Generator) -> None:
    """share(gate_1, attention, gate_2, mlp) -> attention's part of the sizes of both updates."""
    for batch, tokens, dim in ((1, 1, 2), (2, whole(2, 4, draw), 3)):
        gates = [tensor(batch, 1, dim, draw=draw) + 0.05 for _ in range(2)]
        outs = [(1 + k) * tensor(batch, tokens, dim, draw=draw) + 0.15 for k in range(2)]
        updates = [gate * out for gate, out in zip(gates, outs, strict=True)]
        sizes = [rms(update) for update in updates]
        mistakes = {
            "These are the gates alone; a small gate on a large branch can move more than a large one on a "
            "small branch.": of_both(*map(rms, gates)),
            "These are the branches alone: the gate decides what of them is added.": of_both(*map(rms, outs)),
            "The size of a product is not the product of the sizes: multiply first, channel by channel.": (
                of_both(*[rms(g) * rms(y) for g, y in zip(gates, outs, strict=True)])
            ),
            "The roots are missing: these are shares of squares.": of_both(*[s**2 for s in sizes]),
            "That is the MLP's share.": of_both(*reversed(sizes)),
            "That is the ratio of the two; a share is a part of both together.": sizes[0] / sizes[1],
            "Below stands the size of the sum; the sum of the sizes was asked, so that the shares add up "
            "to 1.": sizes[0] / rms(updates[0] + updates[1]),
            "These are mean absolute values; sizes here are roots of mean squares.": of_both(
                *[update.abs().mean() for update in updates]
            ),
        }
        given = {"gate_1": gates[0], "attention": outs[0], "gate_2": gates[1], "mlp": outs[1]}
        got = answer(*(value.clone() for value in given.values()))
        expect(got, of_both(*sizes), given, mistakes)


def _ends(means: Tensor, low: float = 0.025, high: float = 0.975) -> tuple[Tensor, Tensor]:
    """The two quantiles of means (rounds,)."""
    return means.quantile(low), means.quantile(high)


def _bootstrap_mistakes(a: Tensor, b: Tensor, picks: Tensor) -> dict[str, Any]:
    """What wrong ways of resampling give."""
    d = a - b
    means = d[picks].mean(1)
    low, high = _ends(means)
    others = [picks.flip(0), picks.roll(1, 0), picks.roll(-1, 0)]
    return {
        "The sign is turned: the difference is a - b.": _ends(-means),
        "The ends are exchanged: the lower one comes first.": (high, low),
        "Only one arm was resampled. A seed is drawn with both its errors.": OneOf(
            [_ends(a[picks].mean(1) - b.mean()), _ends(a.mean() - b[picks].mean(1))]
        ),
        "The arms were resampled apart, each with seeds of its own: that throws the pairing away.": OneOf(
            [_ends(a[picks].mean(1) - b[other].mean(1)) for other in others]
        ),
        "These are quantiles of single differences. Each round gives one mean, and the interval is made of "
        "means.": OneOf([_ends(d[picks].flatten()), _ends(d)]),
        "You sorted each arm: then the pairs are no longer of one seed.": _ends(
            (a.sort().values - b.sort().values)[picks].mean(1)
        ),
        "That holds 90 %: 2.5 % lie beyond each end, not 5 %.": _ends(means, 0.05, 0.95),
        "That is the range of all means; 2.5 % lie beyond each end.": (means.min(), means.max()),
        "That is a normal interval, mean and 1.96 standard deviations; quantiles were asked.": OneOf(
            [
                (means.mean() - 1.96 * means.std(), means.mean() + 1.96 * means.std()),
                (d.mean() - 1.96 * means.std(), d.mean() + 1.96 * means.std()),
            ]
        ),
    }


def _resamplings(seeds: int, rounds: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Errors of two arms and rounds of seeds in which every mistake shows, each by values of its own."""
    while True:
        both = tensor(seeds, draw=draw).double()  # what a seed does to both arms
        a, b = (both + tensor(seeds, draw=draw).double() / 2 + k for k in (0.7, 0.0))
        picks = torch.randint(seeds, (rounds, seeds), generator=draw)
        wrong = [
            value if isinstance(value, OneOf) else (value,)
            for value in _bootstrap_mistakes(a, b, picks).values()
        ]
        kinds = [(_ends((a - b)[picks].mean(1)),), *wrong]
        pairs = ((x, y) for one, other in combinations(kinds, 2) for x in one for y in other)
        if not any(same(x, y, 1e-3) for x, y in pairs):
            yield a, b, picks


@exercise(
    "10.2",
    "an interval from resampled seeds",
    hints=(
        "What is drawn again is the seed. With the seed come its two errors.",
        "Each row of picks makes one new set of seeds, and that set has one mean difference. How many "
        "numbers do you have before you take quantiles: as many as there are rows?",
        "means = (a - b)[picks].mean(dim=1); return means.quantile(0.025), means.quantile(0.975)",
    ),
)
def bootstrap(answer: Callable, draw: torch.Generator) -> None:
    """interval(a, b, picks) -> the middle 95 % of the mean differences a - b over resampled seeds."""
    for seeds, rounds in ((3, 5), (whole(4, 6, draw), 30)):
        a, b, picks = next(_resamplings(seeds, rounds, draw))
        got = answer(a.clone(), b.clone(), picks.clone())
        got = tuple(got) if isinstance(got, Tensor | list) else got
        mistakes = _bootstrap_mistakes(a, b, picks)
        expect(got, _ends((a - b)[picks].mean(1)), {"a": a, "b": b, "picks": picks}, mistakes)


def _odds(wrong: Tensor, tie: Tensor, tie_counts: float = 0.5) -> float:
    """How often the wrong arm is picked, over the entries; a tie counts as that much."""
    return (wrong.double() + tie_counts * tie.double()).mean().item()


def _roulette(a: Tensor, b: Tensor, tie: float = 0.5) -> tuple[float, float]:
    """How often the arm with the higher mean wins: all pairs of seeds, and the same seed for both."""
    good, bad = (a, b) if a.mean() < b.mean() else (b, a)
    rows, row = (bad[None] < good[:, None], bad[None] == good[:, None]), (bad < good, bad == good)
    return _odds(*rows, tie), _odds(*row, tie)


def _roulette_mistakes(a: Tensor, b: Tensor) -> dict[str, tuple[float, float]]:
    unpaired, paired = _roulette(a, b)
    good, bad = (a, b) if a.mean() < b.mean() else (b, a)
    apart = ~torch.eye(len(a), dtype=torch.bool)
    rows = [pairs[apart] for pairs in (bad[None] < good[:, None], bad[None] == good[:, None])]
    turned = (1 - unpaired, 1 - paired)
    backwards = (
        "These are the odds of the right arm." if a.mean() < b.mean() else "You took a for the better arm"
    )
    return {
        f"{backwards} Lower errors are better, and the wrong arm is the one with the higher mean.": turned,
        "The two are exchanged: unpaired first.": (paired, unpaired),
        "You compared at the same seed both times; unpaired, each seed of a meets each seed of b.": (
            paired,
            paired,
        ),
        "You compared all pairs both times; paired, both arms have the same seed.": (unpaired, unpaired),
        "A tie is decided by a coin: it counts half, not whole.": _roulette(a, b, 1.0),
        "A tie is decided by a coin: it counts half, not nothing.": _roulette(a, b, 0.0),
        "You left out the pairs of equal seeds: seeds drawn apart may be equal too.": (_odds(*rows), paired),
    }


def _telling(better: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Errors of two arms in which every mistake shows, each by a value of its own."""
    while True:
        seeds = whole(3, 5, draw)
        a, b = (torch.randint(10, 30, (seeds,), generator=draw).double() / 10 for _ in range(2))
        b[0] = a[1]
        b[2] = a[2]
        if (a.mean() < b.mean()).item() is not (better == 0) or a.mean() == b.mean():
            continue
        values = [_roulette(a, b), *_roulette_mistakes(a, b).values()]
        if not any(same(one, other, 1e-3) for one, other in combinations(values, 2)):
            yield a, b


@exercise(
    "10.3",
    "the roulette of one seed",
    hints=(
        "First find the better arm: the lower mean over all seeds. Then play: how often does the other one "
        "come out lower?",
        "Unpaired, every seed of one arm may meet every seed of the other: a table of n times n. Paired, "
        "only its diagonal. Are ties counted half?",
        "good, bad = (a, b) if a.mean() < b.mean() else (b, a); wins = lambda g, w: ((w < g) + 0.5 * "
        "(w == g)).mean(); return wins(good[:, None], bad[None]), wins(good, bad)",
    ),
)
def roulette(answer: Callable, draw: torch.Generator) -> None:
    """roulette(a, b) -> how often one seed each picks the wrong arm: unpaired, paired."""
    for better in (0, 1):
        a, b = next(_telling(better, draw))
        got = answer(a.clone(), b.clone())
        got = tuple(got) if isinstance(got, Tensor | list) else got
        expect(got, _roulette(a, b), {"a": a, "b": b}, _roulette_mistakes(a, b))
