"""The stored state of widgets, which lets a slider work in a page without a kernel."""

import base64
import json
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from minidit.publish.outputs import small_png, tidy

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
_LINKS = ("LinkModel", "DirectionalLinkModel")
_ID = re.compile(r"[0-9a-f]{32}")
_PNG = base64.b64encode(b"\x89PNG\r\n")[:8].decode()  # how every PNG begins in base64


def tidy_widgets(notebook: NotebookNode) -> NotebookNode | None:
    """Renumber the widget models by first use, in the outputs too, and keep those that are in use.

    Changes the outputs of `notebook` in place.

    Returns:
        The notebook's `widgets` metadata; None when no widget is shown.
    """
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    order = _in_use(notebook, models)
    if not order:
        return None
    names = {old: f"{number:032x}" for number, old in enumerate(order, start=1)}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _rename(cell.outputs, names)
    state = {names[old]: _rename(_tidy_model(models[old]), names) for old in order}
    return NotebookNode({STATE: {"state": state, "version_major": 2, "version_minor": 0}})


def _in_use(notebook: NotebookNode, models: dict[str, dict]) -> list[str]:
    """Ids of the models that are shown, or reached from one that is, or from a link; in that order."""
    order: dict[str, None] = {}

    def visit(model: str) -> None:
        if model in models and model not in order:
            order[model] = None
            for reference in _ID.findall(json.dumps(models[model]["state"], sort_keys=True)):
                visit(reference)

    for model in _shown(notebook):
        visit(model)
    for model, content in models.items():
        # a link points at widgets, and nothing points at a link: without it the slider moves nothing
        if order and content["model_name"] in _LINKS:
            visit(model)
    return list(order)


def _shown(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            view = output.get("data", {}).get(VIEW)
            if view:
                yield view["model_id"]


def _tidy_model(model: dict) -> dict:
    """A model with its state tidied, and the pictures in its buffers made small."""
    buffers = [
        buffer | {"data": small_png(buffer["data"])} if buffer["data"].startswith(_PNG) else buffer
        for buffer in model.get("buffers", ())
    ]
    tidied = model | {"state": tidy(model["state"])}
    return tidied | {"buffers": buffers} if buffers else tidied


def _rename(node: object, names: dict[str, str]) -> object:
    if isinstance(node, dict):
        return NotebookNode({key: _rename(value, names) for key, value in node.items()})
    if isinstance(node, list):
        return [_rename(value, names) for value in node]
    if isinstance(node, str):
        return _ID.sub(lambda found: names.get(found[0], found[0]), node)
    return node
