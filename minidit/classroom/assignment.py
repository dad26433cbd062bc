"""An assignment from a chapter's exercises: answer cells to fill in, locked check cells that give points."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from nbformat import NotebookNode

from minidit.errors import MiniditError
from minidit.publish.stub import without_solutions

POINTS = 1
_CHECK = re.compile(r'minidit\.check\("(?P<name>[\w.]+)", (?P<function>\w+)\)')
_HIDDEN = (
    '{check}\n### BEGIN HIDDEN TESTS\nminidit.check("{name}", {function}, seed={seed})\n### END HIDDEN TESTS'
)
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Wanted(NamedTuple):
    """What a locked cell asks for: an exercise, the function that answers it, and the grader's seed."""

    name: str
    function: str
    seed: int


def source_of(chapter: str, folder: Path) -> Path:
    """The exercises of a chapter such as "ch01". Raises MiniditError when there are none."""
    sources = {path.parent.name: path for path in sorted(folder.glob("ch*/exercises.py"))}
    for name, path in sources.items():
        if chapter in (name, name.split("_")[0]):
            return path
    known = ", ".join(name.split("_")[0] for name in sources) or "none here"
    raise MiniditError(f"There are no exercises {chapter!r} in {folder}. There are: {known}.")


def assignment(text: str, seed: int) -> NotebookNode:
    """The instructor's notebook, with solutions and hidden tests, from a source in percent format.

    Raises:
        MiniditError: an answer without a check below it, a check without an answer, or a lone marker.
    """
    without_solutions(text)  # refuses a marker without its partner, which would give a solution away
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = NotebookNode(_KERNEL)
    answer = None  # the answer cell that still waits for its check
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
        found = _CHECK.fullmatch(cell.source.strip()) if cell.cell_type == "code" else None
        if "### BEGIN SOLUTION" in cell.source:
            if answer:
                break
            answer = cell
        elif found:
            if not answer:
                raise MiniditError(f"The check of {found['name']} has no answer above it; put it below one.")
            _mark(answer, f"answer-{found['name']}", solution=True)
            _mark(cell, f"check-{found['name']}", solution=False)
            cell.source = _HIDDEN.format(check=cell.source.strip(), seed=seed, **found.groupdict())
            answer = None
    if answer:
        first = answer.source.strip().splitlines()[0]
        raise MiniditError(f"No check follows the answer {first!r}; write minidit.check(name, fn) below it.")
    return notebook


def _mark(cell: NotebookNode, name: str, *, solution: bool) -> None:
    cell.metadata["nbgrader"] = NotebookNode(
        grade_id=name.replace(".", "-"),
        grade=not solution,
        solution=solution,
        locked=not solution,
        task=False,
    )
    cell.metadata.nbgrader["schema_version"] = 3
    if not solution:
        cell.metadata.nbgrader["points"] = POINTS


def wanted(source: str) -> Wanted:
    """Read back what a locked cell asks for.

    Raises:
        MiniditError: it is not a cell that `assignment` wrote.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and [word.arg for word in node.keywords] == ["seed"]:
            name, function = node.args
            return Wanted(ast.literal_eval(name), function.id, ast.literal_eval(node.keywords[0].value))
    raise MiniditError("A locked cell holds no hidden test; release the chapter again.")


def prove_clean(released: Path, seed: int) -> None:
    """Raise MiniditError if a notebook for students holds a solution, a hidden test or the seed."""
    notebook = nbformat.reads(released.read_text(encoding="utf-8"), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    for secret in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", f"seed={seed}"):
        if secret in text:
            raise MiniditError(
                f"{released} holds {secret!r}; do not hand it out, and report this as a fault."
            )
