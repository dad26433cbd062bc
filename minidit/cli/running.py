"""A long run at the command line: begun or continued, watched, on Ctrl-C stopped with everything saved."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from minidit.teach.progress import progress
from minidit.training.autoencoder import AutoencoderExperiment, AutoencoderState
from minidit.training.checkpoint import NAME
from minidit.training.experiment import Experiment
from minidit.training.loop import Record
from minidit.training.state import TrainState, refuse_another

State = TypeVar("State", TrainState, AutoencoderState)


def begin(
    kind: type[State], chosen: Experiment | AutoencoderExperiment, seed: int, folder: Path, device: str
) -> State:
    """The run in `folder`, or a new one. Raises MiniditError where the folder holds another run."""
    if not (folder / NAME).is_file():
        return kind.create(chosen, seed, device)
    refuse_another(folder, chosen, seed)
    state = kind.load(folder, device)
    if not state.finished:
        print(f"Continuing {folder} after step {state.step}.", flush=True)
    return state


def to_the_end(
    state: State, records: Iterable[Record], label: str, folder: Path, said: Callable[[Record], str]
) -> bool:
    """Run to the end, or until Ctrl-C; say whether the end was reached. `said` is written beside the bar."""
    with interruptible() as asked:
        bar = progress(records, label, state.experiment.training.steps, state.step)
        for record in bar:
            bar.set_postfix_str(said(record), refresh=False)
            if asked and not state.finished:
                bar.close()
                state.save(folder)
                print(f"Stopped after step {state.step}; it is saved in {folder}.", file=sys.stderr)
                print("Start the same command again to continue.", file=sys.stderr)
                return False
    return True


@contextmanager
def interruptible() -> Iterator[list[bool]]:
    """Ctrl-C asks for a stop after the step in hand; a second one stops at once."""
    asked: list[bool] = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, previous)
