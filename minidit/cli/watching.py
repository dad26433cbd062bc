"""What is seen of a run while it goes: a picture now and then, curves in TensorBoard or Weights & Biases."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

from minidit.data.images import Data
from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.teach.figures import grid
from minidit.teach.show import png
from minidit.training.records import Record
from minidit.training.sampling import sample
from minidit.training.state import TrainState
from minidit.training.world import world

SHOWN = ("loss", "gradient_norm", "lr", "seconds")
CLASSES, OF_EACH = 10, 4  # the first classes in a picture, and samples of each
Watcher = Callable[[Record], None]


def watched(records: Iterator[Record], watchers: Sequence[Watcher]) -> Iterator[Record]:
    """The same records, each shown to every watcher first."""
    for record in records:
        for watcher in watchers:
            watcher(record)
        yield record


def trackers(names: Sequence[str], folder: Path, state: TrainState) -> list[Watcher]:
    """What sends a record to each of the trackers named; of several processes the first sends.

    Raises:
        MiniditError: no such tracker, or its package is not installed.
    """
    for name in names:
        if name not in TRACKERS:
            raise MiniditError(f"--log-to is {name}; it must be one of: {', '.join(TRACKERS)}.")
    return [TRACKERS[name](folder, state) for name in names] if world().first else []


def _tensorboard(folder: Path, state: TrainState) -> Watcher:
    _needed("tensorboard")
    writer = import_module("torch.utils.tensorboard").SummaryWriter(
        folder / "tensorboard", purge_step=state.step + 1
    )

    def write(record: Record) -> None:
        for name in SHOWN:
            writer.add_scalar(name, getattr(record, name), record.step)
        if record.step % 100 == 0 or record.step == state.experiment.training.steps:
            writer.flush()

    return write


def _wandb(folder: Path, state: TrainState) -> Watcher:
    run = _needed("wandb").init(
        project="minidit",
        name=folder.name,
        dir=folder,
        config=state.experiment.to_dict(),
        id=folder.name,
        resume="allow",
    )

    def write(record: Record) -> None:
        run.log({name: getattr(record, name) for name in SHOWN}, step=record.step)
        if record.step == state.experiment.training.steps:
            run.finish()

    return write


TRACKERS = {"tensorboard": _tensorboard, "wandb": _wandb}


def _needed(package: str) -> ModuleType:
    try:
        return import_module(package)
    except ImportError as error:
        raise MiniditError(
            f"--log-to {package} needs a package that is not installed: `pip install {package}` brings it. "
            "The run's own log, log.jsonl, is written in any case."
        ) from error


def pictures(every: int, state: TrainState, data: Data, folder: Path) -> list[Watcher]:
    """Samples at guidance 2 in FOLDER/samples/STEP.png every so many steps; 0 means never."""
    classes = min(CLASSES, state.experiment.model.num_classes)
    labels = torch.arange(classes).repeat(OF_EACH)

    def draw(record: Record) -> None:
        if record.step % every:
            return
        x = data.train.pixels(sample(state, labels))  # a sharded network draws on all processes together
        if world().first:
            title = f"samples at guidance 2 after {record.step} steps"
            write_whole(
                folder / "samples" / f"{record.step:08d}.png",
                png(grid(x, labels, data.train.class_names, title)),
            )

    return [draw] if every else []
