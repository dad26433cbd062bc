"""Does a chapter keep the rules, and is its notebook the one that its source gives? Nothing is executed."""

from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from minidit.errors import MiniditError
from minidit.publish.form import Fault, form_faults
from minidit.publish.source import (
    IGNORE_OUTPUT,
    RAISES,
    REBUILD,
    notebook_of,
    place,
    read_notebook,
    read_source,
    tags,
)
from minidit.publish.widgets import VIEW

LEAST_COMPARED = 5  # cells whose output a replay really compares
LARGEST_KIB = 500


def check(source: Path) -> list[str]:
    """The faults of a chapter as sentences: chapter, cell (counted from 1), what is wrong, what to do.

    Args:
        source: `chNN_topic.py`; its notebook lies beside it.

    Raises:
        MiniditError: there is no such chapter.
    """
    wanted = read_source(source)
    faults = [*form_faults(wanted.cells), *_notebook_faults(wanted, source)]
    return [f"{place(source, number)}: {fault}" for number, fault in faults]


def compared_cells(built: NotebookNode) -> int:
    """How many cells have an output that nbval compares and that says more than a picture's alt text."""
    return sum(
        IGNORE_OUTPUT not in tags(cell)
        and cell.get("execution_count") is not None
        and any(map(_compared, cell.outputs))
        for cell in built.cells
        if cell.cell_type == "code"
    )


def _compared(output: NotebookNode) -> bool:
    if output.output_type == "stream":
        return bool(output.text.strip())
    data = output.get("data", {})
    return bool(data) and VIEW not in data and not any(mime.startswith("image/") for mime in data)


def _notebook_faults(wanted: NotebookNode, source: Path) -> Iterator[Fault]:
    try:
        built = read_notebook(source)
    except MiniditError as error:
        yield None, str(error)
        return
    yield from _disagreement(wanted, built)
    yield from _counts(built)
    for number, cell in enumerate(built.cells, start=1):
        if cell.cell_type == "code":
            yield from ((number, fault) for fault in _output_faults(cell))
    compared = compared_cells(built)
    if compared < LEAST_COMPARED:
        yield None, f"{compared} cells are compared, at least {LEAST_COMPARED} must be: print more facts."
    path = notebook_of(source)
    kib = path.stat().st_size / 1024
    if kib > LARGEST_KIB:
        yield None, f"{path.name} has {kib:.0f} KiB, at most {LARGEST_KIB}: draw fewer or smaller pictures."


def _disagreement(wanted: NotebookNode, built: NotebookNode) -> Iterator[Fault]:
    """The first cell in which the pair differs; later ones would often be the same fault again."""
    for number, (one, other) in enumerate(zip(wanted.cells, built.cells, strict=False), start=1):
        parts = {"kind": "cell_type", "text": "source"}
        differ = [name for name, key in parts.items() if one[key] != other[key]]
        differ += ["tags"] if tags(one) != tags(other) else []
        if differ:
            yield number, f"source and notebook differ ({', '.join(differ)}); {REBUILD}."
            return
    if len(wanted.cells) != len(built.cells):
        counts = f"{len(wanted.cells)} cells, the notebook {len(built.cells)}"
        yield None, f"the source has {counts}; {REBUILD}."
    elif built.metadata.get("minidit") != wanted.metadata.minidit:
        yield None, f"the notebook was built from another text of the source (source_sha256); {REBUILD}."


def _counts(built: NotebookNode) -> Iterator[Fault]:
    code = [(n, cell) for n, cell in enumerate(built.cells, start=1) if cell.cell_type == "code"]
    for expected, (number, cell) in enumerate(code, start=1):
        # nbval compares nothing in a cell without a count
        count = cell.get("execution_count")
        if count != expected:
            yield number, f"execution count {count}, not {expected}; {REBUILD}."
            return


def _output_faults(cell: NotebookNode) -> Iterator[str]:
    raised = any(output.output_type == "error" for output in cell.outputs)
    if raised and RAISES not in tags(cell):
        yield f"the stored output is an error; mend the cell, or tag it {RAISES} if that is the lesson."
    if RAISES in tags(cell) and not raised:
        yield f"the cell is tagged {RAISES} but raised nothing; drop the tag, or make it raise."
    for output in cell.outputs:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        if "image/png" in output.get("data", {}) and not alt.strip():
            yield "a picture has no alt text; show it with teach.show(figure, alt=...)."
