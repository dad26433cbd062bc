"""The results are written for people and for programs, and say where they are from."""

import json
import platform
from dataclasses import replace

import pytest
from bounds import Bound
from figure import draw
from growth import SCALES, Point
from report import Results, machine, markdown, name, read, write
from rows import Row
from small import Small

ROW = Row("training step", "minidit", "DiT-S/2", "fp32", "eager", 4, 10**9, (0.5, 0.3, 0.4), 0.876543, 1.0)
GPU = {"gpu": "NVIDIA H100 80GB HBM3", "memory of the GPU": 80 * 2**30}


@pytest.fixture
def results():
    """One row of each kind."""
    rows = [
        ROW,
        replace(ROW, network="minidit, TREAD", over_minidit=0.7, flops=7 * 10**8),
        replace(ROW, mode="compiled", seconds=(), over_minidit=None, why="torch.compile failed here: Error"),
        replace(ROW, part="sampling", over_minidit=1.25),
    ]
    points = [
        Point(axis, at, who, 0.1 * at, 0.05 * at)
        for axis in ("tokens", "depth", "batch")
        for at in (1, 4)
        for who in ("minidit", "plain")
    ]
    small, bounds = [Small(64, 16, 32, 0.0123, 1.41, 1.27)], [Bound("a", 1, 2), Bound("b", 3, 2)]
    return Results(
        machine("cpu") | {"gpu": None}, "abc1234", 200.0, rows, small, points, SCALES["cpu"], bounds
    )


def test_people_read_what_was_measured(results):
    page = markdown(results, "cpu")
    assert "| DiT-S/2 | minidit | fp32 | eager | 4 | 400.0 | 10 | 0.88 | 1.00 |" in page
    assert "| DiT-S/2 | minidit | fp32 | compiled | 4 | torch.compile failed here: Error |  |  |  |" in page
    assert "| DiT-S/2 | fp32 | eager | 1.00 |" in page  # TREAD: 1 / 0.7 sooner, 10 / 7 less to multiply
    assert "| 64 | 16 | 32 | 12.3 | 1.41 | 1.27 |" in page
    assert "| a | 1 | at most 2 | yes |" in page and "| b | 3 | at most 2 | **no** |" in page
    assert "took 3.3 minutes" in page and "abc1234" in page and "(growth.cpu.png)" in page
    widths = [line.count("|") for line in page.splitlines() if line.startswith("| DiT-S/2 | minidit")]
    assert len(set(widths)) == 1


def test_a_gpu_has_a_name_and_a_memory(results):
    results = replace(results, machine=results.machine | GPU, rows=[replace(ROW, memory=3 * 2**30)])
    page = markdown(results, name(results.machine))
    assert name(results.machine) == "nvidia-h100-80gb-hbm3" and name({"gpu": None}) == "cpu"
    assert "# Speed on NVIDIA H100 80GB HBM3" in page and "80 GiB" in page
    assert "| peak GiB |" in page and "| 1.00 | 3.0 |" in page and "Seconds by the clock" in page


def test_programs_read_what_was_written(results, tmp_path):
    page = write(results, tmp_path / "results")
    found = read(page.with_suffix(".json"))
    assert page.name == "cpu.md" and page.read_text() == markdown(results, "cpu")
    assert found["rows"][0]["seconds"] == [0.5, 0.3, 0.4] and found["rows"][0]["utilisation"] == 0.87654
    assert [bound["kept"] for bound in found["bounds"]] == [True, False]
    assert found["growth"][-1] == {
        "axis": "batch",
        "at": 4,
        "network": "plain",
        "seconds": 0.4,
        "products": 0.2,
    }
    page.with_suffix(".json").write_text(json.dumps(found | {"format": "minidit benchmarks 0"}))
    with pytest.raises(ValueError, match="run make bench"):
        read(page.with_suffix(".json"))


def test_the_machine_is_said_and_its_owner_is_not():
    about = machine("cpu")
    assert about["processor"] and about["cores"] and about["threads"] == 1 and about["torch"]
    assert platform.node() not in json.dumps(about) or len(platform.node()) < 4
    assert "/" not in json.dumps(about["multiplies bf16 by"] + [about["instructions"]])


def test_the_figure_is_drawn(results, tmp_path):
    draw(results.growth, results.scale, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 20_000
