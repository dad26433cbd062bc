"""The library's pages: every room, every public name, docstrings as they read."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import minidit
from minidit.publish.site import reference
from minidit.publish.site.docstrings import first_line, markdown

PAGES = dict(reference.pages())
DOCSTRING = """What it does.

    More, in a paragraph.

    Args:
        x, y: two numbers
            that go on in a second line.
        z: a third.

    Returns:
        Their sum.

    Raises:
        MiniditError: never.
    """


def test_every_room_has_a_page():
    rooms = {path.parent.name for path in Path(minidit.__file__).parent.glob("*/__init__.py")}
    assert rooms - {"cli"} == set(reference.ROOMS)


@pytest.mark.parametrize("room", reference.ROOMS)
def test_every_public_name_is_there(room):
    module = importlib.import_module(f"minidit.{room}")
    for name in getattr(module, "__all__", ()):
        if not inspect.ismodule(getattr(module, name)):
            assert re.search(rf"\}} {name}\b.*\n:module: minidit\.{room}\n", PAGES[f"api/{room}"])


def test_a_function_says_how_it_is_called():
    page = PAGES["api/flow"]
    assert "{py:function} euler(" in page
    assert "(self" not in page and " at 0x" not in "".join(PAGES.values())


def test_the_files_that_a_room_names_lead_somewhere():
    page = PAGES["api/model"]
    first = page.split("## Files")[0]
    assert '<a href="model.html#model-dit">dit.py</a>' in first
    assert '<a href="flow.html#flow-guidance">../flow/guidance.py</a>' in first
    assert not re.search(r"(?<!>)\b\w+\.py(?!<)", re.sub(r"<a [^>]*>[^<]*</a>", "", first))


def test_sections_become_lists():
    text = markdown(DOCSTRING)
    assert "**Args**\n\n- `x, y`: two numbers\n  that go on in a second line.\n- `z`: a third." in text
    assert "**Returns**\n\nTheir sum." in text and "**Raises**\n\n- `MiniditError`: never." in text


def test_the_idea_of_a_file_is_one_line():
    assert first_line("An idea\n    in two lines.\n\n    And more.") == "An idea in two lines."
    assert first_line(None) == ""
