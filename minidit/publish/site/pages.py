"""Every page of the site, in one list: what it is made from, where it stands, under which heading.

A page that is not made here is not in the site. A text of `book/` becomes a page by a line in `TEXTS`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from minidit.publish.book import chapters
from minidit.publish.site import chapters as chapter_pages
from minidit.publish.site import claims, errors, front, live, reference, sheets
from minidit.publish.site.links import Links
from minidit.publish.site.text import text_page

# the parts of the book by the number of their last chapter
PARTS = {"I Build it": 8, "II Is DiT wrong?": 14, "III What changed since": 21}
# heading: texts of book/ without their ending
TEXTS = {
    "What came out": ("LOG",),
    "Look up": ("notation", "glossary", "gallery", "references"),
    "Teach": ("instructors",),
}
# texts of book/ that are no such page: one that becomes many, and a template, which is in the first
OTHERS = ("claims", "story")
# what the list at the left says, where a page's own title is long
SHORT = {"live": "Draw a digit", "claims": "Claims", "LOG": "Log"}
CHAPTER = re.compile(r"ch(\d\d)_(\w+)")
SPELT = {"adaln": "AdaLN"}  # what a file's name cannot say


class Page(NamedTuple):
    """A page before Sphinx reads it: its path without an ending, its ending, and its text."""

    name: str
    ending: str
    text: str


def pages(root: Path, links: Links) -> Iterator[tuple[str, list[Page]]]:
    """The headings of the site with the pages below them, in the order of reading, without the front page.

    Pages in a folder are reached from the index of the folder.

    Args:
        root: the repository.
        links: takes along what the pages link to.

    Raises:
        MiniditError: a chapter, an exercise, a claim or a link that cannot be read.
    """
    book, exercises = root / "book", root / "exercises"

    def texts(heading: str) -> list[tuple[str, str]]:
        return [(name, text_page(book / f"{name}.md", links)) for name in TEXTS[heading]]

    yield "Try it", _markdown([(live.NAME, live.page(links))])
    yield "What came out", _markdown([*claims.pages(book, links), *texts("What came out")])
    sources, first = chapters(book), 0
    for part, last in PARTS.items():
        own = [source for source in sources if first < int(source.stem[2:4]) <= last]
        yield part, [Page(source.stem, ".ipynb", chapter_pages.page(source, links)) for source in own]
        first = last
    yield "Practise", _markdown(sheets.pages(exercises, links))
    yield "Look up", _markdown([*texts("Look up"), ("errors", errors.page()), *reference.pages()])
    yield "Teach", _markdown([*texts("Teach"), *sheets.notes(exercises, links)])


def _markdown(named: Iterable[tuple[str, str]]) -> list[Page]:
    return [Page(name, ".md", text) for name, text in named]


def laid_out(root: Path) -> dict[str, dict[str, bytes]]:
    """All files that Sphinx reads, as "source", and those that lie beside the pages, as "extra".

    Raises:
        MiniditError: as `pages` does.
    """
    links = Links(root)
    found = list(pages(root, links))
    tops = [
        (heading, [(one.name, short(one.name)) for one in own if _top(one.name)]) for heading, own in found
    ]
    texts = {page.name + page.ending: page.text for _, own in found for page in own}
    texts |= {"index.md": front.page(root, tops, links)}
    source = {name: text.encode() for name, text in texts.items()}
    source |= {name: path.read_bytes() for name, path in links.taken.items()}
    source |= {f"_static/frames/{name}": data for name, data in links.pictures.items()}
    return {"source": source, "extra": links.given}


def _top(name: str) -> bool:
    return "/" not in name or name.endswith("/index")


def short(name: str) -> str:
    """What the list at the left calls a page, where its title is too long for a line; else nothing."""
    if not (chapter := CHAPTER.fullmatch(name)):
        return SHORT.get(name, "")
    words = SPELT.get(chapter[2], chapter[2].replace("_", " "))
    return f"{int(chapter[1])} {words[0].upper()}{words[1:]}"
