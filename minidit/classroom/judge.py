"""Give each cell of a submitted notebook the outputs, and so the points, that it has earned."""

from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from minidit.classroom.assignment import wanted
from minidit.classroom.sandbox import Cell, Limits, Outcome, run_cells

Preprocess = Callable[[NotebookNode, Any], tuple[NotebookNode, Any]]


def judge(limits: Limits, seed: int | None, report: list[str]) -> Preprocess:
    """What takes the place of nbgrader's execution in a kernel, where a notebook could grade itself.

    Args:
        limits: what a notebook may take.
        seed: names the inputs; the one that was released unless given.
        report: gets a line for each cell that had to be stopped.
    """

    def preprocess(notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        cells = [
            _cell(index, cell, seed)
            for index, cell in enumerate(notebook.cells)
            if cell.cell_type == "code" and cell.source.strip()
        ]
        outcome = run_cells(cells, limits)
        report.extend(outcome.report)
        for cell in cells:
            notebook.cells[cell.index].outputs = _outputs(cell, outcome)
        return notebook, resources

    return preprocess


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell gives points; nbgrader has restored it by then to what was released."""
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _cell(index: int, cell: NotebookNode, seed: int | None) -> Cell:
    if not is_check(cell):
        return Cell(index, cell.source)
    want = wanted(cell.source)
    return Cell(index, cell.source, want if seed is None else want._replace(seed=seed))


def _outputs(cell: Cell, outcome: Outcome) -> list[NotebookNode]:
    """What a cell shows. nbgrader gives points unless there is an error: so a check not reached has one."""
    printed, error = outcome.printed.get(cell.index, ""), outcome.errors.get(cell.index)
    if cell.wanted and cell.index not in outcome.done:
        error = ["NotReached", "The notebook was stopped before this check."]
    if cell.wanted and not error:
        printed = f"Exercise {cell.wanted.name} is solved.\n"
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    if error:
        kind, words = error
        outputs.append(new_output("error", ename=kind, evalue=words, traceback=[f"{kind}: {words}"]))
    return outputs
