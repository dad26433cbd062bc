"""A slow-down shows: a training step is timed again and held, loosely, against the recorded results.

Only ratios to other code in the same process are compared, so a slow or busy machine changes little.
"""

import re

import pytest
import small
from report import RESULTS, read

LOOSE = 1.5
SIZE = small.SIZES[0]
RECORDED = sorted(RESULTS.glob("*.json"))


def slowed(network):
    """The same network, with every answer computed three times."""

    def answer(*given):
        network.answer(*given), network.answer(*given)
        return network.answer(*given)

    return network._replace(answer=answer)


def recorded():
    """How much longer the others took when the results of a processor were recorded."""
    found = read(RESULTS / "cpu.json")["small"]
    return next(small.Small(**one) for one in found if (one["width"], one["tokens"], one["batch"]) == SIZE)


def slower(now, before):
    """Whose head start melted away."""
    names = ("over_diffusers", "over_plain")
    return [name for name in names if getattr(now, name) < getattr(before, name) / LOOSE]


@pytest.mark.slow
def test_a_training_step_is_as_fast_as_recorded():
    now, before = small.measure(*SIZE, least=0.1), recorded()
    assert not slower(now, before), f"recorded: {before}; now: {now}"


@pytest.mark.slow
def test_a_planted_slow_down_shows(monkeypatch):
    mine = small.NETWORKS["minidit"]
    monkeypatch.setitem(small.NETWORKS, "minidit", lambda config: slowed(mine(config)))
    assert slower(small.measure(*SIZE, least=0.1), recorded()) == ["over_diffusers", "over_plain"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_results_are_whole(path):
    found, page = read(path), path.with_suffix(".md").read_text(encoding="utf-8")
    about = found["machine"]
    assert about["processor"] in page and (about["gpu"] or "") in page and about["torch"] in page
    assert about["threads"] >= 1 and about["cores"] >= 1
    assert all(bool(row["seconds"]) != bool(row["why"]) for row in found["rows"])
    made = {(row["part"], row["precision"], row["mode"], row["network"]) for row in found["rows"]}
    for part in ("training step", "sampling"):
        for precision in ("fp32", "bf16"):
            for mode in ("eager", "compiled"):
                for network in ("minidit", "diffusers", "plain"):
                    assert (part, precision, mode, network) in made
    assert {point["axis"] for point in found["growth"]} == {"tokens", "depth", "batch"}
    assert all(bound["kept"] for bound in found["bounds"]), "a bound was missed when this was recorded"
    picture = re.search(r"!\[\w.*\]\((\S+)\)", page).group(1)
    assert (path.parent / picture).is_file()


def test_a_processor_was_recorded():
    assert "cpu" in [path.stem for path in RECORDED]
