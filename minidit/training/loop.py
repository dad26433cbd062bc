"""The training loop, as a generator: the caller owns progress, pictures and when to stop."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from minidit.data.images import Data, Images
from minidit.errors import MiniditError
from minidit.flow.objective import Draw
from minidit.model.trunk import draw_keys
from minidit.streams import Streams
from minidit.training.engine import Engine
from minidit.training.experiment import Experiment
from minidit.training.records import Record, forget_after, log, read_log
from minidit.training.recovery import Recovery
from minidit.training.schedule import learning_rate
from minidit.training.state import TrainState, refuse_another
from minidit.training.step import train_step
from minidit.types import Batch, Keys

Item = TypeVar("Item")


def train(
    state: TrainState,
    data: Data,
    until: int | None = None,
    folder: str | Path | None = None,
    save_every: int = 200,
    keep: int = 1,
    lives: int = 0,
    engine: Engine | None = None,
) -> Iterator[Record]:
    """Train `state` on `data`, a step at a time; stop asking for records to stop.

    Args:
        state: the run; it is changed in place.
        data: images that fit the experiment.
        until: train while fewer steps than this are done; None means all of the experiment.
        folder: where to save a checkpoint every `save_every` steps and at the end, and a log line a step.
        keep: checkpoints that stay in the folder, the latest among them.
        lives: how often a loss that is not finite, or far above those before, takes the run back to its last
            checkpoint; see `recovery`. Arms of a claim have none, so that all of them see the same draws.
        engine: computes loss and gradient, see `Engine`; it is made for the run if none is given.

    Yields:
        A Record after each step; by then its checkpoint, if one was due, is on disk.

    Raises:
        MiniditError: the images do not fit the network, the folder holds another run, or the disk refuses.
        TrainingDiverged: the loss or gradient is not finite, and no life is left; the last checkpoint is
            untouched.
    """
    until = state.experiment.training.steps if until is None else until
    if save_every < 1 or keep < 1:
        raise MiniditError(f"save_every is {save_every} and keep is {keep}; both must be at least 1.")
    state.experiment.check(data)
    engine, folder = engine or Engine(state), None if folder is None else Path(folder)
    recovery = Recovery(lives, _begin(state, folder), folder)
    steps, said = upcoming(state, data.train, until), ""
    while state.step < until:
        started, cpu_started = time.perf_counter(), time.process_time()
        lr = learning_rate(state.experiment.training, state.step)
        result = train_step(state, *next(steps), engine)
        loss, norm = float(result.loss), float(result.gradient_norm)
        if trouble := recovery.trouble(loss, norm):
            said = recovery.go_back(state, trouble)
            steps = upcoming(state, data.train, until)
            continue
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        record, said = Record(state.step, loss, norm, lr, seconds, cpu_seconds, said), ""
        if folder is not None:
            log(folder, record)
            if state.step % save_every == 0 or state.step == until:
                state.save(folder, keep)
        yield record


def _begin(state: TrainState, folder: Path | None) -> list[float]:
    """Make the folder ready for the steps to come; return the losses of the steps that are done."""
    if folder is None:
        return []
    refuse_another(folder, state.experiment, state.seed)
    forget_after(folder, state.step)
    return [record.loss for record in read_log(folder) if record.step <= state.step]


def upcoming(state: TrainState, images: Images, until: int) -> Iterator[tuple[Batch, Draw]]:
    """The global batch and all chance of each step from `state.step` to `until`, on the model's device.

    For a GPU they are made while it works; on a processor a second thread would only take from the first.
    """
    streams, experiment = Streams(state.seed), state.experiment
    device = next(state.model.parameters()).device

    def made() -> Iterator[tuple[Batch, Draw]]:
        for step in range(state.step + state.skipped, until + state.skipped):
            batch = images.batch(streams, step, experiment.training.batch_size).to(device)
            yield batch, draw_step(experiment, batch, streams, step)

    return ahead(made()) if device.type == "cuda" else made()


def draw_step(experiment: Experiment, batch: Batch, streams: Streams, step: int) -> Draw:
    """All the chance of one step: the objective's, and the keys of what the network skips in training."""
    draw = experiment.objective.draw(batch, streams, step)
    keys = draw_keys(experiment.model, len(batch.x), streams, step)
    return draw._replace(keys=Keys(*(None if key is None else key.to(batch.x.device) for key in keys)))


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each made by a second thread while the one before it is used."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item
