"""The claims page of the book and its pictures: `minidit claims page` writes them."""

import hashlib
from pathlib import Path

from minidit.claims.card import Card
from minidit.claims.cards import cards
from minidit.publish.case import Case, picture_path, section, table
from minidit.publish.pictures import picture, sources
from minidit.publish.story import in_order, story
from minidit.teach.dots import dots
from minidit.teach.rates import rates

PAGE, PICTURES = "claims.md", "artefacts/claims"
STORY_HERE = "<!-- story -->\n\n"  # in the head
COLUMNS = ("counted", "cpu", "a100")

# what a reader must know first: how a verdict is made, what is measured, how to overturn one
HEAD = (Path(__file__).parent / "claims_head.md").read_text(encoding="utf-8")


def page(book: Path) -> str:
    """The whole page, Markdown.

    Args:
        book: the folder that holds `claims/` and `evidence/`.

    Raises:
        MiniditError: a card or evidence that cannot be read, or evidence that cannot carry a verdict.
    """
    cases = in_order(book, [Case.read(book, card) for card in cards(book / "claims")])
    rows = [
        (f"[{case.card.id}](#{case.card.id.lower()})", case.card.question, *map(case.words, COLUMNS))
        for case in cases
    ]
    overview = table(("claim", "question", *COLUMNS), rows)
    head = HEAD.replace(STORY_HERE, story(book, cases))
    return f"{head}\n## All claims\n\n{overview}\n" + "".join(f"\n{section(case)}\n" for case in cases)


def pictures(book: Path) -> dict[str, bytes]:
    """The pictures of the page by their path in `book`; each carries the hashes of its card and evidence."""
    made = {}
    for case, scale, names in _wanted(book):
        stamps, trial, key = _stamps(book, case.card, scale), case.trials[scale], case.card.tune
        figures = [dots(case.tried, case.verdicts[scale], trial)] + (
            [rates(trial, key=key.key)] if key else []
        )
        made |= {name: picture(figure, stamps) for name, figure in zip(names, figures, strict=True)}
    return made


def write(book: Path) -> list[Path]:
    """Write the page and its pictures, remove pictures that left it; returns the paths that were written."""
    content = {PAGE: page(book).encode()} | pictures(book)
    for old in (book / PICTURES).glob("*.png"):
        if f"{PICTURES}/{old.name}" not in content:
            old.unlink()
    (book / PICTURES).mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (book / name).write_bytes(data)
    return [book / name for name in content]


def faults(book: Path) -> list[str]:
    """What is out of date, one sentence each; nothing is drawn. Empty when page and pictures are fresh."""
    found, path = [], book / PAGE
    if not path.is_file() or path.read_text(encoding="utf-8") != page(book):
        found.append(f"{PAGE} is not what the cards and the evidence give.")
    wanted = {name: _stamps(book, case.card, scale) for case, scale, names in _wanted(book) for name in names}
    there = {f"{PICTURES}/{path.name}": sources(path) for path in (book / PICTURES).glob("*.png")}
    for name in sorted(wanted | there):
        if name not in there:
            found.append(f"{name} is missing.")
        elif name not in wanted:
            found.append(f"{name} belongs to no verdict.")
        elif wanted[name] != there[name]:
            found.append(f"{name} was made from another card or from other evidence.")
    return [f"{fault} Run `minidit claims page`." for fault in found]


def _wanted(book: Path) -> list[tuple[Case, str, list[str]]]:
    """For each verdict that is not stale: its case, its scale, the names of its pictures."""
    cases = [Case.read(book, card) for card in cards(book / "claims")]
    return [
        (case, scale, [picture_path(case.card, scale, kind) for kind in kinds])
        for case in cases
        for scale in case.trials
        if not case.stale(scale)
        for kinds in [["", ".rates"] if case.card.tune else [""]]
    ]


def _stamps(book: Path, card: Card, scale: str) -> dict[str, str]:
    evidence = (book / "evidence" / f"{card.id}.{scale}.json").read_bytes()
    return {"card": card.sha256, "evidence": hashlib.sha256(evidence).hexdigest()}
