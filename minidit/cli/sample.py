"""`minidit sample`: draw images from a trained run."""

from pathlib import Path
from typing import Annotated

import torch
import tyro

from minidit.cli.options import use
from minidit.data.source import load
from minidit.teach.figures import grid, rows
from minidit.teach.progress import progress
from minidit.teach.show import png
from minidit.training.checkpoint import write_whole
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
    """Draw images from a trained run into a labelled picture.

    Args:
        run: folder of the run.
        labels: classes to draw, one image each in this order; eight of every class unless given.
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
    path, names = out or run / "drawn.png", (*load(state.experiment.data).train.class_names, "no label")
    title = f"guidance {w:g}, Euler steps {steps}, seed {seed}"
    in_order = rows({title: images}, columns=[names[label] for label in labels])
    write_whole(path, png(in_order if labels else grid(images, wanted, names[:-1], title)))
    print(f"{path}: {len(images)} drawn.")
    return 0
