"""Every claim with its verdicts, as a list and in numbers, for the front page and the page of claims."""

import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minidit.claims.cards import cards
from minidit.publish.case import Case
from minidit.publish.story import SCALE, WORDS, in_order

# what the badges say
LETTERS = """\
Each claim was split into hypotheses, lettered a, b, c, and written down before any run.
<span class="verdict supported">a supported</span> is the verdict on its hypothesis a. *Inconclusive* means
that so few seeds cannot tell; it does not mean "no effect"."""


def read(book: Path) -> list[Case]:
    """The cases of all cards of `book`, in the order of the story.

    Raises:
        MiniditError: a card or evidence that cannot be read.
    """
    return in_order(book, [Case.read(book, card) for card in cards(book / "claims")])


def count(cases: Sequence[Case]) -> str:
    """How many hypotheses were supported, refuted, left open: Markdown, one sentence."""
    counts = Counter(word for case in cases for _, word, place in _verdicts(case) if not place)
    numbers = " ".join(f'<span class="verdict {word}">{counts[word]} {word}</span>' for word in WORDS)
    tried = sum(not _waiting(case) for case in cases)
    return f"{tried} of {len(cases)} claims tried so far, hypothesis by hypothesis: {numbers}"


def listed(cases: Sequence[Case], places: bool = False) -> str:
    """The claims as a list, HTML: question, link to its page, verdicts.

    Args:
        cases: the claims, in their order.
        places: whether each line is a place that a link can lead to, such as #c01.
    """
    rows = []
    for case in cases:
        name = case.card.id
        place = f' id="{name.lower()}"' if places else ""
        rows.append(
            f'<li{place}><a href="claims/{name.lower()}.html"><span>{name}</span> '
            f'{html.escape(case.card.question)}</a> <span class="verdicts">{badges(case)}</span></li>'
        )
    return '<ol class="claims">\n' + "\n".join(rows) + "\n</ol>"


def badges(case: Case) -> str:
    """The verdicts of a claim, HTML."""
    return " ".join(_badge(*one) for one in _verdicts(case)) + _waiting(case)


def _verdicts(case: Case) -> list[tuple[str, str, str]]:
    """Letter, verdict and where it was tried, of each hypothesis that has one, in the order of the letters.

    Where is empty for what was counted, and for the scale at which every claim was tried.
    """
    found = [("", case.counts), *(("" if at == SCALE else at, rows) for at, rows in case.verdicts.items())]
    return sorted((one.name.split(".")[-1], one.word, place) for place, rows in found for one in rows)


def _waiting(case: Case) -> str:
    """Words for a claim whose runs are still to come; nothing where they are there."""
    return "" if case.trials or not case.tried.hypotheses else '<span class="verdict">not run yet</span>'


def _badge(letter: str, word: str, place: str) -> str:
    return f'<span class="verdict {word}">{letter} {word}{f", {place}" if place else ""}</span>'
