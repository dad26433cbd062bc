"""`minidit sample`: draw images from a trained run."""

from pathlib import Path
from typing import Annotated

import torch
import tyro

from minidit.cli.options import use
from minidit.cli.report import save_picture
from minidit.data.source import load
from minidit.teach.progress import progress
from minidit.training.sampling import sample
from minidit.training.state import TrainState


def command(
    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")] = Path("runs/digits"),
    *,
    labels: tuple[int, ...] = (),
    w: float = 2.0,
    steps: int = 50,
    seed: int = 0,
    out: Path | None = None,
    device: str = "auto",
    threads: int = 1,
) -> int:
    """Draw images from a trained run into a labelled picture, a column a class.

    Args:
        run: folder of the run.
        labels: classes to draw, one image each; eight of every class unless given.
        w: guidance; 1 is none, 2 is usual, more exaggerates.
        steps: Euler steps, one evaluation of the network each.
        seed: names the noise.
        out: the picture; RUN/drawn.png unless given.
        device: auto, cpu, cuda or mps.
        threads: processor threads.
    """
    state = TrainState.load(run, use(device, threads))
    classes = state.experiment.model.num_classes
    wanted = torch.tensor(labels or [label for _ in range(8) for label in range(classes)])
    images = sample(state, wanted, w, steps, seed, watch=lambda parts: progress(parts, "sampling"))
    path = out or run / "drawn.png"
    title = f"guidance {w:g}, {steps} Euler steps, seed {seed}"
    save_picture(path, images, wanted, load(state.experiment.data), title)
    print(f"{len(images)} images are in {path}.")
    return 0
