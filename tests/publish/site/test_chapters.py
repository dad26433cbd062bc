"""A chapter in the site: its card, its downloads, its widgets, its replay."""

import html
import json
import re
from pathlib import Path

import nbformat
import pytest

from minidit.publish import replays
from minidit.publish.site import chapters
from minidit.publish.site.links import Links
from minidit.teach.predict import COMMIT, NO_GUESS

BOOK = Path(__file__).parents[3] / "book"
WIDGETS, CLAIMS = BOOK / "ch06_predictions.py", BOOK / "ch09_norms.py"


@pytest.fixture
def links():
    return Links(BOOK.parent)


def test_widgets_are_html(links):
    notebook = nbformat.reads(chapters.page(WIDGETS, links), 4)
    assert "widgets" not in notebook.metadata and "widget-view" not in json.dumps(notebook)
    outputs = [str(o.get("data")) for c in notebook.cells for o in c.get("outputs", ())]
    figures, stills = (sum(f'class="{kind}"' in one for one in outputs) for kind in ("frames", "still"))
    assert figures == 1 and len(links.pictures) == 16 + stills


def test_a_picture_has_the_words_of_its_cell(links):
    page = nbformat.reads(chapters.page(CLAIMS, links), 4)
    given = [
        output.metadata["image/png"]["alt"]
        for cell in nbformat.read(CLAIMS.with_suffix(".ipynb"), 4).cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {}) and "text/html" not in output.data
    ]
    text = "".join(
        str(o.get("data", {}).get("text/html", "")) for c in page.cells for o in c.get("outputs", ())
    )
    assert len(given) > 10 and all(f'alt="{html.escape(words, quote=True)}"' in text for words in given)
    left = [o.data for c in page.cells for o in c.get("outputs", ()) if "image/png" in o.get("data", {})]
    assert all("text/html" in data for data in left)  # a page of ours, which brings its own words


def test_a_prediction_is_words_that_may_wrap(links):
    page = nbformat.reads(chapters.page(BOOK / "ch15_latents.py", links), 4)
    outputs = [o for c in page.cells for o in c.get("outputs", ())]
    wrapped = [o for o in outputs if "sentences" in str(o.get("data", ""))]
    assert len(wrapped) == 6  # three questions, three answers
    assert json.dumps(page.cells).count("Note your letter.") == 3


@pytest.mark.parametrize("source", sorted(BOOK.glob("ch*.py")), ids=lambda path: path.stem)
def test_a_question_is_read_once_and_nobody_is_told_to_run_a_cell(links, source):
    given = nbformat.read(source.with_suffix(".ipynb"), 4)
    page = nbformat.reads(chapters.page(source, links), 4)
    asks = [cell for cell in page.cells if cell.source.startswith("teach.predict(")]
    assert len(asks) >= 2 and all("remove-input" in cell.metadata.tags for cell in asks)
    removed = [cell for cell in page.cells if "remove-input" in cell.metadata.get("tags", ())]
    assert removed == asks and all("sentences" in str(cell.outputs) for cell in asks)
    for words in (COMMIT, NO_GUESS):
        shown, stored = (
            "".join(str(o) for cell in one.cells for o in cell.get("outputs", ())) for one in (page, given)
        )
        assert words in stored and words.split(":")[0] not in shown


def test_a_cell_that_does_more_than_ask_is_shown():
    asks = "teach.predict('ch01.a', '?', {'a': 'b'})"
    for source, alone in ((asks, True), (f"x = 1\n{asks}", False), (f"{asks}\nprint(1)", False)):
        assert chapters._only_asks(nbformat.v4.new_code_cell(source)) is alone


def test_the_notebook_can_be_taken_home_as_it_is(links):
    chapters.page(WIDGETS, links)
    assert links.given["notebooks/ch06_predictions.ipynb"] == WIDGETS.with_suffix(".ipynb").read_bytes()


def test_the_card_is_filled_in(links):
    head = nbformat.reads(chapters.page(CLAIMS, links), 4).cells[0].source
    for words in (
        "[C01](claims/c01.md)",
        "(exercises/ch09.md)",
        "(solutions/ch09.md)",
        "| **Last replay** |",
    ):
        assert words in head
    # what only the site knows is folded, between the card and the text below it
    card, about, rest = re.split(r"<details class=\"about\">|</details>", head)
    assert "**Claims**" in card and "**Download**" not in card
    assert "**Download**" in about and "In August 2025" in rest


def test_a_claim_without_a_card_is_no_link(links):
    text = nbformat.reads(chapters.page(BOOK / "ch04_conditioning.py", links), 4).cells[0].source
    assert "C14" in text and "[C14]" not in text


def folded(notebook):
    return {
        cell.metadata.mystnb["code_prompt_show"]: cell.source
        for cell in notebook.cells
        if "hide-input" in cell.metadata.get("tags", ())
    }


def test_imports_and_the_long_code_of_the_first_picture_are_folded(links):
    found = folded(nbformat.reads(chapters.page(BOOK / "ch10_adaln.py", links), 4))
    assert found["What this chapter imports"].startswith("from contextlib import")
    assert "LinearSegmentedColormap" in found["The code of this picture"] and len(found) == 2


@pytest.mark.parametrize(
    ("source", "output"), [("x = 1", None), ("import torch", "a word"), ("draw()", "image/png")]
)
def test_what_says_something_is_not_folded(source, output):
    data = {output: ""} if output == "image/png" else {"text/plain": output}
    outputs = [nbformat.v4.new_output("display_data", data=data)] if output else []
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, outputs=outputs)])
    chapters._fold(notebook)
    assert folded(notebook) == {}


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
