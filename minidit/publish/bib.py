"""The book's BibTeX, read: one entry after the other, one field a line."""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from minidit.errors import MiniditError

NAME = "references.bib"
ENTRY = re.compile(r"@\w+\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}\n")
FIELD = re.compile(r"  (\w+) = \{(.*)\},\n")
WHERE = ("journal", "booktitle", "publisher", "note")  # at most one of them
STARS = re.compile(r"(?<![\w*])\*([^\s*][^*]*[^\s*])\*(?![\w*])")
LONG = 4  # words of a title that cannot be meant otherwise


class Entry(NamedTuple):
    """A source: its key, authors ("Peebles, W."), whether there are others, and the rest; "" for none."""

    key: str
    authors: tuple[str, ...]
    others: bool
    title: str
    year: int
    arxiv: str
    url: str
    where: str

    @property
    def surnames(self) -> tuple[str, ...]:
        """The authors without initials, in ASCII where that can be done: Kynkaanniemi."""
        return tuple(plain(author.split(",")[0]) for author in self.authors)

    @property
    def label(self) -> str:
        """As a text cites it: "Ho et al. 2020"; the title where no author is known."""
        names = [author.split(",")[0] for author in self.authors]
        if self.others or len(names) > 2:
            names = [f"{names[0]} et al."]
        return f"{' and '.join(names) or self.title} {self.year}"

    def stands_in(self, words: "Words") -> bool:
        """Whether its arXiv id, address or title stands there.

        A title that is in *stars* may end at its colon, or after four words.
        """
        if any(sign and sign in words.text for sign in (self.arxiv, self.url.removeprefix("https://"))):
            return True
        whole = len(self.title.split()) >= LONG or not self.title.isascii()
        if whole and self.title.casefold() in words.folded:
            return True
        return any(self._begins(span) for span in words.starred)

    def _begins(self, span: str) -> bool:
        long = len(span.split()) >= LONG and self.title.startswith(span)
        return long or span == self.title or self.title.startswith(f"{span}:")


class Words(NamedTuple):
    """A text with single spaces and without the marks of comments; in small letters; what is in *stars*."""

    text: str
    folded: str
    starred: tuple[str, ...]

    @classmethod
    def of(cls, raw: str) -> "Words":
        """The words of a file, or of a part of it."""
        text = " ".join(re.sub(r"^ *# ?", "", raw, flags=re.M).split())
        return cls(text, text.casefold(), tuple(STARS.findall(text)))


def plain(words: str) -> str:
    """Without accents, in small letters."""
    apart = unicodedata.normalize("NFD", words)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def read(book: Path) -> list[Entry]:
    """The entries of BOOK/references.bib, in its order.

    Raises:
        MiniditError: the file is not there, or not in the form that this module reads.
    """
    path = book / NAME
    if not path.is_file():
        raise MiniditError(f"There is no {path}; run this in the repository.")
    text = "".join(line for line in path.read_text("utf-8").splitlines(keepends=True) if line[:1] != "%")
    if odd := ENTRY.sub("", text).split():
        raise MiniditError(
            f"{NAME} cannot be read at {' '.join(odd[:6])!r}: write @kind{{key, then a line "
            "`  name = {...},` for each field, then } alone on a line."
        )
    return [_entry(key, dict(FIELD.findall(fields))) for key, fields in ENTRY.findall(text)]


def _entry(key: str, fields: dict[str, str]) -> Entry:
    if not fields.get("title") or not fields.get("year", "").isdigit():
        raise MiniditError(f"{NAME}: {key} needs a title, and a year in numbers.")
    authors = fields.get("author", "").split(" and ") if "author" in fields else []
    return Entry(
        key,
        tuple(author.strip("{}") for author in authors if author != "others"),
        "others" in authors,
        fields["title"],
        int(fields["year"]),
        fields.get("eprint", ""),
        fields.get("url", ""),
        next((fields[name] for name in WHERE if name in fields), ""),
    )
