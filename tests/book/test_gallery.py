"""The bug gallery runs: it prints what it shows, and each check tells the fault from the right way."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import pytest
import torch

from minidit.teach.exercise import exercises

BOOK = Path(__file__).parents[2] / "book"
TEXT = (BOOK / "gallery.md").read_text(encoding="utf-8")
HEAD, *ENTRIES = re.split(r"^(?=## G\d+: )", TEXT, flags=re.M)
NAMES = [re.match(r"## (G\d+): ", entry)[1] for entry in ENTRIES]
PARTS = (
    r"\*\*The (text|name) says",
    r"\*\*The code\*\*",
    r"\*\*What it does\.\*\*",
    r"\*\*Why nobody saw it\.\*\*",
    r"\*\*The check\*\*",
    r"\*\*Where it is real\.\*\*",
    r"\*\*In the book\.\*\*",
)


def blocks(entry, language):
    return re.findall(rf"```{language}\n(.*?)```", entry, flags=re.S)


@cache
def played(name):
    """What an entry's code defines, and what it prints."""
    space, said = {"__name__": name}, io.StringIO()
    with contextlib.redirect_stdout(said), torch.random.fork_rng():
        for code in blocks(ENTRIES[NAMES.index(name)], "python"):
            exec(compile(code, name, "exec"), space)
    return space, said.getvalue()


def test_there_are_twelve_and_each_has_all_its_parts():
    assert NAMES == [f"G{number}" for number in range(1, 13)]
    for name, entry in zip(NAMES, ENTRIES, strict=True):
        places = [re.search(part, entry) for part in PARTS]
        assert all(places), name
        assert [place.start() for place in places] == sorted(place.start() for place in places), name


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_prints_what_it_shows(name):
    (shown,) = blocks(ENTRIES[NAMES.index(name)], "text")
    assert played(name)[1] == shown


@pytest.mark.parametrize("name", NAMES)
def test_a_number_in_bold_was_printed(name):
    entry = ENTRIES[NAMES.index(name)]
    prose = re.sub(r"```.*?```", "", entry, flags=re.S)
    numbers = [words for words in re.findall(r"\*\*([^*]+)\*\*", prose) if re.search(r"\d", words)]
    assert numbers
    for number in numbers:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", played(name)[1]), number


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_test_accepts_both_and_the_check_refuses_the_fault(name):
    space, _ = played(name)
    with torch.random.fork_rng():
        for version in ("right", "faulty"):
            space["usual"](space[version])
        space["check"](space["right"])
        with pytest.raises(AssertionError, match=r"[a-z]{2}"):  # and it says what is wrong
            space["check"](space["faulty"])


def test_code_fits_on_a_page():
    for name, entry in zip(NAMES, ENTRIES, strict=True):
        for code in blocks(entry, "python"):
            lines = code.splitlines()
            assert len(lines) <= 40 and max(map(len, lines)) <= 88, name


def test_what_is_cited_of_our_own_stands_in_the_log():
    log = (BOOK / "LOG.md").read_text(encoding="utf-8")
    quotes = re.findall(r"^> (.+)$", HEAD, flags=re.M)
    assert len(quotes) == 2 and all(quote in log for quote in quotes)


def test_exercises_and_sections_that_are_named_exist():
    known = {item.name for item in exercises()}
    for entry in ENTRIES:
        taught = entry.split("**In the book.**")[1]
        for name in re.findall(r"\b\d+\.\d\b", taught):
            assert name in known, name
        chapters = re.findall(r"\((ch\d\d_\w+)\.ipynb\)", taught)
        assert chapters
        text = "".join((BOOK / f"{chapter}.py").read_text(encoding="utf-8") for chapter in chapters)
        for title in re.findall(r'"([A-Z][^"]+)"', taught):
            assert f"# ## {title}\n" in text, title


def test_the_list_leads_to_every_entry():
    for entry in ENTRIES:
        title = entry.splitlines()[0].removeprefix("## ")
        anchor = re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        assert f"](#{anchor}) |" in HEAD, anchor
