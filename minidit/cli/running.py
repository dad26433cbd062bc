"""A long run at the command line: begun or continued, watched, and when it is asked to stop, saved first."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch

from minidit.cli.options import say
from minidit.errors import MiniditError
from minidit.teach.progress import progress
from minidit.training.autoencoder import AutoencoderExperiment, AutoencoderState
from minidit.training.checkpoint import NAME
from minidit.training.experiment import Experiment
from minidit.training.records import Record
from minidit.training.state import TrainState, refuse_another
from minidit.training.world import join, leave, world

# what gloo and NCCL say when another process ends
LOST = ("Connection closed", "Connection reset", "NCCL", "Broken pipe")
State = TypeVar("State", TrainState, AutoencoderState)


def begin(
    kind: type[State],
    chosen: Experiment | AutoencoderExperiment,
    seed: int,
    folder: Path,
    device: str,
    **how: bool,
) -> State:
    """The run in `folder`, or a new one. Raises MiniditError where the folder holds another run."""
    if not (folder / NAME).is_file():
        return kind.create(chosen, seed, device, **how)
    refuse_another(folder, chosen, seed)
    state = kind.load(folder, device, **how)
    if not state.finished:
        say(f"Continuing {folder} after step {state.step}.")
    return state


def together(device: str) -> str:
    """Meet the processes that torchrun started, and let the first speak for all; this one's device."""
    device = join(device)
    if not world().first:
        os.environ["MINIDIT_QUIET"] = "1"
    return device


def apart() -> bool:
    """Part from the other processes; whether this one is the first, which goes on alone."""
    first = world().first
    leave()
    return first


def to_the_end(
    state: State,
    records: Iterable[Record],
    label: str,
    folder: Path,
    said: Callable[[Record], str],
    **saving: int,
) -> int:
    """Run to the end, or until Ctrl-C or SIGTERM. `said` is written beside the bar; `saving` is for `save`.

    Returns 0 at the end, else the status to exit with; then all is saved.
    """
    with interruptible() as asked, explained(folder):
        bar = progress(records, label, state.experiment.training.steps, state.step)
        for record in bar:
            bar.set_postfix_str(said(record), refresh=False)
            if record.said:
                bar.write(record.said, file=sys.stderr)
            if world().any(bool(asked)) and not state.finished:
                bar.close()
                state.save(folder, **saving)
                say(f"Stopped after step {state.step}; it is saved in {folder}.", sys.stderr)
                say("Start the same command again to continue.", sys.stderr)
                return 128 + (asked[0] if asked else signal.SIGTERM)
    return 0


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """A sentence for two errors of PyTorch that a person can mend: a full GPU, a process that is gone."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MiniditError(
            "The GPU's memory is full. Start the same command with --recompute, a smaller --micro-batch, or "
            f"--shard on several GPUs; what is saved in {folder} goes on."
        ) from error
    except RuntimeError as error:
        if world().size == 1 or not any(word in str(error) for word in LOST):
            raise
        raise MiniditError(
            "Another process of this run is gone, so this one stops too. Start the same command again, or "
            f"let torchrun do it with --max-restarts 3: the run goes on from what is saved in {folder}."
        ) from error


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Ctrl-C, or SIGTERM, asks for a stop after the step in hand; a second one stops at once.

    Yields a list that holds the signal once it has come.
    """
    asked: list[int] = []

    def ask(sent: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(sent)

    previous = {sent: signal.signal(sent, ask) for sent in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for sent, handler in previous.items():
            signal.signal(sent, handler)
