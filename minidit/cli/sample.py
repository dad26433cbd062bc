"""`minidit sample`: draw images from a trained run, or from published weights."""

from pathlib import Path
from typing import Annotated

import torch
import tyro
from matplotlib.figure import Figure

from minidit.cli.official import Weights, draw_official
from minidit.cli.options import use
from minidit.data.source import load
from minidit.files import write_whole
from minidit.teach.figures import grid, rows
from minidit.teach.progress import progress
from minidit.teach.show import png
from minidit.training.sampling import sample
from minidit.training.state import TrainState


def command(
    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")] = Path("runs/digits"),
    *,
    labels: tuple[int, ...] = (),
    w: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    checkpoint: int | None = None,
    out: Path | None = None,
    device: str = "auto",
    threads: int = 1,
    official: Path | None = None,
    family: str = "dit",
    vae: str | None = None,
    config: tuple[str, ...] = (),
) -> int:
    """Draw from a trained run, or with published weights.

    Args:
        run: folder of the run.
        labels: classes to draw, one image each in this order; eight of every class unless given.
        w: guidance; 1 is none, more exaggerates. 2 unless given; 4 with --official.
        steps: steps of the sampler, one evaluation of the network each. 50 unless given; 250 with --official.
        seed: names the noise.
        checkpoint: the step of an older checkpoint that `minidit train --keep` left; the latest unless given.
        out: the picture; RUN/drawn.png unless given.
        device: auto, cpu, cuda or mps.
        threads: processor threads.
        official: published weights instead of a run: a .pt or .safetensors file, or a diffusers folder.
        family: whose weights they are: dit, sit, ddt or repa.
        vae: the autoencoder that they draw for: a diffusers folder, or a name of the hub such as
            stabilityai/sd-vae-ft-mse, which is downloaded.
        config: settings that the shapes of the weights do not tell, such as heads=4.
    """
    device = use(device, threads)
    if official is not None:
        figure, count = draw_official(
            Weights(official, family, vae, config), labels, *_given(w, steps, 4.0, 250), seed, device
        )
        path = out or Path("runs") / official.stem / "drawn.png"
    else:
        state = TrainState.load(run, device, step=checkpoint)
        figure, count = _draw_run(state, labels, *_given(w, steps, 2.0, 50), seed)
        path = out or run / "drawn.png"
    write_whole(path, png(figure))
    print(f"{path}: {count} drawn.")
    return 0


def _given(w: float | None, steps: int | None, usual_w: float, usual_steps: int) -> tuple[float, int]:
    return usual_w if w is None else w, usual_steps if steps is None else steps


def _draw_run(
    state: TrainState, labels: tuple[int, ...], w: float, steps: int, seed: int
) -> tuple[Figure, int]:
    classes = state.experiment.model.num_classes
    wanted = torch.tensor(labels or [label for _ in range(8) for label in range(classes)])
    images = sample(state, wanted, w, steps, seed, watch=lambda parts: progress(parts, "sampling"))
    data = load(state.experiment.data, watch=lambda items: progress(items, "reading"))
    images = data.train.pixels(images)
    names = (*data.train.class_names, "no label")
    title = f"guidance {w:g}, Euler steps {steps}, seed {seed}"
    if labels:
        return rows({title: images}, columns=[names[label] for label in labels]), len(images)
    return grid(images, wanted, names[:-1], title), len(images)
