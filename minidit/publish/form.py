"""The form of a chapter, which can be seen in its source."""

import re
from collections.abc import Iterator
from statistics import median

from nbformat import NotebookNode

from minidit.publish.source import IGNORE_OUTPUT, RAISES, tags

LONGEST_CELL, MEDIAN_CELL = 35, 8  # lines of code that are not blank
TAGS = (IGNORE_OUTPUT, RAISES)
HEADER = ("Question", "You will be able to", "Minutes", "Claims")
# kind of cell, what one cell of that kind must hold, how a person calls it
PARTS = (
    ("code", r"teach\.predict\(", "no prediction: ask for one with teach.predict(...)"),
    ("markdown", r"(?mi)^#+ .*what would change our mind", 'no heading "What would change our mind"'),
    ("markdown", r"(?mi)^#+ .*exercises", 'no heading "Exercises"'),
    ("markdown", r"(?mi)^#+ .*sources", 'no heading "Sources"'),
)
# where the fault is (a cell's number, from 1; None: the chapter), and the sentence
Fault = tuple[int | None, str]


def form_faults(cells: list[NotebookNode]) -> Iterator[Fault]:
    """Whatever in the cells of a source departs from the form of a chapter."""
    yield from _header(cells)
    for kind, pattern, fault in PARTS:
        if not any(cell.cell_type == kind and re.search(pattern, cell.source) for cell in cells):
            yield None, f"there is {fault}."
    yield from _lengths(cells)
    for number, cell in enumerate(cells, start=1):
        yield from ((number, fault) for fault in _cell_faults(cell))


def _header(cells: list[NotebookNode]) -> Iterator[Fault]:
    first = cells[0] if cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield (
            1,
            'the first cell is no title; begin with a markdown cell "# Chapter N: ..." and the header card.',
        )
        return
    for word in HEADER:
        if word not in first.source:
            yield 1, f'the header card does not name "{word}"; add the line.'


def _lengths(cells: list[NotebookNode]) -> Iterator[Fault]:
    lengths = {n: _lines(cell) for n, cell in enumerate(cells, start=1) if cell.cell_type == "code"}
    for number, lines in lengths.items():
        if lines > LONGEST_CELL:
            yield (
                number,
                f"{lines} lines of code; at most {LONGEST_CELL}: split the cell, or use the library.",
            )
    if lengths and median(lengths.values()) > MEDIAN_CELL:
        middle = median(lengths.values())
        yield None, f"the median code cell has {middle:g} lines; at most {MEDIAN_CELL}: write shorter cells."


def _lines(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def _cell_faults(cell: NotebookNode) -> Iterator[str]:
    for tag in tags(cell):
        if tag not in TAGS:
            yield f"the tag {tag!r} is not allowed here; use {' or '.join(TAGS)}, or none."
    if cell.cell_type != "code":
        return
    # nbval obeys such comments like tags, and some of them skip a cell
    if re.search(r"(?m)^\s*#+\s*(NBVAL_|PYTEST_VALIDATE_)", cell.source):
        yield "a comment speaks to nbval; use a tag, which the reader does not see."
    if re.search(r";[ \t]*(#[^\n'\"]*)?$", cell.source.rstrip()):
        yield "the cell ends in ';', which hides nothing from nbval; delete it, and assign the value to _."
