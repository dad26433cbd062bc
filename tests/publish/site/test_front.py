"""The front page says what the evidence says; the list of pages has every text."""

import re
from collections import Counter
from pathlib import Path

import pytest

from minidit.publish.site import front, pages
from minidit.publish.site.links import Links

ROOT = Path(__file__).parents[3]
TOPS = [("I Build it", ["ch01_first_model", "ch02_patches"]), ("Look up", [])]


@pytest.fixture(scope="module")
def text():
    return front.page(ROOT, TOPS, Links(ROOT))


def verdicts_of_the_claims_page():
    """Letters and words by claim, read from the table of the committed page."""
    rows = re.findall(
        r"^\| \[(C\d\d)\]\(#c\d\d\) \|(.*)$", (ROOT / "book/claims.md").read_text("utf-8"), re.M
    )
    return {name: sorted(re.findall(r"\b([a-z]) \*\*(\w+)\*\*", row)) for name, row in rows}


def test_the_claims_are_a_list_and_no_wide_table():
    text = front.claims_page(ROOT / "book" / "claims.md", Links(ROOT))
    overview = text.split("## All claims")[1].split("\n## ")[0]
    assert '<ol class="claims">' in overview and "|" not in overview
    assert overview.count("<li>") == len(list((ROOT / "book" / "claims").glob("C*.toml")))


def test_each_claim_has_its_verdicts(text):
    for name, verdicts in verdicts_of_the_claims_page().items():
        row = next(line for line in text.splitlines() if f'<a href="claims.html#{name.lower()}">' in line)
        assert re.findall(r'<span class="verdict (\w+)">([a-z]) \1</span>', row) == [
            (w, a) for a, w in verdicts
        ]


def test_the_counts_are_those_of_the_claims_page(text):
    counts = Counter(word for verdicts in verdicts_of_the_claims_page().values() for _, word in verdicts)
    for word in front.WORDS:
        assert f'<span class="verdict {word}">{counts[word]} {word}</span>' in text


def test_the_pages_are_listed_below_their_headings(text):
    assert ":caption: I Build it\n\nch01_first_model\nch02_patches\n```" in text
    assert "Look up" not in text.split("```{toctree}", 1)[1]


def test_the_live_model_comes_first_where_there_is_one():
    live = front.page(ROOT, [*TOPS, ("Try it", ["live"])], Links(ROOT))
    assert re.search(r'<div class="ways"><a class="way" href="live\.html">', live)


def test_every_text_of_the_book_is_a_page_or_a_template():
    listed = {name for names in pages.TEXTS.values() for name in names} | set(pages.TEMPLATES)
    assert listed == {path.stem for path in (ROOT / "book").glob("*.md")}
    assert set(pages.TEXTS) <= set(pages.HEADINGS)
