"""The front page: what this is, for whom, and every claim with its verdict."""

import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minidit.claims.cards import cards
from minidit.publish.case import Case
from minidit.publish.site.links import Links
from minidit.publish.site.text import text_page
from minidit.publish.story import in_order

Tops = Sequence[tuple[str, Sequence[str]]]
HEAD = (Path(__file__).with_name("front.md")).read_text(encoding="utf-8")
WORDS = ("supported", "refuted", "inconclusive")
# where the live model is, once the site has it
LIVE = "live"
OVERVIEW = re.compile(r"(?<=^## All claims\n\n)(?:\|.*\n)+", re.M)


def claims_page(path: Path, links: Links) -> str:
    """The page of the claims, its table of all of them as the list of the front page: a table is too wide."""
    cases = _cases(path.parent)
    return OVERVIEW.sub(lambda _: f"{_claims(cases)}\n", text_page(path, links), count=1)


def _cases(book: Path) -> list[Case]:
    return in_order(book, [Case.read(book, card) for card in cards(book / "claims")])


def page(root: Path, tops: Tops, links: Links) -> str:
    """The front page, Markdown.

    Args:
        root: the repository.
        tops: headings, and the names of the pages that the site's list shows below them.
        links: takes the picture along.

    Raises:
        MiniditError: a card or evidence that cannot be read.
    """
    cases = _cases(root / "book")
    names = {name for _, own in tops for name in own}
    text = links.rewritten(HEAD, root / "README.md")
    places = {"{buttons}": _buttons(names), "{count}": _count(cases), "{claims}": _claims(cases)}
    for place, words in places.items():
        text = text.replace(place, words)
    return text + "".join(_tree(heading, own) for heading, own in tops if own)


def _buttons(names: set[str]) -> str:
    """The ways in; the live model first, where there is one."""
    live = [("Draw a digit, here", f"{LIVE}.html")] if LIVE in names else []
    ways = [
        *live,
        ("Begin with chapter 1", "ch01_first_model.html"),
        ("See the verdicts", "#claims-on-trial"),
    ]
    return "".join(f'<a class="way" href="{place}">{words}</a>' for words, place in ways)


def _verdicts(case: Case) -> list[tuple[str, str]]:
    """Letter and verdict of each hypothesis that has one, in the order of the letters."""
    found = [*case.counts, *(one for rows in case.verdicts.values() for one in rows)]
    return sorted((one.name.split(".")[-1], one.word) for one in found)


def _count(cases: list[Case]) -> str:
    counts = Counter(word for case in cases for _, word in _verdicts(case))
    numbers = " ".join(f'<span class="verdict {word}">{counts[word]} {word}</span>' for word in WORDS)
    tried = sum(not _waiting(case) for case in cases)
    return f"{tried} of {len(cases)} claims tried so far, hypothesis by hypothesis: {numbers}"


def _claims(cases: list[Case]) -> str:
    rows = []
    for case in cases:
        name = case.card.id
        badges = " ".join(_badge(*one) for one in _verdicts(case)) + _waiting(case)
        rows.append(
            f'<li><a href="claims.html#{name.lower()}"><span>{name}</span> '
            f'{html.escape(case.card.question)}</a> <span class="verdicts">{badges}</span></li>'
        )
    return '<ol class="claims">\n' + "\n".join(rows) + "\n</ol>"


def _waiting(case: Case) -> str:
    """Words for a claim whose runs are still to come; nothing where they are there."""
    return "" if case.trials or not case.tried.hypotheses else '<span class="verdict">not run yet</span>'


def _badge(letter: str, word: str) -> str:
    return f'<span class="verdict {word}">{letter} {word}</span>'


def _tree(heading: str, names: Sequence[str]) -> str:
    return f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(names) + "\n```\n"
