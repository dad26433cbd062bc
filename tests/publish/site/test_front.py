"""The front page: for whom, the picture in two halves, the list of pages."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minidit.publish.site import front, pages
from minidit.publish.site.links import Links

ROOT = Path(__file__).parents[3]
TOPS = [("I Build it", [("ch01_first_model", "1 First model"), ("ch02_patches", "")]), ("Look up", [])]


@pytest.fixture(scope="module")
def links():
    return Links(ROOT)


@pytest.fixture(scope="module")
def text(links):
    return front.page(ROOT, TOPS, links)


def test_nothing_is_left_to_fill_in(text):
    assert not re.search(r"\{\w+\}(?!`)", text.split("```{toctree}")[0])


def test_whom_it_is_for_comes_before_pictures_and_claims(text):
    order = ("A textbook that runs", "supported</span>", "## For whom", "panels", "## Claims on trial", "C01")
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_the_picture_is_cut_between_its_halves(text, links):
    halves = re.findall(
        r'<img src="_static/frames/(\w+\.png)" width="(\d+)" height="345" alt="([^"]{40,})"', text
    )
    assert len(halves) == 2 and halves[0][2] != halves[1][2]
    for (name, width, _), wide in zip(halves, (520, 620), strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(links.pictures[name])))
        assert pixels.shape[1] == int(width) == pytest.approx(wide, abs=20)
        assert (pixels[:, [0, -1]] == 255).all()  # nothing was cut through


def test_the_pages_are_listed_below_their_headings_by_short_names(text):
    assert ":caption: I Build it\n\n1 First model <ch01_first_model>\nch02_patches\n```" in text
    assert "Look up" not in text.split("```{toctree}", 1)[1]


def test_short_names():
    named = {name: pages.short(name) for name in ("ch10_adaln", "ch20_a100", "ch01_first_model", "live")}
    assert list(named.values()) == ["10 AdaLN", "20 A100", "1 First model", "Draw a digit"]
    assert pages.short("glossary") == pages.short("claims/c01") == ""


def test_where_to_run_it_is_said(text):
    known = "repository-code:" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert "In a clone of the repository" in text and ("no public address yet" in text) is not known


def test_the_notes_of_all_chapters_are_led_to(text, links):
    assert "[notes on answers](notes/index.md)" in text
    path = ROOT / "book" / "instructors.md"
    assert "people give](notes/index.md)" in links.rewritten(path.read_text("utf-8"), path)


def test_the_live_model_comes_first_where_there_is_one():
    live = front.page(ROOT, [*TOPS, ("Try it", [("live", "")])], Links(ROOT))
    assert re.search(r'<div class="ways"><a class="way" href="live\.html">', live)


def test_every_text_of_the_book_is_a_page_or_is_known():
    listed = {name for names in pages.TEXTS.values() for name in names} | set(pages.OTHERS)
    assert listed == {path.stem for path in (ROOT / "book").glob("*.md")}
