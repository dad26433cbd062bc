"""The glossary: sorted, nothing twice, and what it names is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
TEXT = (BOOK / "glossary.md").read_text(encoding="utf-8")
ENTRY = re.compile(
    r'<a id="(?P<anchor>[a-z0-9-]+)"></a>\*\*(?P<term>[^*]+)\*\*: (?P<text>.+?) '
    r"\[Chapter (?P<number>\d+)\]\((?P<chapter>ch\d\d_\w+)\.ipynb\)\.(?: `(?P<name>minidit[\w.]+)`)?"
)
ENTRIES = [ENTRY.fullmatch(line) for line in TEXT.splitlines() if line.startswith("<a ")]
TERMS = [entry["term"] for entry in ENTRIES if entry]


def place(term):
    return re.sub(r"[^a-z0-9]", "", term.casefold())


def found(name):
    """What a dotted name of the library leads to."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing


def test_every_entry_has_the_form():
    assert all(ENTRIES) and 60 <= len(ENTRIES) <= 120
    assert TEXT.count("<a id=") == len(ENTRIES)
    assert all(entry["text"].endswith((".", ")")) for entry in ENTRIES)


def test_entries_are_sorted_and_none_is_there_twice():
    places = [place(term) for term in TERMS]
    assert places == sorted(set(places))
    anchors = [entry["anchor"] for entry in ENTRIES]
    assert len(anchors) == len(set(anchors))


def test_an_explanation_is_short():
    for entry in ENTRIES:
        sentences = re.split(r"(?<=[.:])\s", entry["text"])
        assert len(sentences) <= 4 and len(entry["text"]) < 300, entry["term"]


@pytest.mark.parametrize("chapter", sorted({entry["chapter"] for entry in ENTRIES if entry}))
def test_a_chapter_that_is_linked_uses_the_word(chapter):
    lines = (BOOK / f"{chapter}.py").read_text(encoding="utf-8").splitlines()
    prose = " ".join(line.removeprefix("# ") for line in lines if line.startswith("# "))
    for entry in ENTRIES:
        if entry["chapter"] == chapter:
            assert int(entry["number"]) == int(chapter[2:4])
            word = rf"\b{re.escape(entry['term'])}(s|es|ting)?\b"
            assert re.search(word, prose, flags=re.I), entry["term"]


def test_a_name_of_the_library_leads_somewhere():
    names = set(re.findall(r"`(minidit[\w.]+)`", TEXT))
    assert len(names) > 50
    for name in names:
        assert found(name) is not None, name
