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


def _panels(rows: Sequence[Tensor], size: float) -> tuple[Figure, Sequence]:
    """A figure of equal squares, a row for each of `rows`; returns it with its axes (row, column)."""
    width = max(len(images) for images in rows)
    figure, axes = plt.subplots(len(rows), width, figsize=(size * width, size * len(rows)), squeeze=False)
    figure.subplots_adjust(0, 0, 1, 1, wspace=0.1, hspace=0.1)
    for row, images in zip(axes, rows, strict=True):
        for panel, x in zip(row, images, strict=False):
            picture(panel, x)
        for panel in row[len(images) :]:
            panel.axis("off")
    return figure, axes


def grid(x: Tensor, labels: Tensor, class_names: Sequence[str], title: str = "", most: int = 8) -> Figure:
    """Samples in a grid, a column for each class that occurs, at most `most` of each.

    x (n, c, h, w), labels (n,); label len(class_names) is the null label.
    """
    names = (*class_names, "no label")
    present = labels.unique().tolist()
    columns = [x[labels == label][:most] for label in present]
    height = max(len(column) for column in columns)
    blank = torch.ones_like(x[:1])
    full = [torch.cat([column, blank.expand(height - len(column), -1, -1, -1)]) for column in columns]
    figure, axes = _panels(list(torch.stack(full, dim=1)), size=0.75 if len(present) <= 12 else 0.6)
    wordy = {"rotation": 45, "ha": "left", "fontsize": 8}
    for panel, label in zip(axes[0], present, strict=True):
        panel.set_title(names[label], color=INK, **({"fontsize": 11} if len(names[label]) < 3 else wordy))
    for column, images in enumerate(columns):
        for panel in axes[len(images) :, column]:
            panel.axis("off")
    if title:
        figure.supxlabel(title, fontsize=9, color=MUTED, y=-0.02, va="top")
    return figure


def rows(named: dict[str, Tensor], columns: Sequence[str] = ()) -> Figure:
    """Rows of images with a label on the left: {label: (n, c, h, w)}; `columns` are titles on top."""
    figure, axes = _panels(list(named.values()), size=0.75)
    for panel, name in zip(axes[:, 0], named, strict=True):
        panel.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=INK)
    for panel, title in zip(axes[0], columns, strict=False):
        panel.set_title(title, fontsize=9, color=INK)
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
    marker = "o" if len(means) == 1 else None
    axes.plot(steps, means, color=ACCENT, linewidth=1.8, marker=marker, label="this run")
    axes.set(xlabel="step", ylabel="velocity error")
    # the first points stand far above the rest; with evidence the limits stay while the run grows
    typical = torch.tensor(evidence.runs[0].losses if evidence else means or [1.0]).quantile(0.9).item()
    axes.set_ylim(0, 1.8 * typical)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
