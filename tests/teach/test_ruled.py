"""Frames with buttons, or two sliders: what the page knows is enough to move them, without a kernel."""

import base64
import json

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from ipywidgets.embed import dependency_state

from minidit import MiniditError
from minidit.teach import FramesTable, RuledFrames, Ruler
from minidit.teach.show import png


def figure(width=1.0):
    return plt.subplots(figsize=(width, 1))[0]


@pytest.fixture
def frames():
    rulers = {"ours": Ruler(("0", "1/2", "1"), figure(3)), "DDPM": Ruler(("999", "500", "0"), figure(4))}
    return RuledFrames(
        [figure(), figure(1.5), figure(2)], rulers, "t", alt="Noise becomes an image.", still=1
    )


class Page:
    """The widgets as a page has them, from the stored state alone; `set` follows links as the page does."""

    def __init__(self, widget: ipywidgets.Widget):
        stored = dependency_state([widget], drop_defaults=False)  # not those of other tests in this process
        self.models = json.loads(json.dumps(stored))
        self.root = widget.model_id

    def named(self, kind):
        return [name for name, model in self.models.items() if model["model_name"] == kind]

    def set(self, name, trait, value):
        self.models[name]["state"][trait] = value
        for link in self.named("LinkModel"):
            source, target = (
                tuple(end) for end in (self.models[link]["state"][k] for k in ("source", "target"))
            )
            if source == (f"IPY_MODEL_{name}", trait):
                self.set(target[0].removeprefix("IPY_MODEL_"), target[1], value)

    def seen(self, name=None):
        """Words and pictures in sight, from top to bottom."""
        model = self.models[(name or self.root).removeprefix("IPY_MODEL_")]
        state = model["state"]
        if model["model_name"] == "LabelModel":
            return [state["value"]]
        if model["model_name"] == "ImageModel":
            return [base64.b64decode(model["buffers"][0]["data"])]
        children = state.get("children", [])
        if model["model_name"] == "StackModel":
            children = [children[state["selected_index"]]]
        return [thing for child in children for thing in self.seen(child)]


def test_slider_and_buttons_work_from_the_stored_state(frames):
    other = ipywidgets.VBox([ipywidgets.IntSlider()])  # another widget of the process must not be taken along
    page = Page(frames.widget)
    assert other.model_id not in page.models
    (slider,), (buttons,) = page.named("IntSliderModel"), page.named("ToggleButtonsModel")
    assert page.models[slider]["state"]["max"] == 2
    assert page.models[buttons]["state"]["_options_labels"] == ["ours", "DDPM"]
    rulers = [png(figure(3)), png(figure(4))]
    assert page.seen() == ["1/2", frames.pictures[1], rulers[0]]
    page.set(slider, "value", 2)
    assert page.seen() == ["1", frames.pictures[2], rulers[0]]
    page.set(buttons, "index", 1)
    assert page.seen() == ["0", frames.pictures[2], rulers[1]]
    page.set(slider, "value", 0)  # the other reading moves too
    assert page.seen() == ["999", frames.pictures[0], rulers[1]]
    page.set(buttons, "index", 0)
    assert page.seen() == ["0", frames.pictures[0], rulers[0]]


def test_the_still_and_the_words_for_it(frames):
    bundle, metadata = frames._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["image/png"] == frames.pictures[1]
    assert bundle["text/plain"] == metadata["image/png"]["alt"] == "Noise becomes an image."


def test_what_does_not_fit_is_refused(monkeypatch):
    one = {"ours": Ruler(("0",), figure())}
    with pytest.raises(MiniditError, match="two rulers or more"):
        RuledFrames([figure()], one, "t", alt="x")
    with pytest.raises(MiniditError, match="'DDPM' has 2 values for 1 figures"):
        RuledFrames([figure()], one | {"DDPM": Ruler(("0", "1"), figure())}, "t", alt="x")
    size = len(png(figure()))
    monkeypatch.setattr("minidit.teach.frames.LIMIT", 2 * size)  # the picture and one ruler, but not both
    with pytest.raises(MiniditError, match="draw smaller or fewer"):
        RuledFrames([figure()], one | {"DDPM": Ruler(("999",), figure())}, "t", alt="x")
    plt.close("all")


@pytest.fixture
def table():
    figures = [[figure(1 + 0.2 * row + 0.7 * column) for column in range(3)] for row in range(2)]
    return FramesTable(
        figures, (("2", "4"), ("a", "b", "c")), ("factor", "channels"), "Pictures.", still=(1, 0)
    )


def test_the_sliders_choose_a_row_and_a_picture_of_it(table):
    page = Page(table.widget)
    assert len(set(table.pictures)) == 6
    factor, channels = page.named("IntSliderModel")
    assert page.seen() == ["4", "a", table.pictures[3]]
    page.set(channels, "value", 2)
    assert page.seen() == ["4", "c", table.pictures[5]]
    page.set(factor, "value", 0)  # the column stays
    assert page.seen() == ["2", "c", table.pictures[2]]
    page.set(channels, "value", 1)
    assert page.seen() == ["2", "b", table.pictures[1]]


def test_a_table_carries_a_still_and_words(table):
    bundle, metadata = table._repr_mimebundle_()
    assert bundle["image/png"] == table.pictures[3]
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == "Pictures."


def test_a_figure_of_a_table_is_missing():
    with pytest.raises(MiniditError, match=r"2 rows of 2 figures; there are rows of 2, 1\."):
        FramesTable([[figure(), figure()], [figure()]], (("1", "2"), ("a", "b")), ("x", "y"), "x")
