"""Widgets from their stored state, as plain HTML: a slider, buttons, pictures, words; a few lines move them.

The library that shows ipywidgets in a page weighs more than a whole page may; the book uses few kinds.
"""

import base64
import html
import struct
from collections.abc import Callable, Mapping
from typing import Any

from minidit.errors import MiniditError

State = Mapping[str, Any]
REFERENCE = "IPY_MODEL_"
# what a link sets on the widget that it moves, and which values it takes from
SHOWN, SOURCES = "selected_index", ("value", "index")


class Widgets:
    """The widgets of a notebook; `fragment` draws one, `pictures` then holds its pictures by name."""

    def __init__(self, models: Mapping[str, State], name: str):
        """Take the models of a notebook's widget state; `name` begins the names of its pictures."""
        self.models, self.name = models, name
        self.pictures: dict[str, bytes] = {}
        self.alt = ""

    def fragment(self, model: str, alt: str) -> str:
        """A <figure> with the widget and what belongs to it, in the state in which it was stored.

        Args:
            model: id of the outermost widget.
            alt: what is to be seen, for those who cannot see it.

        Raises:
            MiniditError: a kind of widget that has no HTML here.
        """
        self.alt = alt
        words = html.escape(alt, quote=True)
        return f'<figure class="frames" role="group" aria-label="{words}">\n{self._draw(model)}\n</figure>'

    def _draw(self, model: str) -> str:
        kind = self.models[model]["model_name"].removesuffix("Model")
        if kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise MiniditError(
                f"The site cannot show the widget {kind}; use {known}, or draw it in frames.py."
            )
        return _KINDS[kind](self, model, self.models[model]["state"])

    def _children(self, state: State) -> list[str]:
        return [self._draw(child.removeprefix(REFERENCE)) for child in state["children"]]

    def _box(self, model: str, state: State) -> str:
        way = self.models[model]["model_name"][0].lower()  # of a VBox or an HBox
        return f'<div class="{way}box">{"".join(self._children(state))}</div>'

    def _stack(self, model: str, state: State) -> str:
        shown = state.get(SHOWN) or 0
        parts = [
            f"<div{'' if number == shown else ' hidden'}>{child}</div>"
            for number, child in enumerate(self._children(state))
        ]
        return f'<div class="stack" data-widget="{model}">{"".join(parts)}</div>'

    def _label(self, model: str, state: State) -> str:
        return f"<span>{html.escape(state['value'])}</span>"

    def _image(self, model: str, state: State) -> str:
        buffers = {tuple(one["path"]): one["data"] for one in self.models[model]["buffers"]}
        return self._kept(base64.b64decode(buffers[("value",)]), self.alt)[1]

    def still(self, data: bytes, alt: str) -> str:
        """A picture that does not move, as a link to itself: on a small screen it is shrunk.

        Args:
            data: the PNG.
            alt: what is to be seen, for those who cannot see it.
        """
        place, picture = self._kept(data, alt)
        return f'<a class="still" href="{place}">{picture}</a>'

    def _kept(self, data: bytes, alt: str) -> tuple[str, str]:
        """Where the picture will lie, and its HTML."""
        width, height = struct.unpack(">II", data[16:24])  # where a PNG says its size
        name = f"{self.name}_{len(self.pictures):03d}.png"
        self.pictures[name] = data
        place, words = f"_static/frames/{name}", html.escape(alt, quote=True)
        return place, f'<img src="{place}" width="{width}" height="{height}" alt="{words}">'

    def _slider(self, model: str, state: State) -> str:
        name, limits = html.escape(state["description"]), f'min="{state["min"]}" max="{state["max"]}"'
        return (
            f'<label>{name} <input type="range" {limits} step="{state["step"]}" value="{state["value"]}" '
            f'data-moves="{self._moves(model)}"></label>'
        )

    def _buttons(self, model: str, state: State) -> str:
        chosen = state.get("index") or 0
        buttons = "".join(
            f'<button type="button" value="{number}" aria-pressed="{str(number == chosen).lower()}">'
            f"{html.escape(label)}</button>"
            for number, label in enumerate(state["_options_labels"])
        )
        return f'<div class="choices" role="group" data-moves="{self._moves(model)}">{buttons}</div>'

    def _moves(self, model: str) -> str:
        """Ids of the widgets that this one moves."""
        links = (one["state"] for one in self.models.values() if one["model_name"] == "LinkModel")
        found = []
        for link in links:
            (source, said), (target, heard) = link["source"], link["target"]
            if source == REFERENCE + model and said in SOURCES and heard == SHOWN:
                found.append(target.removeprefix(REFERENCE))
        return " ".join(found)


_KINDS: dict[str, Callable[[Widgets, str, State], str]] = {
    "VBox": Widgets._box,
    "HBox": Widgets._box,
    "Stack": Widgets._stack,
    "Label": Widgets._label,
    "Image": Widgets._image,
    "IntSlider": Widgets._slider,
    "ToggleButtons": Widgets._buttons,
}
