"""The training loop, as a generator: the caller owns progress, pictures and when to stop."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from minidit.data.images import Data
from minidit.errors import MiniditError, TrainingDiverged
from minidit.files import write_whole
from minidit.flow.flow import Network
from minidit.flow.objective import Draw
from minidit.model.trunk import draw_keys
from minidit.streams import Streams
from minidit.training.experiment import Experiment
from minidit.training.schedule import learning_rate
from minidit.training.state import TrainState, refuse_another
from minidit.training.step import train_step
from minidit.types import Batch, Keys

LOG = "log.jsonl"


@dataclass(frozen=True)
class Record:
    """One finished step, counted from 1; seconds of wall clock and of processor for this step alone."""

    step: int
    loss: float
    gradient_norm: float
    lr: float
    seconds: float
    cpu_seconds: float


def train(
    state: TrainState,
    data: Data,
    until: int | None = None,
    folder: str | Path | None = None,
    save_every: int = 200,
    network: Network | None = None,
) -> Iterator[Record]:
    """Train `state` on `data`, a step at a time; stop asking for records to stop.

    Args:
        state: the run; it is changed in place.
        data: images that fit the experiment.
        until: train while fewer steps than this are done; None means all of the experiment.
        folder: where to save a checkpoint every `save_every` steps and at the end, and a log line a step.
        network: what is asked in place of state.model, with the same weights: see `fast`.

    Yields:
        A Record after each step; by then its checkpoint, if one was due, is on disk.

    Raises:
        MiniditError: the images do not fit the network, the folder holds another run, or the disk refuses.
        TrainingDiverged: the loss or gradient is not finite; the last checkpoint is untouched.
    """
    config, streams = state.experiment.training, Streams(state.seed)
    until = config.steps if until is None else until
    if save_every < 1:
        raise MiniditError(f"save_every is {save_every}; a checkpoint is due every 1 step or more.")
    state.experiment.check(data)
    device = next(state.model.parameters()).device
    if folder is not None:
        refuse_another(Path(folder), state.experiment, state.seed)
        forget_after(Path(folder), state.step)
    while state.step < until:
        started, cpu_started, lr = time.perf_counter(), time.process_time(), learning_rate(config, state.step)
        batch = data.train.batch(streams, state.step, config.batch_size).to(device)
        result = train_step(state, batch, draw_step(state.experiment, batch, streams, state.step), network)
        loss, norm = float(result.loss), float(result.gradient_norm)
        refuse_divergence(state.step, loss, norm)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        record = Record(state.step, loss, norm, lr, seconds, cpu_seconds)
        if folder is not None:
            log(Path(folder), record)
            if state.step % save_every == 0 or state.step == until:
                state.save(folder)
        yield record


def draw_step(experiment: Experiment, batch: Batch, streams: Streams, step: int) -> Draw:
    """All the chance of one step: the objective's, and the keys of what the network skips in training."""
    draw = experiment.objective.draw(batch, streams, step)
    keys = draw_keys(experiment.model, len(batch.x), streams, step)
    return draw._replace(keys=Keys(*(None if key is None else key.to(batch.x.device) for key in keys)))


def refuse_divergence(step: int, loss: float, norm: float) -> None:
    """Raise TrainingDiverged where a step gave no finite numbers."""
    if math.isfinite(loss) and math.isfinite(norm):
        return
    raise TrainingDiverged(
        f"Step {step} gave a loss of {loss} and a gradient norm of {norm}: training has diverged. The last "
        "checkpoint is untouched. Try a smaller training.lr, or look for broken values in the data."
    )


def log(folder: Path, record: Record) -> None:
    """Add a line to the run's log. Raises MiniditError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
    except OSError as error:
        raise MiniditError(
            f"{folder / LOG} could not be written ({error.strerror}). Choose another --out."
        ) from error


def read_log(folder: str | Path) -> list[Record]:
    """The records of the run in `folder`, in order; a line cut short by a crash is left out."""
    path, records = Path(folder) / LOG, []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            records.append(Record(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return records


def forget_after(folder: Path, step: int) -> None:
    """A killed run may have logged steps that its checkpoint does not hold, or half a line of one."""
    path = folder / LOG
    if path.is_file():
        kept = [json.dumps(asdict(record)) + "\n" for record in read_log(folder) if record.step <= step]
        write_whole(path, "".join(kept).encode())
