"""Exercises for a student: the same file without its solutions, as a notebook."""

import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from minidit.errors import MiniditError
from minidit.files import write_whole

# the markers are nbgrader's, so that one source serves the student alone and the class
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION\n", re.MULTILINE | re.DOTALL)


def without_solutions(source: str) -> str:
    """The text with each solution replaced by `raise NotImplementedError`.

    Raises:
        MiniditError: a marker without its partner, which would give a solution away.
    """
    stub = SOLUTION.sub(r"\1raise NotImplementedError  # your answer\n", source)
    if "BEGIN SOLUTION" in stub or "END SOLUTION" in stub:
        raise MiniditError(
            "A solution marker has no partner: each ### BEGIN SOLUTION needs an ### END SOLUTION."
        )
    return stub


def start(chapter: str, folder: Path, out: Path) -> Path:
    """Write a chapter's exercises without solutions as a notebook into `out`.

    Args:
        chapter: such as "ch01".
        folder: where the exercises are.
        out: where the notebook goes; a file that is there already is never replaced.

    Raises:
        MiniditError: no such chapter, or the notebook is there already.
    """
    sources = sorted(folder.glob(f"{chapter}*/exercises.py"))
    if not sources:
        known = ", ".join(path.parent.name for path in sorted(folder.glob("ch*/exercises.py"))) or "none here"
        raise MiniditError(f"There are no exercises {chapter!r} in {folder}. There are: {known}.")
    path = out / f"{sources[0].parent.name}_exercises.ipynb"
    if path.exists():
        raise MiniditError(f"{path} is there already, perhaps with your answers: it is left as it is.")
    notebook = notebook_to_work_in(sources[0].read_text(encoding="utf-8"))
    return write_whole(path, nbformat.writes(notebook).encode())


def notebook_to_work_in(source: str) -> NotebookNode:
    """The text of an `exercises.py` as a notebook without solutions.

    Raises:
        MiniditError: a marker without its partner.
    """
    notebook = jupytext.reads(without_solutions(source), fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook
