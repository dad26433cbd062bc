"""The script that computes verdicts a second time: checked by hand, and against the library."""

import ast
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the script and the made-up claims stand beside their tests

from recompute import Refused, holm, interval, recompute
from synthetic import BASE, METRIC, SAME, Case, arm_name, hypothesis, moved

SCRIPT = Path(__file__).with_name("recompute.py")
AFFINE, RMS, ONE = "norm_affine=true", "norm=rms", [1.0, 2.0, 3.0, 4.0, 5.0]
# A/A in percent: 0.4, -0.3 / 1.1, 0.5 / 0.9, -0.2 / 1.05, 0.1 / 0.95; squares around the mean sum to 0.518954
FLOOR = 0.360192


def lines(tmp_path, case):
    """The recomputed lines of one case, by hypothesis."""
    case.write(tmp_path)
    found = recompute(tmp_path)[f"{case.id}.{case.scale}"]
    return found if isinstance(found, str) else {line.name.split(".")[1]: line for line in found}


def affine(percents, **changes):
    """One hypothesis, of an arm that differs from the base by these percents."""
    return Case(**{"values": {AFFINE: {METRIC: moved(percents)}}} | changes)


def test_the_script_imports_the_standard_library_and_scipy_only():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    allowed = {*sys.stdlib_module_names, "scipy"} - {"importlib", "runpy", "subprocess"}
    assert names and {name.split(".")[0] for name in names} <= allowed
    assert not re.search(r"__import__|\bexec\(|\beval\(", SCRIPT.read_text(encoding="utf-8"))


