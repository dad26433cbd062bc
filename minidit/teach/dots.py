"""A claim's verdicts in a picture: every seed a dot beside what the claim says."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minidit.claims.card import Card, Hypothesis
from minidit.claims.trial import Trial
from minidit.claims.verdict import Verdict
from minidit.errors import MiniditError
from minidit.teach.figures import ACCENT, BAND, INK, MUTED
from minidit.teach.numbers import decimals, measured
from minidit.teach.words import name_of

GREY, EDGE = "#5f6c77", "#8fb8dd"
WORD_COLOURS = {"supported": "#1b7a43", "refuted": ACCENT, "inconclusive": GREY}
# inches: a page that shows the picture 700 pixels wide has 100 of them to the inch
WIDTH, LEFT, RIGHT = 7.0, 0.15, 1.5
TOP, LINE, BAND_HEIGHT, GAP, AXIS = 0.62, 0.17, 0.36, 0.14, 0.62
LETTERS = 80  # in a line of a hypothesis
APART = 20.0  # rows whose numbers differ by more than this factor get axes of their own


@dataclass(frozen=True)
class _Row:
    """A hypothesis with its verdict, its numbers as they were measured: negative means lower."""

    hypothesis: Hypothesis
    verdict: Verdict

    def turned(self, *values: float) -> list[float]:
        """From the claimed direction back to the measured one, in rising order."""
        return measured(self.hypothesis.direction, *values)

    @property
    def claimed(self) -> tuple[float, float]:
        """Where the claim says that the effect lies."""
        bar, delta = self.verdict.bar, self.verdict.delta
        return {"same": (-delta, delta), "higher": (bar, math.inf), "lower": (-math.inf, -bar)}[
            self.hypothesis.direction
        ]

    @property
    def points(self) -> list[float]:
        """All numbers that must be seen."""
        verdict = self.verdict
        edges = [edge for edge in self.claimed if math.isfinite(edge)]
        return [*self.turned(verdict.low, verdict.high, *verdict.differences.values()), *edges]

    @property
    def text(self) -> list[str]:
        """The hypothesis in lines that fit."""
        return textwrap.wrap(f"{self.verdict.name}  {self.hypothesis.text}", LETTERS)

    @property
    def height(self) -> float:
        """Inches of its lines and of its band."""
        return LINE * len(self.text) + BAND_HEIGHT + GAP


@dataclass
class _Panel:
    """Rows that share an axis, above the A/A differences of their metric."""

    label: str
    same: list[float]
    rows: list[_Row] = field(default_factory=list)

    @property
    def height(self) -> float:
        """Inches down to the axis."""
        return sum(row.height for row in self.rows) + (LINE + BAND_HEIGHT * 0.6 if self.same else 0.0)

    @property
    def limits(self) -> tuple[float, float]:
        """The axis: everything that must be seen, and zero."""
        points = [0.0, *self.same, *(point for row in self.rows for point in row.points)]
        low, high = min(points), max(points)
        room = 0.08 * (high - low) or 1.0
        return low - room, high + room


def dots(card: Card, verdicts: Sequence[Verdict], trial: Trial) -> Figure:
    """A row a hypothesis: each seed's difference a dot, below them mean and interval, beside them the word.

    Blue is where the claim says that the effect lies, beyond the bar. An interval wholly in blue supports it,
    one wholly outside refutes it. Grey dots are A/A differences, between two runs of the base arm. Rows whose
    numbers are more than twenty times apart, or of another metric or unit, stand on axes of their own.

    Args:
        card: the claim card.
        verdicts: one for each of its hypotheses, in the card's order.
        trial: the evidence, of which the A/A differences are shown.

    Hypotheses without seeds, because a number was counted, have no dots and are left out.

    Raises:
        MiniditError: no verdict has dots, as when they are stale.
    """
    rows = [_Row(h, v) for h, v in zip(card.hypotheses, verdicts, strict=True) if v.differences]
    if not rows:
        raise MiniditError(
            f"{card.id} has no verdict with seeds at scale {trial.scale}: run the card (again)."
        )
    panels = _panels(card, rows, trial)
    height = TOP + sum(panel.height + AXIS for panel in panels)
    figure = plt.figure(figsize=(WIDTH, height), facecolor="white")
    seeds = max(len(row.verdict.differences) for row in rows)
    title = f"{card.id}, scale {trial.scale}, {seeds} seeds"
    _words(figure, LEFT / WIDTH, 1 - 0.2 / height, title, fontsize=11, weight="bold")
    key = (
        "dot: one seed   bar: mean and interval   blue: where the claim holds   dashed: short of it, refuted"
    )
    _words(figure, LEFT / WIDTH, 1 - 0.42 / height, key, color=GREY)
    top = TOP
    for panel in panels:
        box = (LEFT, height - top - panel.height, WIDTH - LEFT - RIGHT, panel.height)
        axes = figure.add_axes([part / size for part, size in zip(box, (WIDTH, height) * 2, strict=True)])
        _draw_panel(axes, panel)
        top += panel.height + AXIS
    return figure


def _panels(card: Card, rows: list[_Row], trial: Trial) -> list[_Panel]:
    panels: list[_Panel] = []
    for row in rows:
        same = [] if card.kind == "scaling" else _same(trial, row.hypothesis)
        label = _label(card, row)
        sizes = max(map(abs, row.points)) or 1.0
        for panel in panels:
            others = [max(map(abs, other.points)) or 1.0 for other in panel.rows]
            if panel.label == label and max(sizes, *others) <= APART * min(sizes, *others):
                panel.rows.append(row)
                break
        else:
            panels.append(_Panel(label, same, [row]))
    return panels


def _label(card: Card, row: _Row) -> str:
    """The axis in words."""
    name = name_of(row.hypothesis.metric)
    if card.kind == "scaling":
        return f"slope of log({name}) over log(FLOPs); left = falls faster"
    lower = "left = lower error" if "error" in name and "gap" not in name else "left = lower"
    if row.hypothesis.unit == "absolute":
        return f"difference in {name}; {lower}"
    beside = "base" if row.hypothesis.than == "base" else "other"
    return f"{name}: difference in % of the {beside} arm's; {lower}"


def _same(trial: Trial, hypothesis: Hypothesis) -> list[float]:
    """The A/A differences: the base arm from another start, less the base arm."""
    runs = [run for run in trial.runs if run.arm == "base" and hypothesis.metric in run.readouts]
    by_role: dict[str, dict[int, float]] = {"main": {}, "same": {}}
    for run in runs:
        by_role.get(run.role, {})[run.seed] = run.readouts[hypothesis.metric]
    main, same = by_role["main"], by_role["same"]
    percent = hypothesis.unit == "percent"
    return [(same[seed] - main[seed]) * (100 / main[seed] if percent else 1) for seed in same]


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    axes.set(ylim=(panel.height, 0), xlim=panel.limits, yticks=[])
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(labelsize=8, colors=INK)
    axes.set_xlabel(textwrap.fill(panel.label, LETTERS), fontsize=8.5, color=INK, parse_math=False)
    down = 0.0
    for row in panel.rows:
        _draw_row(axes, row, down, panel.limits)
        down += row.height
    if panel.same:
        across = axes.get_yaxis_transform()
        text = "the base arm beside itself, from another start (A/A)"
        axes.text(0, down, text, va="top", fontsize=8, color=GREY, transform=across)
        places = [down + LINE + 0.1 + lift for lift in _lifts(len(panel.same))]
        axes.plot(panel.same, places, "o", color=MUTED, markersize=4, alpha=0.8, markeredgewidth=0)


def _draw_row(axes: Axes, row: _Row, down: float, limits: tuple[float, float]) -> None:
    across, verdict = axes.get_yaxis_transform(), row.verdict
    for number, line in enumerate(row.text):
        axes.text(
            0,
            down + LINE * number,
            line,
            va="top",
            fontsize=8.5,
            color=INK,
            transform=across,
            parse_math=False,
        )
    top = down + LINE * len(row.text) + 0.03
    bottom = top + BAND_HEIGHT
    low, high = row.claimed
    axes.fill_betweenx([top, bottom], max(low, limits[0]), min(high, limits[1]), color=BAND, linewidth=0)
    axes.vlines([edge for edge in (low, high) if math.isfinite(edge)], top, bottom, color=EDGE, linewidth=1)
    if verdict.bar > verdict.delta and row.hypothesis.direction != "same":  # short of it lies what refutes
        axes.vlines(row.turned(verdict.delta), top, bottom, color=EDGE, linewidth=1, linestyle=(0, (2, 2)))
    colour = WORD_COLOURS[verdict.word]
    (mean,) = row.turned(verdict.mean)
    axes.plot([0, 0], [top, bottom], color=MUTED, linewidth=0.8)
    values = [row.turned(value)[0] for value in verdict.differences.values()]
    places = [top + 0.11 + lift for lift in _lifts(len(values))]
    axes.plot(values, places, "o", color=INK, markersize=4.5, alpha=0.75, markeredgewidth=0)
    axes.plot(row.turned(verdict.low, verdict.high), [top + 0.26] * 2, color=colour, linewidth=3)
    axes.plot([mean], [top + 0.26], "|", color=colour, markersize=11, markeredgewidth=2.2)
    lines = zip((-0.17, 0.0, 0.15), (verdict.word, *_numbers(row)), strict=False)
    looks = ({"color": colour, "fontsize": 9.5, "weight": "bold"}, *[{"color": INK, "fontsize": 8}] * 2)
    for (lift, text), look in zip(lines, looks, strict=False):
        axes.text(1.02, (top + bottom) / 2 + lift, text, transform=across, va="center", **look)


def _numbers(row: _Row) -> list[str]:
    """The effect and its interval, in the measured direction."""
    verdict = row.verdict
    unit = " %" if row.hypothesis.unit == "percent" else ""
    low, mean, high = decimals(*row.turned(verdict.low, verdict.mean, verdict.high))
    return [mean + unit, f"[{low}, {high}]"]


def _lifts(count: int) -> Iterator[float]:
    """Small steps up and down, so that equal numbers stay countable."""
    return ((index % 3 - 1) * 0.045 for index in range(count))


def _words(figure: Figure, x: float, y: float, text: str, **looks: object) -> None:
    figure.text(x, y, text, va="center", **({"fontsize": 8, "color": INK, "parse_math": False} | looks))
