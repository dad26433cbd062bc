"""The verdicts of the library are those of the script that knows only the rule, here and on made-up ones."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the script and the made-up claims stand beside their tests

from recompute import recompute
from synthetic import METRIC, Case, arm_name, hypothesis, moved

from minidit.claims.cards import cards
from minidit.claims.facts import FACTS
from minidit.claims.trial import Trial
from minidit.claims.verdict import verdict
from minidit.errors import MiniditError

BOOK = Path(__file__).parents[2] / "book"
ARMS = [{}, {"model.norm_affine": True}, {"model.norm": "rms"}, {"model.mlp": "swiglu"}]
FACTORS = {"model.norm_affine": [True], "model.norm": ["rms"], "model.mlp": ["swiglu"]}


def compare(book):
    """Every number of every verdict, both ways; returns the words that were met."""
    found = recompute(book)
    assert not [lines for lines in found.values() if isinstance(lines, str)]
    words = set()
    for card in cards(book / "claims"):
        facts = {h.metric: FACTS[h.metric]() for h in card.hypotheses if h.metric in FACTS}
        for scale in card.scales:
            path = book / "evidence" / f"{card.id}.{scale}.json"
            if path.is_file():
                theirs = verdict(card, Trial.read(path), facts)
                for one, line in zip(theirs, found.pop(path.stem), strict=True):
                    assert one.name == line.name
                    if line.word != "counted":
                        same(one, line)
                        words.add(one.word)
    assert not found, "evidence without a card"
    return words


def same(one, line):
    assert one.word == line.word, (one, line)
    if line.differences is not None:
        assert one.differences == pytest.approx(line.differences, rel=1e-9, abs=1e-12)
        numbers = (one.mean, one.low, one.high, one.bar)
        assert numbers == pytest.approx(line[4:], rel=1e-7, abs=1e-12), (one, line)


def test_on_the_committed_evidence():
    compare(BOOK)


def chance(seed, kind):
    """A card whose effects lie around its bars, so that every word occurs."""
    draw = random.Random(f"{kind} {seed}")
    count = 5 if kind == "paired" else 4
    base = [draw.uniform(90, 110) for _ in range(count)]
    around = lambda mean, spread: [draw.gauss(mean, spread) for _ in base]  # noqa: E731
    arms = ARMS if kind == "paired" else [*ARMS[:3], ARMS[1] | ARMS[2]]
    values = {
        arm_name(arm): {METRIC: moved(around(draw.choice([-3, -0.6, 0, 0.6, 3]), 0.4), base)}
        for arm in arms[1:]
    }
    keys = list(FACTORS)
    subjects = {
        "paired": [(arm_name(arm), "base") for arm in arms[1:]],
        "factorial": [
            (keys[0], "base"),
            (f"{keys[0]} x {keys[1]}", "base"),
            (arm_name(arms[3]), arm_name(arms[1])),
        ],
    }[kind]
    hypotheses = [
        hypothesis(
            letter,
            arm=arm,
            than=than,
            direction=draw.choice(["lower", "higher", "same"]),
            unit=draw.choice(["percent", "absolute"]),
            delta=draw.choice([0.1, 0.5, 0.8]),
        )
        for letter, (arm, than) in zip("abc", subjects, strict=True)
    ]
    factors = FACTORS if kind == "paired" else dict(list(FACTORS.items())[:2])
    same = {METRIC: moved(around(0, draw.choice([0.1, 0.6])), base)}
    return Case(
        hypotheses=hypotheses,
        kind=kind,
        arms=arms,
        factors=factors,
        values=values | {"base": {METRIC: base}},
        same=same,
        seeds=count,
    )


@pytest.mark.parametrize("kind", ["paired", "factorial"])
def test_on_made_up_claims(tmp_path, kind):
    words = set()
    for seed in range(20):
        chance(seed, kind).write(tmp_path)
        words |= compare(tmp_path)
    assert words == {"supported", "refuted", "inconclusive"}


TOKENS = {"model.modulation": "none", "model.time_as": "token", "model.label_as": "token"}
CROSS = {"model.label_as": "cross_attention", "model.zero_init": "head"}


@pytest.mark.parametrize("than", ["base", "told=cross"])
def test_on_an_axis_that_moves_several_settings(tmp_path, than):
    told = [{"name": "tokens"} | TOKENS, {"name": "cross"} | CROSS]
    case = Case(
        hypotheses=[hypothesis("a", arm="told=tokens", than=than)],
        factors={"told": told},
        arms=[{}, *(table | {"name": f"told={table['name']}"} for table in told)],
        values={
            "told=tokens": {METRIC: moved([-3, -2.9, -3.2, -3, -3.1])},
            "told=cross": {METRIC: moved([1, 1, 1, 1, 1.1])},
        },
    )
    case.write(tmp_path)
    assert compare(tmp_path) == {"supported"}


def test_on_a_scaling_law(tmp_path):
    steps = [{"training.steps": 1400}, {"training.steps": 2800}, {"training.steps": 11200}]
    values = {
        arm_name(arm): {METRIC: [cost ** (-0.3 + n) for n in (0.0, 0.01, -0.01, 0.02, -0.02)]}
        for arm, cost in zip([{}, *steps], (700, 1400, 2800, 11200), strict=True)
    }
    for delta, word in ((0.2, "supported"), (0.3, "inconclusive"), (0.4, "refuted")):
        case = Case(
            hypotheses=[hypothesis("a", arm="", unit="absolute", delta=delta)],
            kind="scaling",
            sizes=steps,
            factors={},
            arms=[{}, *steps],
            values=values,
            same={METRIC: values["base"][METRIC]},
            settings={"training.steps": 700},
        )
        case.write(tmp_path)
        assert compare(tmp_path) == {word}


def test_a_stale_card_and_unreadable_samples(tmp_path):
    quality = {"quality.frechet": [20.0, 21, 22, 20, 21], "quality.accuracy": [0.5] * 5}
    better = {"quality.frechet": [10.0, 11, 12, 10, 11], "quality.accuracy": [0.5] * 5}
    case = Case(
        hypotheses=[hypothesis("a", metric="quality.frechet")],
        values={"base": quality, "norm_affine=true": better},
        same={"quality.frechet": [20.1, 21, 22.1, 20, 21]},
    )
    case.write(tmp_path)
    assert compare(tmp_path) == {"inconclusive"}
    card = next((tmp_path / "claims").glob("*.toml"))
    card.write_text(card.read_text(encoding="utf-8") + "\n# a later thought\n", encoding="utf-8")
    assert compare(tmp_path) == {"stale"}


@pytest.mark.parametrize(
    "changes",
    [
        {"same": {METRIC: [100.0, 101, 99, 100]}},
        {"same": {}},
        {"values": {"norm_affine=true": {METRIC: [1.0, 2, 3, 4]}}},
        {"values": {"norm_affine=true": {"velocity.train": [1.0, 2, 3, 4, 5]}}},
        {"undeclared": {"model.depth": 3}},
    ],
)
def test_both_refuse(tmp_path, changes):
    path = Case(**changes).write(tmp_path)
    assert isinstance(recompute(tmp_path)[path.stem], str)
    (card,) = cards(tmp_path / "claims")
    with pytest.raises(MiniditError):
        verdict(card, Trial.read(path))
