"""How sensitive each arm is to its learning rate: the tuning runs of a claim, in a picture."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from minidit.claims.trial import Trial, TrialRun
from minidit.errors import MiniditError
from minidit.teach.figures import INK, MUTED
from minidit.teach.words import name_of

COLOURS = ("#1f2933", "#c2410c", "#2b6cb0", "#1b7a43", "#8a5a9e", "#a8791a", "#b83280", "#4a9a9a")
STROKES = ("-", "--", ":")
FAR = 1.5  # the axis ends at so many times the best mean of the worst arm


def rates(trial: Trial, metric: str = "velocity.held_out", key: str = "learning rate") -> Figure:
    """Error against the tuned setting: a line an arm through the means, a seed a dot, the chosen ringed.

    A run that diverged is a cross, one above the axis an arrow; both stand at its upper end.

    Raises:
        MiniditError: the trial has no tuning runs.
    """
    runs = {arm: [run for run in trial.runs if run.role == "tune" and run.arm == arm] for arm in trial.arms}
    means = {arm: _means(own, metric) for arm, own in runs.items() if own}
    if not means:
        raise MiniditError(f"{trial.claim} tuned nothing at scale {trial.scale}: there is nothing to draw.")
    rows = -(-len(means) // 2)  # of the legend
    height = 2.9 + 0.2 * rows
    figure, axes = plt.subplots(figsize=(7.0, height), facecolor="white")
    figure.subplots_adjust(left=0.11, right=0.97, top=1 - 0.38 / height, bottom=(0.55 + 0.2 * rows) / height)
    errors = [run.readouts[metric] for own in runs.values() for run in own]
    top = min(FAR * max(min(by_rate.values()) for by_rate in means.values()), max(errors))
    for place, (arm, by_rate) in enumerate(means.items()):
        look = {"color": COLOURS[place % len(COLOURS)], "linestyle": STROKES[place // len(COLOURS) % 3]}
        axes.plot(*zip(*by_rate.items(), strict=True), linewidth=1.6, label=arm.replace("$", r"\$"), **look)
        _points(axes, runs[arm], metric, top, look["color"])
        if (chosen := trial.arms[arm].tuned) in by_rate:
            ring = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.6}
            axes.plot([chosen], [by_rate[chosen]], "o", color=look["color"], **ring)
    low = min(errors)
    axes.set_ylim(low - 0.06 * (top - low or low), top + 0.06 * (top - low or low))
    _say(axes, trial, sorted({rate for by_rate in means.values() for rate in by_rate}), metric, key)
    figure.legend(frameon=False, fontsize=8, labelcolor=INK, loc="lower center", ncols=2)
    return figure


def _means(runs: list[TrialRun], metric: str) -> dict[float, float]:
    by_rate: dict[float, list[float]] = {}
    for run in sorted(runs, key=lambda run: run.tuned):
        by_rate.setdefault(run.tuned, []).append(run.readouts[metric])
    return {rate: sum(errors) / len(errors) for rate, errors in by_rate.items()}


def _points(axes: Axes, runs: list[TrialRun], metric: str, top: float, colour: str) -> None:
    for run in runs:
        error = run.readouts[metric]
        marker = "x" if run.diverged is not None else "^" if error > top else "o"
        axes.plot([run.tuned], [min(error, top)], marker, color=colour, markersize=4, alpha=0.7)


def _say(axes: Axes, trial: Trial, grid: list[float], metric: str, key: str) -> None:
    """Title, axes, ticks."""
    title = f"{trial.claim}, scale {trial.scale}: ring = chosen, x = diverged, arrow = above the axis"
    axes.set_title(title, fontsize=9, color=INK, loc="left", parse_math=False)
    axes.set_xscale("log")
    axes.set_xlabel(key, fontsize=8.5, color=INK)
    axes.set_ylabel(name_of(metric), fontsize=8.5, color=INK)
    axes.xaxis.set_major_locator(FixedLocator(grid))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
