"""Which page comes before and after: a chapter leads to chapters, a claim to claims, a sheet to sheets.

Sphinx goes through all pages in the order of the list at the left: from the last claim to chapter 1.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

CHAPTER = re.compile(r"ch\d\d_\w+")


def shelf(name: str) -> str:
    """What a page belongs to; its folder, which has the name of its index where that lies outside."""
    return "chapters" if CHAPTER.fullmatch(name) else name.split("/")[0] if "/" in name else name


def _keep(app: "Sphinx", name: str, template: str, context: dict[str, Any], tree: "document | None") -> None:
    _, before, after = app.builder.relations.get(name, (None, None, None))
    for side, other in (("prev", before), ("next", after)):
        if other and shelf(other) != shelf(name):
            context[side] = None


def setup(app: "Sphinx") -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("html-page-context", _keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
