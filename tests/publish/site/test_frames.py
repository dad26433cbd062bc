"""Widgets as plain HTML: what a slider moves, what is seen first, and which kinds there are."""

import re

import matplotlib.pyplot as plt
import pytest
from ipywidgets import Widget

from minidit.errors import MiniditError
from minidit.publish.site.frames import Widgets
from minidit.teach import Frames


@pytest.fixture
def models():
    """The stored state of a slider over three pictures, the second shown, as a notebook has it."""
    made = Frames(
        [plt.figure(figsize=(1, 1)) for _ in range(3)], ["t = 0", "t = <1>", "t = 2"], "time", "Noise.", 1
    )
    model, state = made.widget.model_id, Widget.get_manager_state()["state"]
    Widget.close_all()
    return model, state


def test_a_slider_moves_pictures_and_words(models):
    model, state = models
    html = Widgets(state, "ch00").fragment(model, 'a "picture"')
    (moves,) = re.findall(r'type="range" min="0" max="2" step="1" value="1" data-moves="([^"]+)"', html)
    assert sorted(moves.split()) == sorted(re.findall(r'class="stack" data-widget="([^"]+)"', html))
    assert len(moves.split()) == 2
    assert 'aria-label="a &quot;picture&quot;"' in html and "t = &lt;1&gt;" in html


def test_one_child_of_each_stack_is_seen(models):
    model, state = models
    html = Widgets(state, "ch00").fragment(model, "Noise.")
    assert html.count("<div hidden>") == 4 and html.count("<div><img") == html.count("<div><span") == 1
    assert '<div><img src="_static/frames/ch00_001.png"' in html


def test_pictures_have_their_size_and_words(models):
    model, state = models
    widgets = Widgets(state, "ch00")
    html = widgets.fragment(model, "Noise.")
    assert len(widgets.pictures) == 3 and all(
        data.startswith(b"\x89PNG") for data in widgets.pictures.values()
    )
    assert len(re.findall(r'<img [^>]*width="\d+" height="\d+" alt="Noise\."', html)) == 3


def test_an_unknown_widget_is_told():
    state = {"1": {"model_name": "PlayModel", "state": {}}}
    with pytest.raises(MiniditError, match="cannot show the widget Play"):
        Widgets(state, "ch00").fragment("1", "A film.")
