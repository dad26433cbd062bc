"""Checks of chapter 14: an interval of an extrapolation, by whole seeds drawn again."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart, computes, line
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, same


def ends(values: Tensor, low: float = 0.025, high: float = 0.975) -> tuple[Tensor, Tensor]:
    """The two quantiles of values (rounds,)."""
    return values.quantile(low), values.quantile(high)


def beyond(c: Tensor, e: Tensor, at: float) -> Tensor:
    """The errors (..., sizes) continued to compute `at` on a straight line in logarithms: (...)."""
    x, y = c.log(), e.log()
    return (y.mean(-1) + line(x, y) * (torch.tensor(at).double().log() - x.mean())).exp()


def _misread(c: Tensor, means: Tensor, at: float) -> dict[str, Any]:
    """What is read from the right means (rounds, sizes), but not from their lines at `at`."""
    return {
        "These are the slopes; what the lines say at `at` was asked.": OneOf(
            (ends(line(c.log(), means.log())), ends(-line(c.log(), means.log())))
        ),
        "The line was drawn without logarithms.": ends(means.mean(1) + line(c, means) * (at - c.mean())),
        "`at` is handed in; it is not four times the largest compute every time.": ends(
            beyond(c, means, float(4 * c[-1]))
        ),
        "These are the errors of the largest network that there is, not those at `at`.": ends(means[:, -1]),
    }


def _mistakes(c: Tensor, e: Tensor, picks: Tensor, at: float) -> dict[str, Any]:
    means = e[picks].mean(1)  # (rounds, sizes)
    found = beyond(c, means, at)
    low, high = ends(found)
    single, middle = beyond(c, e, at), beyond(c, e.mean(0), at)
    sizes = range(len(c))
    rolled = [torch.stack([e[picks.roll(step * j, 0), j].mean(1) for j in sizes], 1) for step in (1, -1)]
    return {
        "Each size was resampled with seeds of its own. A seed is drawn whole, its errors at all sizes.": (
            OneOf(ends(beyond(c, each, at)) for each in rolled)
        ),
        "That is the reflected interval, twice the middle less the other end: these are percentiles of "
        "the wrong side.": (2 * middle - high, 2 * middle - low),
        "The ends are exchanged: the lower one comes first.": (high, low),
        "These are quantiles of single seeds. Each round gives one mean curve, and one line.": OneOf(
            (ends(single), ends(single[picks].flatten()))
        ),
        "You drew a line for each seed and took the mean of what the lines say; the line through the mean "
        "errors was asked.": ends(single[picks].mean(1)),
        "You took means of logarithms; the line through the mean errors was asked.": ends(
            beyond(c, e[picks].log().mean(1).exp(), at)
        ),
        "That holds 90 %: 2.5 % lie beyond each end.": ends(found, 0.05, 0.95),
        "That is the range of all rounds; 2.5 % lie beyond each end.": (found.min(), found.max()),
        "That is a logarithm still; an error was asked.": ends(found.log()),
        **_misread(c, means, at),
    }


def _draws_itself(answer: Callable, c: Tensor, e: Tensor, at: float) -> bool:
    """Whether the answer's interval has a width where all picks are one seed, and by no other mistake."""
    picks = torch.zeros(41, len(e), dtype=torch.long)
    got = tuple(answer(c.clone(), e.clone(), picks, at))
    values = _mistakes(c, e, picks, at).values()
    known = [one for value in values for one in (value if isinstance(value, OneOf) else (value,))]
    return not same(*got, 1e-6) and not any(same(got, one, 1e-4) for one in known)


def _trials(seeds: int, rounds: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    while True:
        c = computes(4, draw)
        whole_seed = 0.15 * torch.randn(seeds, 1, generator=draw).double()  # a lucky seed is so at all sizes
        chance = whole_seed + 0.1 * torch.randn(seeds, 4, generator=draw).double()
        e = (80 * (c / c[0]) ** -0.4 * chance.exp()).mul(10).round() / 10
        picks = torch.randint(seeds, (rounds, seeds), generator=draw)
        at = float(c[-1] * whole(4, 20, draw) / 2)
        right = ends(beyond(c, e[picks].mean(1), at))
        if apart([right, *_mistakes(c, e, picks, at).values()]):
            yield c, e, picks, at


@exercise(
    "14.4",
    "an interval of an extrapolation",
    hints=(
        "What is drawn again is the seed. With it come its errors at all sizes: a seed is a row.",
        "One round: the rows of its seeds, their mean (one error a size), one line in logarithms, and what "
        "it says at `at`, made an error again. How many numbers are there after all rounds?",
        "means = errors[picks].mean(1); fit log(means) on log(compute), row by row; said = exp(height + "
        "slope * (log(at) - mean x)); return said.quantile(0.025), said.quantile(0.975)",
    ),
)
def interval(answer: Callable, draw: torch.Generator) -> None:
    """interval(compute, errors, picks, at) -> the middle 95 % of what the rounds' lines say at `at`."""
    for seeds, rounds in ((5, 41), (6, 81)):  # each end falls on a round, and between none
        c, e, picks, at = next(_trials(seeds, rounds, draw))
        got = answer(c.clone(), e.clone(), picks.clone(), at)
        got = tuple(got) if isinstance(got, Tensor | list) else got
        right, mistakes = ends(beyond(c, e[picks].mean(1), at)), {}
        if not same(got, right, 1e-4) and isinstance(got, tuple) and len(got) == 2:
            words = "The draws are handed in: where all picks are one seed, your interval still has a width."
            mistakes = {words: got if _draws_itself(answer, c, e, at) else OneOf()}
        expect(
            got,
            right,
            {"compute": c, "errors": e, "picks": picks, "at": at},
            mistakes | _mistakes(c, e, picks, at),
        )
