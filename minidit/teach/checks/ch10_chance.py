"""Checks of chapter 10: the roulette of one seed."""

from collections.abc import Callable, Iterator
from itertools import combinations

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import expect, same

Arms = tuple[Tensor, Tensor]  # errors by seed, of a and of b

# the better arm's errors, then the other's: lower in the mean, and each time one wrong way shows
MEDIAN = (1.0, 1.2, 3.0, 3.1, 3.2), (2.8, 3.3, 2.6, 3.6, 2.7)
LOWEST = (2.0, 2.1, 2.2, 2.3, 2.4), (1.5, 2.6, 2.7, 2.25, 2.8)
LOSES = (0.6, 3.0, 3.1, 2.9, 3.2), (2.7, 2.8, 2.6, 2.75, 2.95)
AVERAGE = "The better arm is the one with the lower mean"


def _odds(wrong: Tensor, tie: Tensor, tie_counts: float = 0.5) -> float:
    """How often the wrong arm is picked, over the entries; a tie counts as that much."""
    return (wrong.double() + tie_counts * tie.double()).mean().item()


def _roulette(a: Tensor, b: Tensor, tie: float = 0.5) -> tuple[float, float]:
    """How often the arm with the higher mean wins: all pairs of seeds, and the same seed for both."""
    good, bad = (a, b) if a.mean() < b.mean() else (b, a)
    rows, row = (bad[None] < good[:, None], bad[None] == good[:, None]), (bad < good, bad == good)
    return _odds(*rows, tie), _odds(*row, tie)


def _roulette_mistakes(a: Tensor, b: Tensor, turned: str) -> dict[str, tuple[float, float]]:
    """What each mistake gives; `turned` says what the odds of the other arm mean here."""
    unpaired, paired = _roulette(a, b)
    good, bad = (a, b) if a.mean() < b.mean() else (b, a)
    apart = ~torch.eye(len(a), dtype=torch.bool)
    rows = [pairs[apart] for pairs in (bad[None] < good[:, None], bad[None] == good[:, None])]
    return {
        turned: (1 - unpaired, 1 - paired),
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


def _backwards(a: Tensor, b: Tensor) -> str:
    """What the odds of the right arm are called, in a pair of arms without a catch."""
    words = "These are the odds of the right arm." if a.mean() < b.mean() else "You took a for the better arm"
    return f"{words} Lower errors are better, and the wrong arm is the one with the higher mean."


def _plain(a: Tensor, b: Tensor) -> bool:
    """Whether mean, median and lowest error agree on the better arm, and it wins most pairs."""
    first = [bool(law(a) < law(b)) for law in (torch.mean, torch.median, torch.min)]
    return len(set(first)) == 1 and max(_roulette(a, b)) < 0.5 and not same(a.mean(), b.mean(), 1e-6)


def _telling(better: int, draw: torch.Generator) -> Iterator[Arms]:
    """Errors of two arms in which every mistake shows, each by a value of its own."""
    while True:
        seeds = whole(3, 5, draw)
        a, b = (torch.randint(10, 30, (seeds,), generator=draw).double() / 10 for _ in range(2))
        b[0] = a[1]
        b[2] = a[2]
        if (a.mean() < b.mean()).item() is not (better == 0) or not _plain(a, b):
            continue
        values = [_roulette(a, b), *_roulette_mistakes(a, b, _backwards(a, b)).values()]
        if not any(same(one, other, 1e-3) for one, other in combinations(values, 2)):
            yield a, b


def _with_a_catch(draw: torch.Generator) -> Iterator[tuple[Arms, str]]:
    """Arms in which the lower mean is not the lower median, not the lowest error, not the more wins."""
    catches = {
        f"{AVERAGE}, not with the lower median.": MEDIAN,
        f"{AVERAGE}, not the one that has the lowest single error.": LOWEST,
        "You returned the smaller odds: the arm with the lower mean may lose most of the pairs.": LOSES,
    }
    for words, arms in catches.items():
        scale, order = whole(1, 9, draw) / 4, torch.randperm(2, generator=draw).tolist()
        yield tuple(scale * torch.tensor(arms[place]).double() for place in order), words


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
    plain = [next(_telling(better, draw)) for better in (0, 1)]
    for (a, b), words in [*((arms, _backwards(*arms)) for arms in plain), *_with_a_catch(draw)]:
        got = answer(a.clone(), b.clone())
        got = tuple(got) if isinstance(got, Tensor | list) else got
        expect(got, _roulette(a, b), {"a": a, "b": b}, _roulette_mistakes(a, b, words))
