"""A chapter's source, `chNN_topic.py` in jupytext's percent format, read into cells."""

import hashlib
import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from minidit.errors import MiniditError

# nbclient executes a cell with the second tag although it raises; nbval leaves the outputs of the first alone
IGNORE_OUTPUT, RAISES = "nbval-ignore-output", "raises-exception"
REBUILD = "run `minidit book build`"


def read_source(source: Path) -> NotebookNode:
    """The notebook of a source before it is executed: cells with their tags, and the hash of the text.

    Raises:
        MiniditError: there is no such file, or it is not named like a chapter.
    """
    if not re.fullmatch(r"ch\d\d_\w+\.py", source.name):
        raise MiniditError(f"{source.name} is not the name of a chapter; call it chNN_topic.py.")
    if not source.is_file():
        raise MiniditError(f"There is no chapter {source}; check the spelling and the folder.")
    text = source.read_text(encoding="utf-8")  # line ends are the same on every system
    cells = jupytext.reads(text, fmt="py:percent").cells
    for cell in cells:
        cell.metadata = NotebookNode({"tags": list(tags(cell))} if tags(cell) else {})
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return new_notebook(cells=cells, metadata={"minidit": {"source_sha256": sha256}})


def notebook_of(source: Path) -> Path:
    """Where the executed notebook of a source lies: beside it."""
    return source.with_suffix(".ipynb")


def read_notebook(source: Path) -> NotebookNode:
    """The executed notebook of a source.

    Raises:
        MiniditError: there is none, or what is there cannot be read.
    """
    path = notebook_of(source)
    if not path.is_file():
        raise MiniditError(f"There is no {path.name}; {REBUILD}.")
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except ValueError as error:  # most often the marks of a merge that did not go through
        raise MiniditError(f"{path.name} cannot be read as a notebook; {REBUILD}.") from error


def tags(cell: NotebookNode) -> tuple[str, ...]:
    """The tags of a cell."""
    return tuple(cell.metadata.get("tags", ()))


def place(source: Path, number: int | None = None) -> str:
    """How a message names a chapter, or a cell of it; cells of both kinds are counted from 1."""
    return source.stem if number is None else f"{source.stem}, cell {number}"
