import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from minidit.publish import environment, replay


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("MINIDIT_QUIET", "1")


def change(source, old: str, new: str) -> None:
    path = source.with_suffix(".ipynb")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_good_chapter_passes(built, capsys):
    assert replay.test([built]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ch01_toy: 12 cells, ") and line.endswith(f" {replay.CLOCK}, passed")


def test_corrupt_outputs_fail(toy, capsys):
    change(toy, '"tokens 16\\n"', '"tokens 17\\n"')
    change(toy, '"evalue": "the point', '"evalue": "a point')
    assert replay.test([toy]) == 1
    told = capsys.readouterr().out
    assert told.startswith("ch01_toy: 12 cells, ") and "failed\n" in told
    assert "ch01_toy, cell 9: the replay failed (-: now, +: in the notebook). Cell outputs differ" in told
    assert "ch01_toy, cell 12: the replay failed" in told
    assert told.count("the replay failed") == 2


def test_nothing_compared_is_no_success(chapter, capsys):
    source = chapter("")
    silent = new_code_cell("x = 1", execution_count=1)
    for cells in ([], [silent]):
        nbformat.write(new_notebook(cells=cells), source.with_suffix(".ipynb"))
        assert replay.test([source]) == 1
        assert "ch02_small: nothing to compare" in capsys.readouterr().out


@pytest.mark.parametrize("status", [0, 5])
def test_nothing_replayed_is_no_success(built, monkeypatch, capsys, status):
    monkeypatch.setattr(replay, "_nbval", lambda path, variables: (status, "no tests ran", []))
    assert replay.test([built]) == 1
    told = capsys.readouterr().out
    assert "ch01_toy: 0 of 12 code cells were replayed." in told
    assert ("nbval stopped with status 5" in told) == (status == 5)


def test_no_chapter_is_no_success(chapter, capsys):
    assert replay.test([]) == 1
    assert "nothing was compared" in capsys.readouterr().out
    assert replay.test([chapter("")]) == 1
    assert "There is no ch02_small.ipynb; run `minidit book build`." in capsys.readouterr().out


def test_skipped_cell_is_no_success(toy, capsys):
    change(toy, '"nbval-ignore-output"', '"nbval-skip"')
    assert replay.test([toy]) == 1
    assert "ch01_toy, cell 6: the cell was not compared" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(replay.resource is None, reason="measured by the wall clock")
def test_seconds_include_the_kernel_and_the_budget_binds(chapter, monkeypatch, capsys):
    burn = "import time\n\nwhile time.process_time() < 7:\n    pass\nprint(1)"
    output = new_output("stream", name="stdout", text="1\n")
    source = chapter("")
    cell = new_code_cell(burn, execution_count=1, outputs=[output])
    nbformat.write(new_notebook(cells=[cell]), source.with_suffix(".ipynb"))
    monkeypatch.setattr(replay, "BUDGET_SECONDS", 7)
    assert replay.test([source]) == 1
    told = capsys.readouterr().out
    assert "the budget is 7; make the live run smaller" in told
    assert "the replay failed" not in told


@pytest.mark.slow
def test_dead_kernel_fails(toy, monkeypatch, capsys):
    monkeypatch.setattr(environment, "CELL_TIMEOUT", 5)
    change(toy, '"2 + 2"', '"os._exit(1)"')
    assert replay.test([toy]) == 1
    assert "cell 7: the replay failed" in capsys.readouterr().out


@pytest.mark.slow
def test_notebook_that_hangs_is_ended(toy, monkeypatch, capsys):
    monkeypatch.setattr(replay, "NOTEBOOK_TIMEOUT", 3)
    change(toy, '"2 + 2"', '"time.sleep(20)"')
    assert replay.test([toy]) == 1
    assert "It was ended after 3 s." in capsys.readouterr().out
