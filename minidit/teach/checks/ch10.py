"""Checks of chapter 10: a branch's share of the update, and an interval from resampled seeds."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import torch
from scipy import stats
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
            "These are shares of each image, and their mean; sizes here are taken over all values.": of_both(
                *[update.square().mean((1, 2)).sqrt() for update in updates]
            ).mean(),
            "These are shares of each token, and their mean; sizes here are taken over all values.": of_both(
                *[update.square().mean(2).sqrt() for update in updates]
            ).mean(),
        }
        given = {"gate_1": gates[0], "attention": outs[0], "gate_2": gates[1], "mlp": outs[1]}
        got = answer(*(value.clone() for value in given.values()))
        expect(got, of_both(*sizes), given, mistakes)


def _ends(means: Tensor, low: float = 0.025, high: float = 0.975) -> tuple[Tensor, Tensor]:
    """The two quantiles of means (rounds,)."""
    return means.quantile(low), means.quantile(high)


def _other_intervals(d: Tensor, means: Tensor) -> dict[str, Any]:
    """What other ends than the two quantiles of the rounds' means give, for differences d."""
    low, high = _ends(means)
    student = float(stats.t.ppf(0.975, len(d) - 1)) * d.std() / len(d) ** 0.5
    return {
        "That holds 90 %: 2.5 % lie beyond each end, not 5 %.": _ends(means, 0.05, 0.95),
        "That is the range of all means; 2.5 % lie beyond each end.": (means.min(), means.max()),
        "That is a normal interval, mean and 1.96 standard deviations; quantiles were asked.": OneOf(
            [
                (means.mean() - 1.96 * means.std(), means.mean() + 1.96 * means.std()),
                (d.mean() - 1.96 * means.std(), d.mean() + 1.96 * means.std()),
            ]
        ),
        "That is Student's interval of the differences: an honest one, and not the bootstrap.": (
            d.mean() - student,
            d.mean() + student,
        ),
        "That is the reflected bootstrap, twice the mean less the other end; the quantiles themselves were "
        "asked.": (2 * d.mean() - high, 2 * d.mean() - low),
    }


def _one_off(means: Tensor) -> OneOf:
    """Intervals whose ends stand one place off in the sorted means."""
    places, below = means.sort().values, len(means) // 40  # so many rounds lie below the lower end
    steps = ((-1, 0), (0, 1), (-1, -1), (1, 1), (1, 0), (0, -1))
    return OneOf((places[below + left], places[-1 - below + right]) for left, right in steps)


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
        "These are percent of b; the difference a - b was asked.": OneOf(
            [
                _ends((100 * d / b)[picks].mean(1)),
                _ends((d / b)[picks].mean(1)),
                _ends(100 * means / b[picks].mean(1)),
                _ends(100 * means / b.mean()),
            ]
        ),
        **_other_intervals(d, means),
    }


def _draws_itself(answer: Callable, a: Tensor, b: Tensor) -> bool:
    """Whether the answer's interval has a width where all picks are one seed, and by no other mistake."""
    picks = torch.zeros(41, len(a), dtype=torch.long)
    got = tuple(answer(a.clone(), b.clone(), picks))
    values = _bootstrap_mistakes(a, b, picks).values()
    known = [one for value in values for one in (value if isinstance(value, OneOf) else (value,))]
    return not same(*got, 1e-6) and not any(same(got, one, 1e-4) for one in known)


def _resamplings(seeds: int, rounds: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Errors of two arms and rounds of seeds in which every mistake shows, each by values of its own."""
    while True:
        both = tensor(seeds, draw=draw).double()  # what a seed does to both arms
        a, b = (both.abs() + tensor(seeds, draw=draw).double().abs() / 2 + k for k in (1.7, 1.0))
        picks = torch.randint(seeds, (rounds, seeds), generator=draw)
        wrong = [
            value if isinstance(value, OneOf) else (value,)
            for value in _bootstrap_mistakes(a, b, picks).values()
        ]
        kinds = [(_ends((a - b)[picks].mean(1)),), *wrong]
        pairs = [(x, y) for one, other in combinations(kinds, 2) for x in one for y in other]
        pairs += [(kinds[0][0], near) for near in _one_off((a - b)[picks].mean(1))]
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
    for seeds, rounds in ((5, 41), (6, 81)):  # each end falls on a mean, and between none
        a, b, picks = next(_resamplings(seeds, rounds, draw))
        got = answer(a.clone(), b.clone(), picks.clone())
        got = tuple(got) if isinstance(got, Tensor | list) else got
        means, mistakes = (a - b)[picks].mean(1), {}
        if not same(got, _ends(means), 1e-4) and isinstance(got, tuple) and len(got) == 2:
            words = "The draws are handed in: where all picks are one seed, your interval still has a width."
            mistakes = {words: got if _draws_itself(answer, a, b) else OneOf()}
        mistakes |= _bootstrap_mistakes(a, b, picks)
        mistakes["One place off in the sorted means: Tensor.quantile counts for you."] = _one_off(means)
        expect(got, _ends(means), {"a": a, "b": b, "picks": picks}, mistakes)
