"""The one environment in which a chapter is executed, be it built or replayed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# seconds of wall clock for one cell: three times what a live run may take on two quiet cores
CELL_TIMEOUT = 180

_FIXED = {
    "MINIDIT_QUIET": "1",
    "OMP_NUM_THREADS": "1",  # another number of threads adds in another order, and digits change
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONHASHSEED": "0",
}
_PRIVATE = ("MINIDIT_", "PYTEST_", "MPLBACKEND", "PYTHONSTARTUP")


@contextmanager
def chapter_environment() -> Iterator[dict[str, str]]:
    """Environment variables for a chapter's kernel, with a fresh MINIDIT_HOME that is removed afterwards.

    The author's own MINIDIT_ settings (such as MINIDIT_SCALE) and IPython profile are left out, so that
    a chapter says the same for everyone; without MPLBACKEND the kernel draws into the notebook.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    # `nbval_sanitize.cfg` knows this prefix
    with TemporaryDirectory(prefix="minidit-book-", ignore_cleanup_errors=True) as home:
        own = {"MINIDIT_HOME": home, "IPYTHONDIR": str(Path(home) / "ipython")}
        yield inherited | _FIXED | own
