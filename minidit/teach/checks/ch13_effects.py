"""Checks of chapter 13: effects of a factorial design, and what half of one mixes up."""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


def contrast(signs: Tensor, y: Tensor, factors: tuple[int, ...]) -> Tensor:
    """Mean of y where the named columns multiply to +1, less its mean where they multiply to -1."""
    side = signs[:, list(factors)].prod(1)
    return y[side > 0].mean() - y[side < 0].mean()


def _always(signs: Tensor, y: Tensor, right: Tensor) -> dict[str, Any]:
    """Mistakes that both kinds of effects know."""
    return {
        "The sign is turned: it is the mean with the upgrade less the mean without.": -right,
        "You divided by the number of runs, or stood beside the mean of all. Each of the two means has half "
        "of them: divide by n / 2.": right / 2,
        "The sum of signed results is not divided: two means were asked.": right * len(y) / 2,
        "That is percent of the base's result; the effect itself was asked.": OneOf(
            [100 * right / y[signs.sum(1).argmin()], 100 * right / y.mean()]
        ),
    }


def _main_mistakes(signs: Tensor, y: Tensor, factor: int) -> dict[str, Any]:
    """What wrong main effects give."""
    up = signs[:, factor] > 0
    return {
        "That is a difference of two runs, the others of the design unread: a main effect is the mean over "
        "all runs with the upgrade less that over all without.": OneOf(
            y[a] - y[b] for a in up.nonzero()[:, 0] for b in (~up).nonzero()[:, 0]
        ),
        "That is the mean with the upgrade; the mean without it is not taken away.": y[up].mean(),
        "That is beside the base's one run; it should stand beside all runs without the upgrade.": (
            y[up].mean() - y[signs.sum(1).argmin()]
        ),
        **_always(signs, y, contrast(signs, y, (factor,))),
    }


def _pair_mistakes(signs: Tensor, y: Tensor, pair: tuple[int, int]) -> dict[str, Any]:
    """What wrong interactions give."""
    one, other = (contrast(signs, y, (factor,)) for factor in pair)
    right, up = contrast(signs, y, pair), (signs[:, list(pair)] > 0)
    both = up.all(1)
    return {
        "That is the whole difference of one's effect at the other's two levels; half of it was asked.": 2
        * right,
        "That is the product of the two main effects. An interaction is read from the runs, and is what "
        "the main effects do not tell.": one * other,
        "That is the sum of the two main effects, both together less neither: it says nothing of how they "
        "meet.": one + other,
        "That is the runs with both less all the others: it holds the main effects too.": (
            y[both].mean() - y[~both].mean()
        ),
        "That is the main effect of one of the two.": OneOf([one, other]),
        **_always(signs, y, right),
    }


def mistakes_of(signs: Tensor, y: Tensor, factors: tuple[int, ...]) -> dict[str, Any]:
    """What the mistakes give, for one factor or for two."""
    return _main_mistakes(signs, y, *factors) if len(factors) == 1 else _pair_mistakes(signs, y, factors)


def _design(factors: int, half: bool, draw: torch.Generator) -> Tensor:
    """All combinations of +-1 in some order, or the half with an even number of +1: (runs, factors)."""
    rows = torch.tensor(list(product((-1.0, 1.0), repeat=factors))).double()
    if half:
        rows = rows[(rows > 0).sum(1) % 2 == 0]
    return rows[torch.randperm(len(rows), generator=draw)]


def _telling(
    factors: int, half: bool, pair: bool, draw: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, tuple]]:
    """Designs in which each mistake has a value of its own."""
    while True:
        signs = _design(factors, half, draw)
        y = (100 * torch.randn(len(signs), generator=draw)).round().double() / 100 + 4.5
        named = tuple(torch.randperm(factors, generator=draw)[: 2 if pair else 1].tolist())
        right, wrong = contrast(signs, y, named), mistakes_of(signs, y, named).values()
        kinds = [torch.stack(list(value) if isinstance(value, OneOf) else [value]) for value in wrong]
        gaps = [(x[:, None] - z).abs().min() for x, z in combinations([right[None], *kinds], 2)]
        if min(gaps) > 0.003:
            yield signs, y, named


@exercise(
    "13.4",
    "a main effect, an interaction",
    hints=(
        "Give each run a sign: its column's for one factor, the product of the two columns for a pair. What "
        "is the mean over the runs with +, and over those with -?",
        "Use every run, half of them on each side. If you have twice or half of what is expected, count by "
        "how many you divided. A difference of two single runs reads two of them and forgets the rest.",
        "side = signs[:, list(factors)].prod(1); return y[side > 0].mean() - y[side < 0].mean()",
    ),
)
def effect(answer: Callable, draw: torch.Generator) -> None:
    """effect(signs, y, factors) -> mean of y where the factors' signs multiply to +1, less that at -1."""
    for factors, half, pair in (
        (2, False, False),
        (3, False, True),
        (5, True, False),
        (5, True, True),
    ):
        signs, y, named = next(_telling(factors, half, pair, draw))
        got = answer(signs.clone(), y.clone(), named)
        given = {"signs": signs, "y": y, "factors": named}
        expect(got, contrast(signs, y, named), given, mistakes_of(signs, y, named))


def partner(effect: str, word: str) -> str:
    """The letters that stand in one of the two only: a column times itself is all ones."""
    return "".join(sorted(set(effect) ^ set(word)))


def _letters(letters: set[str]) -> str:
    return "".join(sorted(letters))


@exercise(
    "13.5",
    "aliases of a half",
    hints=(
        "Multiply both sides of I = word by the effect. A column times itself is a column of ones.",
        "A letter that stands in both falls away; one that stands in either of them stays. What becomes of a "
        "letter of the effect that is not in the word?",
        'return "".join(sorted(set(effect) ^ set(word)))',
    ),
)
def alias(answer: Callable, draw: torch.Generator) -> None:
    """alias(effect, word) -> the effect that the half with I = word cannot tell from `effect`."""
    names = "ABCDE"
    order = [names[k] for k in torch.randperm(5, generator=draw).tolist()]
    outside, inside = order[0], _letters(set(order[1:]))
    more = {outside, order[1]}, {outside, *order[1:3]}, set(inside)  # the first parts all mistakes
    cases = [(_letters(letters), inside) for letters in more]
    cases += [(order[0], names), (_letters(set(order[: whole(2, 3, draw)])), names)]
    for effect_, word in cases:
        mine, its = set(effect_), set(word)
        mistakes = {
            "Nothing falls away by itself: in half of a design every effect has a partner. Which column is "
            "the same as this one in all runs?": OneOf([effect_, None, "none"] + [""] * (mine != its)),
            "That is the word itself, the partner of the mean. Multiply it by the effect.": word,
            "These are the letters of either; one that stands in both falls away.": _letters(mine | its),
            "These are the letters that stand in both; they fall away, and the others stay.": _letters(
                mine & its
            ),
            "A letter of the effect that is not in the word stays: it is multiplied in.": _letters(
                its - mine
            ),
        }
        mistakes = {w: value for w, value in mistakes.items() if value != partner(effect_, word)}
        got = answer(effect_, word)
        given = {"effect": effect_, "word": word}
        if (
            isinstance(got, str)
            and got != partner(effect_, word)
            and _letters(set(got)) == partner(effect_, word)
        ):
            mistakes = {"The letters are right; write them in alphabetical order, each once.": got}
        expect(got, partner(effect_, word), given, mistakes)
