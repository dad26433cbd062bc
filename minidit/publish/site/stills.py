"""A picture of a text leads to itself: on a small screen it is shrunk, and opens in full."""

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def visit(translator: HTML5Translator, node: nodes.image) -> None:
    """Open the link and write the picture."""
    name = translator.builder.images.get(node["uri"])
    place = posixpath.join(translator.builder.imgpath, quote(name)) if name else node["uri"]
    translator.body.append(f'<a class="still" href="{place}">')
    HTML5Translator.visit_image(translator, node)


def depart(translator: HTML5Translator, node: nodes.image) -> None:
    """Close the link."""
    HTML5Translator.depart_image(translator, node)
    translator.body.append("</a>")


def setup(app: "Sphinx") -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_node(nodes.image, override=True, html=(visit, depart))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
