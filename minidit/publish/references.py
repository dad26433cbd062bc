"""The bibliography page of the book: `minidit book references` writes it from references.bib."""

from collections.abc import Sequence
from pathlib import Path

from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.publish import bib, citations
from minidit.publish.bib import Entry
from minidit.publish.citations import Place, cited, places

Uses = dict[Entry, list[Place]]
PAGE = "references.md"
HEAD = """\
# Bibliography

What this book cites, and where. Generated from [references.bib](references.bib) by `minidit book references`.

"And others" stands where there are more authors, or where we are not certain of all. The year is that of the
first version on arXiv; a text that cites the conference may say the year after. Names with `minidit`
are modules of the library.
"""
KINDS = {"chapter": ("Chapter", "Chapters"), "claim": ("Claim", "Claims"), "library": ("In", "In")}


def page(book: Path) -> str:
    """The whole page, Markdown: one line for each source, by name and year.

    Raises:
        MiniditError: references.bib is missing, or cannot be read.
    """
    return _page(_uses(bib.read(book), places(book)))


def write_references(folder: Path, names: Sequence[str] = ()) -> int:
    """Write FOLDER/references.md. Returns 0.

    Raises:
        MiniditError: a chapter was named, though the page is of the whole book; or as in `page`.
    """
    if names:
        raise MiniditError(f"The bibliography is one for the whole book; leave out {', '.join(names)}.")
    print(write_whole(folder / PAGE, page(folder).encode()))
    return 0


def references_faults(book: Path) -> list[str]:
    """What is wrong with sources and citations, and whether the page is stale: one sentence each.

    A book without references.bib has none.
    """
    if not (book / bib.NAME).is_file():
        return []
    entries, texts = bib.read(book), places(book)
    found = [fault for place in texts for fault in citations.faults(entries, place)]
    uses = _uses(entries, texts)
    for entry in entries:
        if not uses[entry]:
            found.append(f"{bib.NAME}: nothing cites {entry.key}; cite it, or take it out.")
        if entry.arxiv and entry.year != 2000 + int(entry.arxiv[:2]):
            found.append(f"{bib.NAME}: {entry.key} says {entry.year}, and its arXiv id {entry.arxiv}.")
    path = book / PAGE
    if not path.is_file() or path.read_text("utf-8") != _page(uses):
        found.append(f"{PAGE} is not what {bib.NAME} and the texts give. Run `minidit book references`.")
    return found


def _page(uses: Uses) -> str:
    entries = sorted(uses, key=lambda entry: (bib.plain(entry.label), entry.year, entry.key))
    return f"{HEAD}\n" + "\n".join(_line(entry, uses[entry]) for entry in entries) + "\n"


def _uses(entries: Sequence[Entry], texts: Sequence[Place]) -> Uses:
    uses: Uses = {entry: [] for entry in entries}
    for place in texts:
        for entry in cited(entries, place):
            uses[entry].append(place)
    return uses


def _line(entry: Entry, uses: Sequence[Place]) -> str:
    names = [" ".join(reversed(author.split(", "))) for author in entry.authors]
    names += ["others"] if entry.others else []
    told = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])
    parts = [f"*{entry.title}*", str(entry.year)]
    parts += [entry.where] if entry.where else []
    parts += [f"arXiv [{entry.arxiv}](https://arxiv.org/abs/{entry.arxiv})"] if entry.arxiv else []
    parts += [f"[{entry.url.removeprefix('https://')}]({entry.url})"] if entry.url else []
    where = [_where(kind, [place.link for place in uses if place.kind == kind]) for kind in KINDS]
    return f'- <a id="{entry.key}"></a>{", ".join([*([told] if told else []), *parts])}. ' + " ".join(
        filter(None, where)
    )


def _where(kind: str, links: Sequence[str]) -> str:
    return f"{KINDS[kind][len(links) > 1]} {', '.join(links)}." if links else ""
