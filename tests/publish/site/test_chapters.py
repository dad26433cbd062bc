"""A chapter in the site: its card, its downloads, its widgets, its replay."""

import json
from pathlib import Path

import nbformat
import pytest

from minidit.publish import replays
from minidit.publish.site import chapters
from minidit.publish.site.links import Links

BOOK = Path(__file__).parents[3] / "book"
WIDGETS, CLAIMS = BOOK / "ch06_predictions.py", BOOK / "ch09_norms.py"


@pytest.fixture
def links():
    return Links(BOOK.parent)


def test_widgets_are_html(links):
    notebook = nbformat.reads(chapters.page(WIDGETS, links), 4)
    assert "widgets" not in notebook.metadata and "widget-view" not in json.dumps(notebook)
    figures = [o for c in notebook.cells for o in c.get("outputs", ()) if "frames" in str(o.get("data"))]
    assert len(figures) == 1 and len(links.pictures) == 16


def test_the_notebook_can_be_taken_home_as_it_is(links):
    chapters.page(WIDGETS, links)
    assert links.given["notebooks/ch06_predictions.ipynb"] == WIDGETS.with_suffix(".ipynb").read_bytes()


def test_the_card_is_filled_in(links):
    head = nbformat.reads(chapters.page(CLAIMS, links), 4).cells[0].source
    for words in (
        "[C01](claims.md#c01)",
        "(exercises/ch09.md)",
        "(solutions/ch09.md)",
        "| **Last replay** |",
    ):
        assert words in head
    # the rows stand in the card, not behind the text below it
    assert head.index("**Download**") < head.index("In August 2025")


def test_a_claim_without_a_card_is_no_link(links):
    text = nbformat.reads(chapters.page(BOOK / "ch04_conditioning.py", links), 4).cells[0].source
    assert "C14" in text and "[C14]" not in text


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "book" / "ch01_toy.py"
    path.parent.mkdir()
    path.write_text("# %%\n1\n")
    return path


def test_a_replay_is_remembered(source):
    assert replays.last_replay(source) is None
    replays.note_replay(source, 12.34, "CPU s")
    noted = replays.last_replay(source)
    assert (noted.seconds, noted.clock, set(noted.versions)) == (12.3, "CPU s", set(replays.PACKAGES))
    rows = chapters._run(noted, BOOK)
    assert rows["Last replay"] == f"{noted.day}, every output as stored, in 12 CPU s"
    assert f"torch {noted.versions['torch']}, numpy" in rows["Versions"]


def test_without_a_replay_the_card_says_so_and_has_the_pins():
    rows = chapters._run(None, BOOK.parent / "constraints.txt")
    assert rows["Last replay"].startswith("none on the machine")
    assert "torch 2.13.0, numpy" in rows["Versions"]


def test_a_changed_chapter_was_not_replayed(source):
    replays.note_replay(source, 12.34, "CPU s")
    source.write_text("# %%\n2\n")
    assert replays.last_replay(source) is None
