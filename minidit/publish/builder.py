"""From a chapter's source to its executed notebook, the same bytes each time."""

import hashlib
import os
from asyncio import CancelledError
from collections import Counter
from pathlib import Path
from subprocess import DEVNULL

import ipykernel.kernelspec
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from minidit.errors import MiniditError
from minidit.publish import environment
from minidit.publish.outputs import tidy_output
from minidit.publish.source import notebook_of, place, read_source
from minidit.publish.widgets import tidy_widgets
from minidit.teach.progress import progress


def build(source: Path) -> Path:
    """Execute the chapter `source` and write the notebook beside it.

    The notebook is replaced in one step when everything has run; two builds on one machine give the
    same bytes.

    Args:
        source: `chNN_topic.py`, jupytext percent format.

    Returns:
        The path of the notebook, `chNN_topic.ipynb`.

    Raises:
        MiniditError: there is no such chapter, a cell raised or took too long, or the kernel died.
    """
    notebook = read_source(source)
    _execute(notebook, source)
    target = notebook_of(source)
    partial = target.with_suffix(".partial")
    partial.write_text(nbformat.writes(_normalise(notebook)) + "\n", encoding="utf-8", newline="\n")
    os.replace(partial, target)
    return target


class _ThisPython(KernelSpecManager):
    """Whatever kernel is asked for: the Python that is running now."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            resource_dir=ipykernel.kernelspec.RESOURCES, **ipykernel.kernelspec.get_kernel_dict()
        )


def _execute(notebook: NotebookNode, source: Path) -> None:
    """Run every cell; outputs and the state of widgets are put into `notebook`."""
    number = 0

    def starts(cell: NotebookNode, cell_index: int) -> None:
        nonlocal number
        number = cell_index + 1

    total = sum(cell.cell_type == "code" for cell in notebook.cells)
    bar = progress(None, source.stem, total)
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=_ThisPython()),
        timeout=environment.CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=True,
        coalesce_streams=True,
        shutdown_kernel="immediate",
        on_cell_start=starts,
        on_cell_executed=lambda **_: bar.update(),
    )
    with environment.chapter_environment() as variables, bar:
        try:
            client.execute(cwd=str(source.parent), env=variables, stderr=DEVNULL, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
            raise MiniditError(f"{place(source, number)}: {_reason(error)}") from error
        except (CancelledError, AssertionError):  # the two faces of Ctrl-C in nbclient
            raise KeyboardInterrupt from None


def _reason(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}\nThe old notebook was kept. Mend the cell and build again."
    if isinstance(error, CellTimeoutError):
        return (
            f"the cell ran for more than {environment.CELL_TIMEOUT} s and was stopped. The old notebook was "
            "kept. A live run may take 60 s on two cores: make it smaller and build again."
        )
    return (
        f"the kernel stopped ({error}): memory ran out, the process ended itself, or it was interrupted. "
        "The old notebook was kept. Build again when the cause is gone."
    )


def _normalise(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what differs between two builds or two machines."""
    seen = Counter()
    for cell in notebook.cells:
        # two equal cells are told apart by how often their text has been seen
        content = cell.cell_type, cell.source
        seen[content] += 1
        cell.id = hashlib.sha256(repr((content, seen[content])).encode()).hexdigest()[:12]
        if cell.cell_type == "code":
            cell.outputs = [tidy_output(output, cell.execution_count) for output in cell.outputs]
    widgets = tidy_widgets(notebook)
    notebook.metadata = NotebookNode(
        # JupyterLab writes this display name on every save, so it makes no difference
        kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        language_info={"name": "python"},
        minidit=notebook.metadata.minidit,
        **({"widgets": widgets} if widgets else {}),
    )
    return notebook
