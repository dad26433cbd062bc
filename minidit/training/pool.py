"""Several runs at once, each a process with one thread: on few cores that is faster than threads."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence

from minidit.errors import MiniditError

# waiting threads must not spin, and progress is the parent's business
ALONE = {"MINIDIT_QUIET": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def run_all(commands: Sequence[Sequence[str]], jobs: int) -> Iterator[int]:
    """Run commands, `jobs` at a time; yields the number of each as it ends.

    When the caller stops, or one fails, those still running are ended too.

    Raises:
        MiniditError: jobs is less than 1, or a command failed.
    """
    if jobs < 1:
        raise MiniditError(f"--jobs is {jobs}; it must be at least 1.")
    waiting = list(enumerate(commands))
    running: dict[int, subprocess.Popen] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, command = waiting.pop(0)
                running[number] = _start(command)
            ended = next((n for n, process in running.items() if process.poll() is not None), None)
            if ended is None:
                time.sleep(0.2)
                continue
            process = running.pop(ended)
            if process.returncode:
                words = " ".join(map(str, process.args))
                raise MiniditError(f"A run failed with status {process.returncode}: {words}")
            yield ended
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def _start(command: Sequence[str]) -> subprocess.Popen:
    # a session of its own: Ctrl-C reaches the parent alone, which then ends its children
    return subprocess.Popen(
        command, env=os.environ | ALONE, stdout=subprocess.DEVNULL, start_new_session=True
    )
