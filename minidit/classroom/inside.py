"""What happens in the process where the code of one student runs.

It says when it is ready, runs the cells in order, and says what came of each. What it says carries a word
that the student's code is not given.
"""

import json
import os
import random
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from multiprocessing.connection import Connection
from typing import Any

import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from minidit.classroom.guard import Answer, Originals
from minidit.teach.check import examine
from minidit.teach.exercise import Exercise, exercises

OUTPUT_CHARACTERS = 10_000


# all that the student's code sees of the instructor's environment
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TZ")


def run(job: dict[str, Any], channel: Connection) -> None:
    """Run the cells of a job; say so at the beginning, then what came of each."""
    _settle(job["home"])
    shell = _shell()
    # copies, which the student's code cannot reach through the table of exercises
    judge = _judge({item.name: replace(item) for item in exercises()}, Originals().put_back, examine)
    if os.name == "posix":
        from minidit.classroom.limits import limit

        limit(job["memory"], job["cpu_seconds"])
    word, cells = job["word"], job["cells"]
    _say(channel, {"word": word})
    for cell in cells:
        text = StringIO()
        with redirect_stdout(text), redirect_stderr(text):
            error = judge(shell, **cell["wanted"]) if cell["wanted"] else _run(shell, cell["source"])
        _say(channel, {"word": word, "printed": text.getvalue()[:OUTPUT_CHARACTERS], "error": error})


def _settle(home: str) -> None:
    """A session, a folder and an environment of its own; what is printed past Python goes nowhere."""
    if os.name == "posix":
        os.setsid()  # so that what it starts can be ended with it
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    homes = dict.fromkeys(
        ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MINIDIT_HOME", "IPYTHONDIR"), home
    )
    os.environ.clear()
    os.environ.update(kept | homes | {"MPLBACKEND": "agg", "MINIDIT_QUIET": "1", "OMP_NUM_THREADS": "1"})
    os.chdir(home)
    tempfile.tempdir = None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    torch.set_num_threads(1)


def _say(channel: Connection, event: dict[str, Any]) -> None:
    channel.send_bytes(json.dumps(event).encode())


def _shell() -> InteractiveShell:
    """IPython without a kernel, so that `%` and `!` lines work as they do in a notebook."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    return InteractiveShell.instance(config=config)


def _run(shell: InteractiveShell, source: str) -> list[str] | None:
    """Run a cell; the name and the words of the error that it ended with, if any."""
    try:
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as wild:  # a student's code may raise anything; the class goes on
        error = wild
    return None if error is None else _words(error)


def _judge(items: dict[str, Exercise], put_back: Callable[[], None], examine: Callable) -> Callable:
    """A judge that holds everything it needs, from before the student's code has run."""

    def judge(shell: InteractiveShell, name: str, function: str, seed: int) -> list[str] | None:
        put_back()
        answer = shell.user_ns.get(function)
        random.seed(seed)
        torch.manual_seed(seed)  # an answer that draws, such as a test, draws the same in each grading
        draw = torch.Generator().manual_seed(seed)
        try:
            if function not in shell.user_ns:
                raise NameError(f"there is no {function}; was its cell left out, or did it fail?")
            examine(items[name], Answer(answer, put_back) if callable(answer) else answer, draw)
        except BaseException as error:  # SystemExit too: whatever comes out of a check, it is not a pass
            return _words(error)
        return None

    return judge


def _words(error: BaseException) -> list[str]:
    return [type(error).__name__, str(error)[:OUTPUT_CHARACTERS]]
