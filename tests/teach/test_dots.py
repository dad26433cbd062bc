"""The pictures of a claim: what they show, that nothing is cut off, that equal claims give equal bytes."""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_hex

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))  # the made-up claims

from synthetic import METRIC, Case, arm_name, hypothesis, moved

from minidit.claims.cards import read
from minidit.claims.trial import Trial
from minidit.claims.verdict import verdict
from minidit.errors import MiniditError
from minidit.publish.pictures import picture, sources
from minidit.teach.dots import WIDTH, dots
from minidit.teach.figures import BAND
from minidit.teach.numbers import decimals, measured, short
from minidit.teach.rates import rates

LONG = (
    "Post-norm has a higher held-out error than pre-norm at depth 12, each at the best rate of its own grid; "
    * 2
)
EFFECTS = [[-1, -2, -3, -4, -5], [60, 61, 62, 63, 64], [0.1, -0.1, 0.2, 0, 0.05], [1, -1, 2, -2, 0.5]]
ARMS = [
    {},
    {"model.norm_affine": True},
    {"model.norm": "rms"},
    {"model.mlp": "swiglu"},
    {"model.norm": "ada"},
]
FACTORS = {"model.norm_affine": [True], "model.norm": ["rms", "ada"], "model.mlp": ["swiglu"]}


def tried(tmp_path, count=4):
    """A card of `count` hypotheses in all directions, its verdicts, and its evidence."""
    arms = [arm_name(arm) for arm in ARMS[1:]]
    gaps = {"velocity.gap": [1.0, 2, 3, 4, 5]}
    values = {"base": {METRIC: [100.0] * 5} | gaps}
    values |= {
        arm: {METRIC: moved(percents, [100.0] * 5)} | gaps
        for arm, percents in zip(arms, EFFECTS, strict=True)
    }
    values[arms[3]]["velocity.gap"] = [2.0, 3.5, 3, 5, 6]
    hypotheses = [
        hypothesis(
            "abcdefgh"[place],
            text=(LONG, "$x_1$ costs nothing.", "It is lower.")[place % 3],
            direction=("lower", "higher", "same")[place % 3],
            arm=arms[place % 4],
            metric="velocity.gap" if place == 7 else METRIC,
            unit="absolute" if place == 7 else "percent",
        )
        for place in range(count)
    ]
    same = {METRIC: [100.3, 99.9, 100.1, 99.8, 100.0], "velocity.gap": [1.2, 1.9, 3, 4, 5.1]}
    case = Case(hypotheses=hypotheses, factors=FACTORS, arms=ARMS, values=values, same=same)
    path = case.write(tmp_path)
    card, trial = read(next((tmp_path / "claims").glob("*.toml"))), Trial.read(path)
    return card, verdict(card, trial), trial


def texts(figure):
    """The words of a figure that are seen, with the box of each in pixels."""
    figure.canvas.draw()
    beyond = set()  # matplotlib keeps the labels of ticks outside the limits, and does not draw them
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        beyond |= {
            label
            for tick in ticks
            if not low <= tick.get_loc() <= high
            for label in (tick.label1, tick.label2)
        }
    found = [
        t for t in figure.findobj(plt.Text) if t.get_text().strip() and t.get_visible() and t not in beyond
    ]
    return [(t.get_text(), t.get_window_extent()) for t in found]


def boxes_inside(figure):
    edge = figure.bbox
    for text, box in texts(figure):
        assert edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1, text


@pytest.mark.parametrize("count", [1, 4, 8])
def test_nothing_is_cut_off_and_no_words_lie_on_others(tmp_path, count):
    card, found, trial = tried(tmp_path, count)
    figure = dots(card, found, trial)
    assert figure.get_figwidth() == WIDTH
    boxes_inside(figure)
    placed = texts(figure)
    for place, (text, box) in enumerate(placed):
        for other, other_box in placed[place + 1 :]:
            assert min(box.x1, other_box.x1) - max(box.x0, other_box.x0) < 2 or (
                min(box.y1, other_box.y1) - max(box.y0, other_box.y0) < 2
            ), (text, other)
    shown = " ".join(text for text, _ in placed)
    assert all(one.name in shown and one.word in shown for one in found)
    plt.close(figure)


def dots_of(axes, size):
    """The x of the dots of one size, a list a row."""
    lines = [line for line in axes.lines if line.get_marker() == "o" and line.get_markersize() == size]
    return [list(line.get_xdata()) for line in lines]


