"""A page a claim: what the committed text says of it, no more and no less; the list has every verdict."""

import re
from collections import Counter
from pathlib import Path

import pytest

from minidit.publish.site import claims, verdicts
from minidit.publish.site.links import Links

BOOK = Path(__file__).parents[3] / "book"
TEXT = (BOOK / "claims.md").read_text("utf-8")
WORD = "|".join(verdicts.WORDS)
NAMES = [path.name[:3] for path in sorted((BOOK / "claims").glob("C*.toml"))]


@pytest.fixture(scope="module")
def pages():
    return dict(claims.pages(BOOK, Links(BOOK.parent)))


def words(text):
    """The words and numbers of a text, without its links, marks of headings and lines of tables."""
    return re.findall(r"\w+", re.sub(r"\]\([^)]*\)|[*#|]|\((c\d\d)\)=", " ", text))


def overview():
    """By claim: letter, word and scale of each verdict, read from the table of the committed text."""
    rows = re.findall(r"^\| \[(C\d\d)\]\(#c\d\d\) \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$", TEXT, re.M)
    return {
        name: sorted(
            (letter, word, scale)
            for cell, scale in zip(cells, ("", "", "a100"), strict=True)
            for letter, word in re.findall(r"\b([a-z]) \*\*(\w+)\*\*", cell)
        )
        for name, *cells in rows
    }


def test_every_claim_has_a_page_and_a_line(pages):
    assert sorted(pages) == ["claims", *(f"claims/{name.lower()}" for name in NAMES)]
    for name in NAMES:
        assert f'<li id="{name.lower()}"><a href="claims/{name.lower()}.html">' in pages["claims"]
        assert f"\nclaims/{name.lower()}\n" in pages["claims"]


def test_the_list_comes_before_the_story(pages):
    order = (
        "# Claims on trial",
        "is the verdict on its hypothesis a",
        "## All claims",
        "<ol",
        "## The story so far",
    )
    places = [pages["claims"].index(words) for words in order]
    assert places == sorted(places) and places[3] < 1500


def test_nothing_of_the_text_is_lost(pages):
    sections = re.split(r'^<a id="c\d\d"></a>\n', TEXT, flags=re.M)
    head = re.sub(r"^\|.*\n", "", sections[0].split("## All claims")[0], flags=re.M)
    assert Counter(words(head)) <= Counter(words(pages["claims"]))
    for section in sections[1:]:
        name = re.search(r"## (C\d\d)", section)[1].lower()
        assert Counter(words(section)) <= Counter(words(pages[f"claims/{name}"]))


def test_a_page_has_one_title_its_verdicts_and_the_way_back(pages):
    for name in NAMES:
        text = pages[f"claims/{name.lower()}"]
        assert re.findall(r"^# .*$", text, re.M) == [text.splitlines()[0]] and text.startswith(f"# {name}: ")
        assert "## Threats" in text and re.search(r"^\*\*[^*]+\?\*\*$", text, re.M)
        assert text.count("[All claims](../claims.md#all-claims)") == 2
    assert "[chapter 9](../ch09_norms.ipynb)" in pages["claims/c01"]


def test_a_page_has_the_answer_of_the_story_in_words(pages):
    story = (BOOK / "story.md").read_text("utf-8")
    for name in NAMES:
        parts = re.split(
            r"\[In the story\]\([^)]+\): |(?=\n\n\*\*[^*]+\?\*\*\n)", pages[f"claims/{name.lower()}"]
        )
        badges, answer, said = parts[0], parts[1], re.findall(rf"\{{{name}\.[a-z] (?:{WORD})\}}", story)
        assert '<p class="verdicts">' in badges and len(answer) > 100 and "{" not in answer
        assert len(re.findall(rf"\*\*{name}\.[a-z]\*\*, (?:{WORD})", answer)) == len(said)
        assert f"](../claims/{name.lower()}.md)" not in answer and "](#" not in answer
    assert "[C19.a](../claims/c19.md), inconclusive" in pages["claims/c02"]
    assert "at equal time it is the same order" in pages["claims/c17"]  # named there by numbers alone


def test_a_claim_of_which_the_story_says_nothing_has_no_words_of_it(tmp_path):
    (tmp_path / "story.md").write_text("## Story\n\nOne {C01.a refuted}.\n\nTwo.")
    filled = "# All\n\n## Story\n\nOne [C01.a](../claims/c01.md), refuted.\n\nTwo."
    assert claims._told(tmp_path, filled, "c02") == []
    assert claims._told(tmp_path, filled, "c01") == [claims.TOLD + "One **C01.a**, refuted."]


def test_a_quote_is_said_to_be_one_and_whose(pages):
    for name in NAMES:
        quotes = pages[f"claims/{name.lower()}"].split("\n\n> ")[:-1]
        assert quotes
        assert all(
            re.search(r"\n\*\*As said\.\*\* Language: .+ Source: .+ Seen: .+$", before) for before in quotes
        )


def test_the_list_says_its_order_and_which_numbers_are_not_here(pages):
    lacking = sorted({f"C{n:02}" for n in range(1, int(max(NAMES)[1:]))} - set(NAMES))
    said = pages["claims"].split("## All claims")[1].split("<ol")[0]
    assert "by topic" in said and re.findall(r"C\d\d", said) == lacking
    assert claims._kept(["c01", "c02"]) == "" and "C01, C03." in claims._kept(["c02", "c04"])


def test_each_claim_has_its_verdicts():
    cases = {case.card.id: case for case in verdicts.read(BOOK)}
    assert set(cases) == set(overview())
    for name, found in overview().items():
        shown = re.findall(
            r'<span class="verdict (\w+)">([a-z]) \1(?:, (\w+))?</span>', verdicts.badges(cases[name])
        )
        assert [(letter, word, scale) for word, letter, scale in shown] == found


def test_the_counts_are_those_of_the_table():
    counts = Counter(word for found in overview().values() for _, word, scale in found if not scale)
    said = verdicts.count(verdicts.read(BOOK))
    for word in verdicts.WORDS:
        assert f'<span class="verdict {word}">{counts[word]} {word}</span>' in said


def test_what_another_scale_says_is_told_apart():
    assert verdicts._badge("a", "refuted", "a100") == '<span class="verdict refuted">a refuted, a100</span>'
