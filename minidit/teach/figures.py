"""The book's figures: small pictures in a grid, rows of pictures with a label, curves over a band."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minidit.measure.evidence import Evidence, smooth

INK, MUTED, BAND = "#1f2933", "#8795a1", "#cfe3f5"
ACCENT = "#c2410c"


def picture(axes: Axes, x: Tensor) -> None:
    """Draw one image (channels, height, width) in [-1, 1]; grey ones as ink on paper."""
    pixels = ((x.detach().cpu() + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()  # (c, h, w) -> (h, w, c)
    ink = {"cmap": "gray_r", "vmin": 0, "vmax": 1} if pixels.shape[-1] == 1 else {}
    axes.imshow(pixels[..., 0] if ink else pixels, interpolation="nearest", **ink)
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(color="#d7dde3", linewidth=0.6)


def grid(x: Tensor, labels: Tensor, class_names: Sequence[str], title: str = "") -> Figure:
    """Samples in a grid, a column for each class that occurs: x (n, c, h, w), labels (n,)."""
    present = [label for label in range(len(class_names)) if (labels == label).any()]
    columns = [x[labels == label] for label in present]
    height = min(max(len(column) for column in columns), 8)
    size = 0.62 if len(present) > 12 else 0.75
    figure, axes = plt.subplots(
        height, len(present), figsize=(size * len(present), size * height + 0.7), squeeze=False
    )
    for j, (label, column) in enumerate(zip(present, columns, strict=True)):
        wordy = len(class_names[label]) > 3
        axes[0, j].set_title(
            class_names[label],
            fontsize=8 if wordy else 11,
            color=INK,
            rotation=45 if wordy else 0,
            ha="left" if wordy else "center",
        )
        for i in range(height):
            if i < len(column):
                picture(axes[i, j], column[i])
            else:
                axes[i, j].axis("off")
    if title:
        figure.supxlabel(title, fontsize=9, color=MUTED, y=0.04)
    figure.subplots_adjust(wspace=0.08, hspace=0.08)
    return figure


def rows(named: dict[str, Tensor], columns: Sequence[str] = ()) -> Figure:
    """Rows of images with a label on the left: {label: (n, c, h, w)}; `columns` are titles on top."""
    width = max(len(x) for x in named.values())
    figure, axes = plt.subplots(
        len(named), width, figsize=(0.8 * width + 1.6, 0.8 * len(named) + 0.3), squeeze=False
    )
    for i, (name, images) in enumerate(named.items()):
        axes[i, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=INK)
        for j in range(width):
            if j < len(images):
                picture(axes[i, j], images[j])
            else:
                axes[i, j].axis("off")
    for j, title in enumerate(columns):
        axes[0, j].set_title(title, fontsize=9, color=INK)
    figure.subplots_adjust(wspace=0.08, hspace=0.08)
    return figure


def curves(losses: Sequence[float], evidence: Evidence | None = None) -> Figure:
    """The smoothed loss of a run over the recorded seeds and the band in which a healthy run stays."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    if evidence is not None:
        steps, bands = list(evidence.loss_bands), list(evidence.loss_bands.values())
        low, high = ([getattr(band, side) for band in bands] for side in ("low", "high"))
        axes.fill_between(steps, low, high, color=BAND, linewidth=0, label="band of a healthy run (99 %)")
        for index, run in enumerate(evidence.runs):
            label = f"recorded, {len(evidence.runs)} seeds" if index == 0 else None
            axes.plot(run.steps, run.losses, ".", color=MUTED, markersize=3, label=label)
    steps, means = smooth(losses)
    axes.plot(steps, means, color=ACCENT, linewidth=1.8, label="this run")
    axes.set(xlabel="step", ylabel="velocity error")
    top = torch.tensor(means or [1.0]).quantile(0.9).item()
    axes.set_ylim(0, max(1.0, 1.6 * top))
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
