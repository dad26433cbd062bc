"""The claims as pages: the story with the list of them all, and a page a claim.

In the repository both are one text, which `minidit claims page` writes.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from minidit.publish.book import chapters
from minidit.publish.case import Case
from minidit.publish.site import verdicts
from minidit.publish.site.links import CLAIMS, Links
from minidit.publish.site.text import text_page
from minidit.publish.story import STORY

SECTION = re.compile(r"^\((c\d\d)\)=\n\n", re.M)  # as the site marks a place
OVERVIEW = re.compile(r"^## All claims\n\n(?:\|.*\n)+", re.M)
# a line of bold words is a heading of the section; one that asks is the claim's question
HEADING = re.compile(r"^\*\*([^*?]+)\*\*$", re.M)
ROW = re.compile(r"^# \| \*\*Claims\*\* \|(.*)$", re.M)
# a quote, and the line below it that says whose it is: on a page of its own that line comes first
QUOTE = re.compile(r"((?:^>.*\n)+)\n^(Language: .*)$", re.M)
ALL = "[All claims](../claims.md#all-claims)"
TOLD = "[In the story](../claims.md#the-story-so-far-in-one-page): "
BEGIN = """\
{count}

{letters}

Below the list stand [the story](#the-story-so-far-in-one-page) and
[how a verdict is made](#how-a-verdict-is-made).

## All claims

The order is by topic, as in the story.{kept}

{claims}

"""


def pages(book: Path, links: Links) -> Iterator[tuple[str, str]]:
    """Names and texts of the pages: "claims", then "claims/c01" and so on, in the order of the story.

    Raises:
        MiniditError: there is no text of the claims, or a card or evidence that cannot be read.
    """
    path, cases = book / CLAIMS, verdicts.read(book)
    head = SECTION.split(text_page(path, links))[0]
    story, *sections = SECTION.split(text_page(path, links, 1))
    texts = dict(zip(sections[0::2], sections[1::2], strict=True))
    yield "claims", _story(head, cases, list(texts))
    tried, known = _chapters(book), {case.card.id.lower(): case for case in cases}
    for name, text in texts.items():
        yield f"claims/{name}", _claim(text, known[name], tried.get(name, []), _told(book, story, name))


def _story(head: str, cases: list[Case], names: list[str]) -> str:
    """The page of all claims: the list first, then the story; how the page was made comes last."""
    title, made, rest = head.split("\n\n", 2)
    numbers, claims = verdicts.count(cases), verdicts.listed(cases, places=True)
    begin = BEGIN.format(count=numbers, letters=verdicts.LETTERS, claims=claims, kept=_kept(names))
    tree = "\n".join(f"claims/{name}" for name in names)
    parts = [title, begin + OVERVIEW.sub("", rest).strip(), made, f"```{{toctree}}\n:hidden:\n\n{tree}\n```"]
    return "\n\n".join(parts) + "\n"


def _kept(names: list[str]) -> str:
    """A sentence on the numbers that the list lacks; nothing where it has them all."""
    numbers = {int(name[1:]) for name in names}
    lacking = [f"C{number:02}" for number in range(1, max(numbers, default=0)) if number not in numbers]
    return (
        f" Numbers that are not here are kept for chapters to come: {', '.join(lacking)}." if lacking else ""
    )


def _told(book: Path, story: str, name: str) -> list[str]:
    """The paragraphs of the story that name the claim; its own hypotheses are bold there."""
    asked = (book / STORY).read_text(encoding="utf-8").split("\n\n") if (book / STORY).is_file() else [""]
    filled = story[story.index(asked[0]) :].split("\n\n")
    place, own = f"{{{name.upper()}", re.compile(rf"\[([^\]]+)\]\(\.\./claims/{name}\.md\)")
    told = [
        own.sub(r"**\1**", words) for words, before in zip(filled, asked, strict=False) if place in before
    ]
    return [TOLD + told[0], *told[1:]] if told else []


def _claim(text: str, case: Case, tried: list[str], told: list[str]) -> str:
    """The page of one claim: its section, one heading higher; at the top its verdicts, in words too."""
    text = QUOTE.sub(r"**As said.** \2\n\n\1", text)
    title, rest = re.sub(r"^#(?=#)", "", HEADING.sub(r"### \1", text), flags=re.M).split("\n\n", 1)
    back = ", ".join([ALL, *tried])
    badges = f'<p class="verdicts">{verdicts.badges(case)}</p>'
    return "\n\n".join([title, back, badges, *told, rest.strip(), back]) + "\n"


def _chapters(book: Path) -> Mapping[str, list[str]]:
    """Claim -> links to the chapters whose card names it."""
    found: dict[str, list[str]] = {}
    for source in chapters(book):
        row = ROW.search(source.read_text(encoding="utf-8"))
        for claim in re.findall(r"\bC\d\d\b", row[1]) if row else ():
            link = f"[chapter {int(source.stem[2:4])}](../{source.stem}.ipynb)"
            found.setdefault(claim.lower(), []).append(link)
    return found
