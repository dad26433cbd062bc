"""The figure of how cost grows: dots are measured, the line is what the products alone must cost."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from growth import Point, Scale
from matplotlib.axes import Axes

INK, GREY, BLUE, RED = "#222222", "#767676", "#1f5fa8", "#b3431e"
LOOKS = {
    "minidit": {"marker": "o", "color": BLUE, "label": "minidit, measured"},
    "plain": {
        "marker": "s",
        "color": RED,
        "markerfacecolor": "white",
        "label": "attention map written down, measured",
    },
}
WORDS = {"tokens": "tokens", "depth": "blocks", "batch": "images in a batch"}


def draw(points: Sequence[Point], scale: Scale, path: Path) -> None:
    """Three panels, tokens, depth and batch, both axes logarithmic."""
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.9), sharey=True, facecolor="white")
    for panel, axis in zip(panels, WORDS, strict=True):
        _panel(panel, [point for point in points if point.axis == axis])
        panel.set_xlabel(WORDS[axis], color=INK)
        panel.set_title(_fixed(axis, scale), fontsize=9, color=GREY, loc="left")
    panels[0].set_ylabel("seconds of a training step", color=INK)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    figure.subplots_adjust(left=0.08, right=0.99, top=0.92, bottom=0.25, wspace=0.08)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _panel(panel: Axes, points: Sequence[Point]) -> None:
    mine = [point for point in points if point.network == "minidit"]
    at = [point.at for point in mine]
    line = {"color": INK, "linewidth": 1.2, "label": "products alone: FLOPs / a large product's rate"}
    panel.plot(at, [point.products for point in mine], **line)
    for name, look in LOOKS.items():
        own = [point for point in points if point.network == name]
        panel.plot([p.at for p in own], [p.seconds for p in own], linestyle="none", markersize=6, **look)
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xticks(at, [str(number) for number in at])
    panel.minorticks_off()
    panel.grid(color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(colors=INK, labelsize=9)


def _fixed(axis: str, scale: Scale) -> str:
    """What does not grow in the panel of `axis`."""
    config = scale.config
    said = {
        "tokens": f"{config.tokens} tokens",
        "depth": f"{config.depth} block{'s' if config.depth > 1 else ''}",
        "batch": f"batch {scale.batch}",
    }
    return ", ".join(words for name, words in said.items() if name != axis)
