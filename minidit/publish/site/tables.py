"""Wide tables on a narrow screen: one of words becomes a list of rows, one of numbers moves sideways.

A row of words is read across, so there each cell says which column it is of. Numbers are read down a column.
"""

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

COLUMNS, LONG = 4, 60  # a table of so many columns with a cell of so many characters is one of words


class Words(SphinxTransform):
    """Mark the wide tables of words, and write the name of its column into each cell; site.css shows it."""

    default_priority = 860  # when quotes are curled: one that begins a cell opens, whatever is put before it

    def apply(self, **_: Any) -> None:
        """Go through the tables of a page."""
        for table in self.document.findall(nodes.table):
            head, body = (next(table.findall(part), None) for part in (nodes.thead, nodes.tbody))
            names = [entry.astext() for entry in head.findall(nodes.entry)] if head else []
            cells = [entry for entry in body.findall(nodes.entry)]
            if len(names) < COLUMNS or max(len(cell.astext()) for cell in cells) < LONG:
                continue
            table["classes"].append("words")
            for number, cell in enumerate(cells):
                name = names[number % len(names)]
                if not cell.astext():
                    cell["classes"].append("blank")
                elif name and number % len(names):
                    cell[0].insert(0, nodes.inline("", name, classes=["column"]))


def setup(app: "Sphinx") -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_transform(Words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
