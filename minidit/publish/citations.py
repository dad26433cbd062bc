"""Which text of the book cites which source, and which citation leads nowhere."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from minidit.publish.bib import NAME, Entry, Words, plain

PACKAGE = Path(__file__).parents[1]
ARXIV = re.compile(r"\b\d{4}\.\d{5}\b")
# Ho et al. 2020; Ho and Salimans (2022; Shazeer 2020
CITED = re.compile(r"\b([A-Z][\w'-]+)( et al\.| and ([A-Z][\w'-]+))?,? \(?((?:19|20)\d\d)\b")
SOURCES = re.compile(r"^# ## Sources\n(.*)\Z", re.M | re.S)
OWN = re.compile(r"\bthe cards? of C\d\d\b")  # a source that is told on the book's own cards


class Place(NamedTuple):
    """A text that may cite: of a "chapter", a "claim" or the "library"; its link, words, and sources.

    sources: the items of a chapter's last section.
    """

    kind: str
    link: str
    words: Words
    sources: tuple[Words, ...]

    @classmethod
    def of(cls, kind: str, link: str, raw: str) -> "Place":
        """The place whose file holds `raw`."""
        items = [item for section in SOURCES.findall(raw) for item in section.split("\n# - ")[1:]]
        return cls(kind, link, Words.of(raw), tuple(map(Words.of, items)))


def places(book: Path, package: Path = PACKAGE) -> list[Place]:
    """All texts that may cite: chapters and claim cards of `book`, and the library."""
    chapters = [
        Place.of("chapter", f"[{int(path.stem[2:4])}]({path.stem}.ipynb)", path.read_text("utf-8"))
        for path in sorted(book.glob("ch[0-9][0-9]_*.py"))
    ]
    cards = [
        Place.of("claim", f"[{path.stem[:3]}](claims.md#{path.stem[:3].lower()})", path.read_text("utf-8"))
        for path in sorted((book / "claims").glob("C*.toml"))
    ]
    library = [
        Place.of("library", f"`{'.'.join(('minidit', *_parts(path, package)))}`", path.read_text("utf-8"))
        for path in sorted(package.rglob("*.py"))
        if "checks" not in path.parts
    ]
    return chapters + cards + library


def cited(entries: Sequence[Entry], place: Place) -> list[Entry]:
    """The entries that a text cites: by arXiv id, title or address, or as "Ho et al. 2020"."""
    direct = [entry for entry in entries if entry.stands_in(place.words)]
    by_name = [found[0] for _, found in _named(entries, place, direct) if len(found) == 1]
    return [entry for entry in entries if entry in direct or entry in by_name]


def faults(entries: Sequence[Entry], place: Place) -> Iterator[str]:
    """Citations of a text that lead to no entry, or to several; and a chapter's sources without one."""
    for number in sorted(set(ARXIV.findall(place.words.text)) - {entry.arxiv for entry in entries}):
        yield f"{place.link}: arXiv {number} is not in {NAME}; add it."
    direct = [entry for entry in entries if entry.stands_in(place.words)]
    for words, found in _named(entries, place, direct):
        if not found:
            yield f"{place.link}: {words} is not in {NAME}; add it."
        elif len(found) > 1:
            keys = " or ".join(entry.key for entry in found)
            yield f"{place.link}: {words} may be {keys}; write the arXiv id beside it."
    for source in place.sources:
        if not OWN.search(source.text) and not any(entry.stands_in(source) for entry in entries):
            yield f"{place.link}: this source is not in {NAME}: {source.text[:60]}"


def _parts(path: Path, package: Path) -> tuple[str, ...]:
    parts = path.relative_to(package).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _named(
    entries: Sequence[Entry], place: Place, direct: Sequence[Entry]
) -> Iterator[tuple[str, list[Entry]]]:
    """Each citation by names and year, and the entries that it can be."""
    for match in CITED.finditer(place.words.text):
        first, more, second, year = match.groups()
        named = [e for e in entries if e.surnames[:1] == (plain(first),) and abs(int(year) - e.year) <= 1]
        here = [entry for entry in named if entry in direct]
        fit = [entry for entry in named if _fits(entry, more, second)]
        # arXiv is often a year before the conference, so the year may be one off
        exact = [entry for entry in fit if entry.year == int(year)]
        if here or fit or more:  # one name and a year alone may be August 2025
            yield match[0], here[:1] or exact or fit


def _fits(entry: Entry, more: str | None, second: str | None) -> bool:
    many = entry.others or len(entry.surnames) > 2
    if second:
        return not many and entry.surnames[1:] == (plain(second),)
    return many if more else len(entry.surnames) == 1 and not many
