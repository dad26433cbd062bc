"""`minidit evaluate`: judge a trained run anew, with other guidance, steps or numbers of samples."""

from pathlib import Path
from typing import Annotated

import tyro

from minidit.cli.options import use
from minidit.cli.report import evaluate, table
from minidit.data.source import load
from minidit.errors import MiniditError
from minidit.teach.progress import progress
from minidit.training.state import TrainState


def command(
    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")] = Path("runs/digits"),
    *,
    count: int = 500,
    w: tuple[float, ...] = (1.0, 2.0),
    steps: int = 50,
    device: str = "auto",
    threads: int = 1,
) -> int:
    """Judge samples of a trained run: recognised, like the real crowd, not copied.

    Args:
        run: folder of the run.
        count: samples for each guidance.
        w: values of guidance.
        steps: Euler steps, one evaluation of the network each.
        device: auto, cpu, cuda or mps.
        threads: processor threads.
    """
    if not w:
        raise MiniditError("--w needs at least one number, such as --w 1 2.")
    if count < 2:
        raise MiniditError(f"--count is {count}; at least 2 samples are needed for a Frechet distance.")
    state = TrainState.load(run, use(device, threads))
    data = load(state.experiment.data, watch=lambda items: progress(items, "reading"))
    measures, _, _ = evaluate(state, data, count, w, steps)
    print(table(measures))
    return 0
