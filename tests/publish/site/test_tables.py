"""Which tables become rows of words on a phone, and what is written into their cells."""

import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document

from minidit.publish.site.tables import LONG, Words

LINE = "x" * LONG


@pytest.fixture
def told():
    """The table of a text after the transform."""

    def read(*rows):
        lines = "\n".join("   * " + "\n     ".join(f"- {cell}" for cell in row) for row in rows)
        document = new_document("a page", get_default_settings(Parser))
        Parser().parse(f".. list-table::\n   :header-rows: 1\n\n{lines}\n", document)
        Words(document).apply()
        return next(document.findall(nodes.table))

    return read


def labels(table):
    return [one.astext() for one in table.findall(nodes.inline) if "column" in one["classes"]]


def test_a_wide_table_of_words_names_its_columns_in_each_cell_but_the_first_and_the_blank(told):
    table = told("abcd", ["1", LINE, "2", "3"], ["4", "5", "", "6"])
    assert "words" in table["classes"] and labels(table) == list("bcdbd")
    assert [cell.astext() for cell in table.findall(nodes.entry) if "blank" in cell["classes"]] == [""]


@pytest.mark.parametrize("rows", [("abcd", "1234"), ("abc", ["1", LINE, "2"])], ids=["numbers", "narrow"])
def test_numbers_and_narrow_tables_stay(told, rows):
    table = told(*rows)
    assert "words" not in table["classes"] and labels(table) == []