def test_every_seed_is_a_dot_in_the_direction_it_was_measured(tmp_path):
    card, found, trial = tried(tmp_path, 1)
    (axes,) = dots(card, found, trial).axes
    assert found[0].word == "supported" and found[0].mean == pytest.approx(3)
    assert dots_of(axes, 4.5) == [pytest.approx([-1, -2, -3, -4, -5])]
    assert dots_of(axes, 4) == [pytest.approx([0.3, -0.1, 0.1, -0.2, 0])]
    bar = next(line for line in axes.lines if line.get_linewidth() == 3)
    assert list(bar.get_xdata()) == pytest.approx([-found[0].high, -found[0].low])
    assert "left = lower error" in axes.get_xlabel() and "% of the base arm's" in axes.get_xlabel()
    plt.close("all")


@pytest.mark.parametrize(("place", "low", "high"), [(0, None, -0.5), (1, 0.5, None), (2, -0.5, 0.5)])
def test_blue_is_where_the_claim_holds(tmp_path, place, low, high):
    card, found, trial = tried(tmp_path, 3)
    one = replace(card, hypotheses=card.hypotheses[place : place + 1])
    (axes,) = dots(one, found[place : place + 1], trial).axes
    (blue,) = [c for c in axes.findobj(PolyCollection) if same_color(to_hex(c.get_facecolor()[0]), BAND)]
    x = blue.get_paths()[0].vertices[:, 0]
    left, right = axes.get_xlim()
    expected = left if low is None else low, right if high is None else high
    assert (min(x), max(x)) == pytest.approx(expected)
    plt.close("all")


def test_what_cannot_share_an_axis_has_its_own(tmp_path):
    card, found, trial = tried(tmp_path, 8)
    axes = dots(card, found, trial).axes
    # up to 64 percent and no less than a twentieth of it (a, b, e, f), less (c, d, g), another metric (h)
    assert [len(dots_of(one, 4.5)) for one in axes] == [4, 3, 1]
    assert [len(dots_of(one, 4)) for one in axes] == [1, 1, 1]
    assert sum("gap from training" in one.get_xlabel() for one in axes) == 1
    plt.close("all")


def test_stale_verdicts_have_no_picture(tmp_path):
    card, _, trial = tried(tmp_path, 1)
    changed = replace(card, sha256="another")
    with pytest.raises(MiniditError, match="no verdict with seeds"):
        dots(changed, verdict(changed, trial), trial)


@pytest.mark.slow  # draws four pictures as they are published
def test_pictures_repeat_and_say_what_they_were_made_from(tmp_path):
    card, found, trial = tried(tmp_path, 4)
    stamp, before = {"evidence": "abc", "card": "def"}, plt.get_fignums()
    for draw in (lambda: dots(card, found, trial), lambda: rates(trial)):
        first = picture(draw(), stamp)
        assert first == picture(draw(), stamp) and len(first) < 60_000
        (tmp_path / "x.png").write_bytes(first)
        assert sources(tmp_path / "x.png") == stamp
    assert plt.get_fignums() == before


def test_rates_show_every_arm_and_ring_its_choice(tmp_path):
    _, _, trial = tried(tmp_path, 4)
    runs = [
        replace(run, diverged=3, readouts={METRIC: 900.0})
        if (run.role, run.tuned) == ("tune", 0.004)
        else run
        for run in trial.runs
    ]
    figure = rates(replace(trial, runs=tuple(runs)))
    boxes_inside(figure)
    (axes,) = figure.axes
    rings = [line for line in axes.lines if line.get_markersize() == 11]
    # errors of the synthetic base: 90 at its best rate 0.002, and 5 more for the second seed
    assert len(rings) == len(ARMS) and rings[0].get_xydata()[0] == pytest.approx([0.002, 92.5])
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 2 * len(ARMS) and axes.get_ylim()[1] < 200
    assert {text.get_text() for text in figure.legends[0].texts} == set(trial.arms)
    plt.close("all")


def test_rates_of_an_untuned_claim_are_refused(tmp_path):
    _, _, trial = tried(tmp_path, 1)
    with pytest.raises(MiniditError, match="tuned nothing"):
        rates(replace(trial, runs=tuple(run for run in trial.runs if run.role != "tune")))


def test_numbers_have_the_digits_that_mean_something():
    assert decimals(-0.834, -0.334, 0.166) == ("-0.83", "-0.33", "+0.17")
    assert decimals(-1234.0, -1000.0, -766.0) == ("-1234", "-1000", "-766")
    assert decimals(-0.0004, -0.0001, 0.0002) == ("-0.00040", "-0.00010", "+0.00020")
    assert decimals(50, 50, 50) == ("+50.000",) * 3
    assert (short(0.5), short(894.912), short(1234567.8)) == ("0.5", "895", "1234568")
    assert measured("lower", 1, 2, 3) == [-3, -2, -1] and measured("same", 3, 1) == [1, 3]
