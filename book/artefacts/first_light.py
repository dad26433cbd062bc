"""Draw first_light.png, the picture of the README, from two finished runs.

minidit train digits && minidit train shapes32
python book/artefacts/first_light.py
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from einops import rearrange

from minidit.teach.show import png
from minidit.training import TrainState
from minidit.training.sampling import sample

ROWS, COLUMNS = 6, 12


def wall(run: Path, columns: int) -> torch.Tensor:
    """Samples of a run side by side: (rows * side, columns * side, 3), values in [0, 1]."""
    state = TrainState.load(run)
    classes = state.experiment.model.num_classes
    labels = (torch.arange(columns) * 5 % classes if classes > columns else torch.arange(columns)).repeat(
        ROWS
    )
    images = (sample(state, labels, w=2.0, seed=1) + 1) / 2
    images = 1 - images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
    gap = images.shape[-1] // 8
    images = torch.nn.functional.pad(images, (gap, gap, gap, gap), value=1.0)
    # (r*q, c, h, w) -> (r*h, q*w, c)
    return rearrange(images, "(r q) c h w -> (r h) (q w) c", r=ROWS)


def words(run: Path, what: str) -> str:
    """What was trained, how long, and on what."""
    metrics = json.loads((run / "metrics.json").read_text())
    training, where = metrics["training"], metrics["environment"]
    minutes = training["cpu_seconds"] / 60
    return f"{what}\n{training['parameters']:,} parameters, {minutes:.1f} min on one thread of an {where['processor']}"


runs = {"8 x 8 handwritten digits": Path("runs/digits"), "32 x 32 coloured shapes": Path("runs/shapes32")}
figure, axes = plt.subplots(1, 2, figsize=(12, 3.4), gridspec_kw={"width_ratios": [10, COLUMNS]})
for panel, (what, run), columns in zip(axes, runs.items(), (10, COLUMNS), strict=True):
    panel.imshow(wall(run, columns).numpy(), interpolation="nearest")
    panel.set_title(words(run, what), fontsize=10)
    panel.axis("off")
figure.tight_layout()
Path(__file__).with_suffix(".png").write_bytes(png(figure))