def test_it_runs_alone_and_prints_one_line_a_hypothesis(tmp_path):
    affine([-1, -2, -3, -4, -5]).write(tmp_path)
    done = subprocess.run([sys.executable, "-I", SCRIPT, tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "C90.a cpu supported 3 [1.037, 4.963] bar 0.5\n")


@pytest.mark.parametrize(
    ("direction", "percents", "delta", "word"),
    [
        ("lower", [-1, -2, -3, -4, -5], 0.5, "supported"),  # 3 +- 2.776445 * 1.581139 / sqrt(5) = 3 +- 1.963
        ("lower", [-1, -2, -3, -4, -5], 1.1, "inconclusive"),
        ("lower", [-1, -2, -3, -4, -5], 5.1, "refuted"),
        ("lower", [1, 2, 3, 4, 5], 0.5, "refuted"),
        ("higher", [1, 2, 3, 4, 5], 0.5, "supported"),
        ("higher", [1, 2, 3, 4, 5], 5.1, "refuted"),
        ("same", [1, 2, 3, 4, 5], 5.1, "supported"),
        ("same", [-1, -2, -3, -4, -5], 5.1, "supported"),
        ("same", [-1, -2, -3, -4, -5], 0.5, "refuted"),
        ("same", [1, 2, 3, 4, 5], 4.9, "inconclusive"),
        ("same", [1, 2, 3, 4, 5], 1.1, "inconclusive"),
    ],
)
def test_words_by_hand(tmp_path, direction, percents, delta, word):
    line = lines(tmp_path, affine(percents, hypotheses=[hypothesis("a", direction=direction, delta=delta)]))[
        "a"
    ]
    sign = -1 if direction == "lower" else 1
    mean = sign * sum(percents) / 5
    assert line.word == word and line.bar == delta
    assert line[4:7] == pytest.approx((mean, mean - 1.963243, mean + 1.963243), abs=1e-5)
    assert line.differences == pytest.approx({seed: sign * p for seed, p in enumerate(percents)})


def test_the_floor_is_the_bar_where_it_is_larger(tmp_path):
    line = lines(tmp_path, affine([-1, -2, -3, -4, -5], hypotheses=[hypothesis("a", delta=0.1)]))["a"]
    assert line.bar == pytest.approx(FLOOR, abs=1e-5) and line.word == "supported"
    wide = Case(
        values={AFFINE: {METRIC: moved([-1, -2, -3, -4, -5])}}, same={METRIC: moved([9, -9, 9, -9, 9])}
    )
    assert lines(tmp_path, wide)["a"].word == "refuted"  # beyond 0.5, but not beyond what chance does: 9.86


def test_absolute_differences(tmp_path):
    one = hypothesis("a", unit="absolute", delta=0.5)
    values = {AFFINE: {METRIC: [b - d for b, d in zip(BASE, ONE, strict=True)]}}
    line = lines(tmp_path, Case(hypotheses=[one], values=values))["a"]
    assert line[4:] == pytest.approx((3, 1.036757, 4.963243, 0.5), abs=1e-5)
    floor = [a - b for a, b in zip(SAME, BASE, strict=True)]  # 0.4 -0.3 0.5 -0.2 0.1: sd 0.353553
    assert sum(floor) == pytest.approx(0.5)
    line = lines(tmp_path, Case(hypotheses=[one | {"delta": 0.0}], values=values))["a"]
    assert line.bar == pytest.approx(0.353553, abs=1e-5)


def test_holm_by_hand():
    # of four: 0.05 / 4 = 0.0125 passed, 0.05 / 3 = 0.0167 passed, 0.05 / 2 = 0.025 failed and ends it
    assert holm([0.03, 0.001, 0.9, 0.015]) == [
        (False, pytest.approx(0.975)),
        (True, pytest.approx(0.9875)),
        (False, pytest.approx(0.975)),
        (True, pytest.approx(1 - 0.05 / 3)),
    ]
    assert [decisive for decisive, _ in holm([0.02, 0.02, 0.02])] == [False, False, False]


def test_holm_over_the_card(tmp_path):
    """Alone b would be supported; beside a it is measured at 0.05 and a at 0.025."""
    arms = [{}, {"model.norm_affine": True}, {"model.norm": "rms"}]
    values = {
        AFFINE: {METRIC: moved([-1, -2, -3, -4, -5])},
        RMS: {METRIC: moved([-9, -9.1, -9.2, -9.3, -9.4])},
    }
    pair = [hypothesis("a", delta=0.9), hypothesis("b", arm=RMS, text="RMS is lower.")]
    factors = {"model.norm_affine": [True], "model.norm": ["rms"]}
    found = lines(tmp_path, Case(hypotheses=pair, arms=arms, values=values, factors=factors))
    assert found["a"].word == "supported" and found["a"].high - found["a"].mean == pytest.approx(1.963243)
    # t of 0.9875 with 4 degrees of freedom is 3.495406
    assert found["b"].high - found["b"].mean == pytest.approx(3.495406 * 0.158114 / math.sqrt(5), abs=1e-5)
    third = [*pair, hypothesis("c", arm=RMS, delta=9.2, text="RMS is far lower.")]
    found = lines(tmp_path, Case(hypotheses=third, arms=arms, values=values, factors=factors))
    # b at 0.0167; then a (p = 0.041) is not below 0.025: neither it nor c, which comes after it, is decided
    assert [found[letter].word for letter in "abc"] == ["inconclusive", "supported", "inconclusive"]
    assert found["a"].high - found["a"].mean == pytest.approx(3.495406 * 1.581139 / math.sqrt(5), abs=1e-5)


def test_equal_differences_are_decided_by_their_value(tmp_path):
    exact = [b / 2 for b in BASE]
    for delta, word in ((49, "supported"), (50, "inconclusive"), (51, "refuted")):
        case = Case(hypotheses=[hypothesis("a", delta=delta)], values={AFFINE: {METRIC: exact}})
        line = lines(tmp_path, case)["a"]
        assert (line.word, line.low, line.high) == (word, 50, 50)
    assert interval([0.1] * 3, 0.95) == (0.1, 0.1)


def test_samples_count_only_where_the_base_arm_draws_well(tmp_path):
    distance = "quality.frechet"
    for accuracy, word in ((0.79, "inconclusive"), (0.8, "supported")):
        base = {distance: BASE, "quality.accuracy": [accuracy] * 5}
        values = {"base": base, AFFINE: {distance: moved([-1, -2, -3, -4, -5])}}
        case = Case(hypotheses=[hypothesis("a", metric=distance)], values=values, same={distance: SAME})
        assert lines(tmp_path, case)["a"].word == word


def crossed(hypotheses):
    """Two factors: affine adds 1, rms adds 10, both together add 4 more, on a base of 100."""
    affine, rms = {"model.norm_affine": True}, {"model.norm": "rms"}
    arms = [{}, affine, rms, affine | rms]
    noise = [0.0, 0.1, -0.1, 0.2, -0.2]
    base = {seed: 100.0 for seed in range(5)}
    added = dict(zip(map(arm_name, arms), (0, 1, 10, 15), strict=True))
    values = {
        name: {METRIC: [base[s] + plus + noise[s] * bool(plus) for s in base]} for name, plus in added.items()
    }
    factors = {"model.norm_affine": [True], "model.norm": ["rms"]}
    same = {METRIC: [100.1, 99.9, 100.0, 100.1, 99.9]}
    return Case(hypotheses=hypotheses, kind="factorial", factors=factors, arms=arms, values=values, same=same)


def test_main_effects_and_interaction_by_hand(tmp_path):
    names = ("model.norm_affine", "model.norm", "model.norm_affine x model.norm")
    three = [
        hypothesis(letter, direction="higher", unit="absolute", arm=arm)
        for letter, arm in zip("abc", names, strict=True)
    ]
    found = lines(tmp_path, crossed(three))
    # affine: (1 - 0 + 15 - 10) / 2; rms: (10 - 0 + 15 - 1) / 2; together: ((15 - 10) - (1 - 0)) / 2
    assert [found[letter].mean for letter in "abc"] == pytest.approx([3, 12, 2])
    # what chance adds: affine (n + n - n) / 2; together ((n - n) - n) / 2
    assert list(found["a"].differences.values()) == pytest.approx([3, 3.05, 2.95, 3.1, 2.9])
    assert list(found["c"].differences.values()) == pytest.approx([2, 1.95, 2.05, 1.9, 2.1])
    assert {line.word for line in found.values()} == {"supported"}


def test_a_factorial_of_too_few_arms_is_refused(tmp_path):
    case = crossed([hypothesis("a", arm="model.norm")])
    case.arms = case.arms[:3]
    assert "one arm for each combination" in lines(tmp_path, case)


def test_the_slope_of_a_scaling_law_by_hand(tmp_path):
    arms = [{}, {"training.steps": 2800}, {"training.steps": 11200}]
    costs = [700, 2800, 11200]
    noise = [0.0, 0.01, -0.01, 0.02, -0.02]
    values = {
        arm_name(arm): {METRIC: [cost ** (-0.3 + n) for n in noise]}
        for arm, cost in zip(arms, costs, strict=True)
    }
    case = Case(
        hypotheses=[hypothesis("a", arm="", unit="absolute", delta=0.2)],
        kind="scaling",
        factors={"training.steps": [2800, 11200]},
        arms=arms,
        values=values,
        same={},
        settings={"training.steps": 700},
    )
    line = lines(tmp_path, case)["a"]
    assert list(line.differences.values()) == pytest.approx([0.3, 0.29, 0.31, 0.28, 0.32])
    assert (line.word, line.bar) == ("supported", 0.2)


def test_what_is_counted_is_no_matter_of_runs(tmp_path):
    """It neither needs evidence nor makes the intervals of the others wider."""
    fact = hypothesis("b", metric="fact.merged_affine", arm="")
    found = lines(tmp_path, affine([-1, -2, -3, -4, -5], hypotheses=[hypothesis("a"), fact]))
    assert str(found["b"]) == "C90.b cpu counted" and found["a"].high == pytest.approx(4.963243)


def test_a_changed_card_is_stale(tmp_path):
    case = affine([-1, -2, -3, -4, -5])
    case.write(tmp_path)
    card = next((tmp_path / "claims").glob("*.toml"))
    card.write_text(card.read_text(encoding="utf-8").replace("delta = 0.5", "delta = 0.4"), encoding="utf-8")
    assert [str(line) for line in recompute(tmp_path)["C90.cpu"]] == ["C90.a cpu stale"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"same": {METRIC: SAME[:4]}}, "not paired"),
        ({"values": {AFFINE: {METRIC: BASE[:4]}}}, "not paired"),
        ({"values": {AFFINE: {METRIC: BASE[:2]}, "base": {METRIC: BASE[:2]}}}, "too few"),
        ({"values": {AFFINE: {"velocity.train": BASE}}}, "velocity.held_out is missing"),
        ({"arms": [{}]}, "there is no arm norm_affine=true"),
        ({"same": {}}, "no same run of arm base"),
        ({"undeclared": {"model.depth": 3}}, "differ in model.depth"),
    ],
)
def test_refusals(tmp_path, changes, words):
    assert words in lines(tmp_path, affine([1, 2, 3, 4, 5], **changes))


def test_a_book_with_refused_evidence_fails(tmp_path):
    affine([1, 2, 3, 4, 5], same={}).write(tmp_path)
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.startswith("C90.cpu refused: there is no same run")
    assert issubclass(Refused, Exception)
