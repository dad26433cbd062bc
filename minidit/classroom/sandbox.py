"""Run a student's notebook in a process of its own, and go on when that process hangs or dies."""

import json
import multiprocessing
import os
import queue
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from minidit.classroom.assignment import Wanted

# seconds until torch must have been imported, on a slow disk
START_SECONDS = 120
# a process that died or hung is started again without the cell that did it, at most so many times
RESTARTS = 3
MESSAGE_BYTES = 2**20


class Cell(NamedTuple):
    """A cell to be run, or judged when something is `wanted`; `index` counts the notebook's cells from 0."""

    index: int
    source: str
    wanted: Wanted | None = None


@dataclass(frozen=True)
class Limits:
    """What a notebook may take: seconds for one cell, GiB of memory."""

    seconds: float = 30.0
    memory: float = 4.0


@dataclass
class Outcome:
    """What came of a notebook: for each cell what it printed and the error that ended it, and a report."""

    printed: dict[int, str] = field(default_factory=dict)
    errors: dict[int, list[str]] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    report: list[str] = field(default_factory=list)


def run_cells(cells: Sequence[Cell], limits: Limits) -> Outcome:
    """Run the cells of one notebook in order. A cell that is not in `done` was never reached: no verdict."""
    outcome, bad = Outcome(), set()
    for _ in range(RESTARTS + 1):
        left = [c for c in cells if c.index not in bad and not (c.wanted and c.index in outcome.done)]
        if not any(cell.wanted for cell in left):
            return outcome
        stopped = _attempt(left, limits, outcome)
        if stopped is None:
            return outcome
        index, words = stopped
        outcome.report.append(words if index is None else f"cell {index + 1} {words}")
        if index is None:  # it did not even start; another try would do the same
            return outcome
        bad.add(index)
        outcome.done.add(index)
        outcome.errors[index] = ["Stopped", f"This cell {words}."]
    outcome.report.append(f"given up after {RESTARTS + 1} tries; checks that were not reached give no points")
    return outcome


def _attempt(cells: Sequence[Cell], limits: Limits, outcome: Outcome) -> tuple[int | None, str] | None:
    """Run what is left in a new process; the cell that stopped it and how, or None when all went through."""
    with TemporaryDirectory(prefix="minidit-class-", ignore_cleanup_errors=True) as home:
        job = {
            "word": secrets.token_hex(16),
            "home": home,
            "memory": limits.memory,
            "cpu_seconds": 10 * limits.seconds,
            "cells": [c._asdict() | {"wanted": c.wanted and c.wanted._asdict()} for c in cells],
        }
        process, events = _start(job)
        try:
            if (how := _next(events, START_SECONDS, process)[1]) is not None:
                return None, f"the process for the notebook could not start: it {how}"
            for cell in cells:
                event, how = _next(events, limits.seconds, process)
                if how is not None:
                    return cell.index, how
                _note(outcome, cell, event)
        finally:
            _end(process)
    return None


def _note(outcome: Outcome, cell: Cell, event: dict[str, Any]) -> None:
    outcome.done.add(cell.index)
    outcome.printed[cell.index] = event["printed"]
    outcome.errors.pop(cell.index, None)
    if event["error"]:
        outcome.errors[cell.index] = event["error"]


def _start(job: dict[str, Any]) -> tuple[BaseProcess, queue.Queue]:
    """Begin a job in a new process, and listen to it."""
    # Linux forks from a server that has imported torch once and has seen no student's code
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        context.set_forkserver_preload([__name__, "minidit.classroom.inside"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_inside, args=(job, theirs))
    process.start()
    theirs.close()
    events: queue.Queue = queue.Queue()
    threading.Thread(target=_listen, args=(ours, job["word"], events), daemon=True).start()
    return process, events


def _inside(job: dict[str, Any], channel: Connection) -> None:
    from minidit.classroom.inside import run  # not at the top: the grader itself needs no IPython shell

    run(job, channel)


def _listen(channel: Connection, word: str, events: queue.Queue) -> None:
    """Put what the process says into a queue, then None. It is JSON: to unpickle it would run its code."""
    try:
        while True:
            event = json.loads(channel.recv_bytes(MESSAGE_BYTES))
            if event["word"] == word:  # else it is not from us
                events.put(event)
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        events.put(None)


def _next(events: queue.Queue, seconds: float, process: BaseProcess) -> tuple[Any, str | None]:
    """The next event, or how the process failed to give one."""
    try:
        event = events.get(timeout=seconds)
    except queue.Empty:
        return None, f"was stopped after {seconds:g} s"
    if event is None:
        process.join(10)
        return None, f"ended its process ({_name(process.exitcode)})"
    return event, None


def _name(status: int | None) -> str:
    known = {-s.value: s.name for s in signal.Signals}
    return known.get(status, f"exit status {status}")


def _end(process: BaseProcess) -> None:
    """End the process and everything in its session; processes that left the session are not found."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
    process.close()
