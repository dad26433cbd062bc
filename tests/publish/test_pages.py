"""A page that loads something, grows or says too little is a fault of the book."""

import base64
import io
import re

import pytest
from nbformat import NotebookNode
from nbval.plugin import get_sanitize_patterns
from PIL import Image

from minidit.publish import book
from minidit.publish.outputs import SANITIZE, tidy
from minidit.publish.pages import page_faults, pages_faults
from minidit.teach.page import read


@pytest.fixture
def faults(tmp_path):
    """The faults of the page `field`, changed."""

    def check(old="", new=""):
        path = tmp_path / "field.html"
        text = read("field")
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new)
        return page_faults(path)

    return check


def test_our_pages_have_no_faults(faults):
    assert pages_faults() == faults() == []


@pytest.mark.parametrize(
    "line",
    [
        "<p>See https://example.org</p>",
        "const from = '//example.org/a.js';",
        "<img src=a.png>",
        "picture.src = place;",
        "<a href='x'>x</a>",
        "<link rel=stylesheet>",
        "<style>p { background: url(a.png) }</style>",
        "<style>@import 'a.css';</style>",
        "import { a } from 'a';",
        "import('./a.js');",
        "fetch(place);",
        "new XMLHttpRequest();",
        "new WebSocket(place);",
        "window.open(place);",
        "top.location = place;",
        "<meta http-equiv=refresh>",
    ],
)
def test_a_page_that_loads_is_found_with_its_line(faults, line):
    found = faults("<style>", line + " <style>")
    assert found and all(fault.startswith("pages/field.html:7: ") for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('<html lang="en">', "<html>", "it does not say its language"),
        ('<meta name="height" content="500">', "", "it does not say its height"),
        ("<title>", "<b>", "it does not say a <title>"),
        ('id="values"', 'id="value"', "it has 0 times"),
        ('{"targets"', '{targets"', "its values are no JSON"),
        ("", "\n" * 10, "at most 32 in 250"),
        ("", "x" * 32_768, "at most 32 in 250"),
    ],
)
def test_what_a_page_must_say_and_be(faults, old, new, sentence):
    (fault,) = faults(old, new)
    assert sentence in fault


def test_book_check_tells_the_faults_of_pages(monkeypatch, capsys, built):
    assert book.check_book(built.parent) == 0
    monkeypatch.setattr(book, "pages_faults", lambda: ["pages/field.html: too large."])
    assert book.check_book(built.parent) == 1
    assert "pages/field.html: too large." in capsys.readouterr().out


def stored(shift):
    """An output as a page gives it, tidied; `shift` is what another version of matplotlib does."""
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 64), bytes((7 * n + shift) % 256 for n in range(3 * 64 * 64))).save(
        out, "PNG"
    )
    picture = base64.encodebytes(out.getvalue()).decode()
    html = f'<iframe srcdoc="&lt;b&gt;"><img alt="x" src="data:image/png;base64,{picture}">\n</iframe>'
    return len(html), tidy(NotebookNode({"text/html": html}))["text/html"]


def test_the_still_in_a_frame_is_made_small_and_not_compared():
    (before, one), (_, other) = stored(0), stored(9)
    assert one != other and len(one) < before
    assert max(map(len, one.splitlines())) < 160
    encoded = re.search(r"base64,([^\"]+)", one)[1]
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as opened:
        assert opened.size == (64, 64)
    for pattern, replacement in get_sanitize_patterns(SANITIZE.read_text("utf-8")):
        one, other = (re.sub(pattern, replacement, text) for text in (one, other))
    assert (
        one == other == '<iframe srcdoc="&lt;b&gt;"><img alt="x" src="data:image/png;base64,...">\n</iframe>'
    )
