import json
import re
from pathlib import Path

import nbformat
import pytest

from minidit.errors import MiniditError
from minidit.publish import environment
from minidit.publish.builder import build
from minidit.publish.widgets import STATE, VIEW


@pytest.fixture(scope="module")
def notebook(built):
    return nbformat.read(built.with_suffix(".ipynb"), as_version=4)


def outputs(notebook, word: str) -> list:
    return next(cell.outputs for cell in notebook.cells if word in cell.source and cell.cell_type == "code")


def test_two_builds_are_equal(toy):
    path = toy.with_suffix(".ipynb")
    first = path.read_bytes()
    assert build(toy) == path
    assert path.read_bytes() == first
    assert sorted(file.name for file in toy.parent.iterdir()) == ["ch01_toy.ipynb", "ch01_toy.py"]


def test_notebook_is_valid_and_bare(notebook):
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "minidit", "widgets"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_equal_cells_have_their_own_ids(built):
    # nbformat mends a repeated id (with a random one) when it reads, so we look at the file
    cells = json.loads(built.with_suffix(".ipynb").read_text())["cells"]
    assert len({"".join(cell["source"]) for cell in cells}) < len(cells)
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_machine_leaves_no_trace(notebook, built):
    stdout, stderr = outputs(notebook, "secrets")
    lines = stdout.text.splitlines()
    assert lines[0] == "<object object at 0x...>"
    assert (
        lines[1] == "~/secrets python/os.py python/base64.py site-packages/IPython/core/display_functions.py"
    )
    assert lines[2] == "MINIDIT_HOME 1 1"
    assert stderr.text.startswith("cell.py:4: UserWarning: take care")
    assert str(Path.home()) not in built.with_suffix(".ipynb").read_text()


def test_error_keeps_one_line(notebook):
    (error,) = outputs(notebook, "the point of the lesson")
    assert error.traceback == ["ValueError: the point of the lesson"]


def test_picture_keeps_its_alt_text(notebook):
    (picture,) = outputs(notebook, "bundle")
    assert picture.metadata["image/png"]["alt"] == picture.data["text/plain"]


def test_result_carries_the_count_of_its_cell(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            assert output.get("execution_count", cell.execution_count) == cell.execution_count


def test_widgets_are_numbered_and_linked(notebook):
    models = notebook.metadata.widgets[STATE]["state"]
    assert sorted(models) == [f"{n:032x}" for n in range(1, len(models) + 1)]
    (shown,) = outputs(notebook, "jslink")
    assert shown.data[VIEW]["model_id"] == f"{1:032x}"
    assert models[f"{1:032x}"]["model_name"] == "VBoxModel"
    assert set(re.findall("IPY_MODEL_([0-9a-f]{32})", str(models))) <= set(models)
    assert not any(model["model_name"].startswith("HTML") for model in models.values())  # nobody shows it
    (link,) = [model["state"] for model in models.values() if model["model_name"] == "LinkModel"]
    for end, kind, value in [
        ("source", "IntSliderModel", "value"),
        ("target", "StackModel", "selected_index"),
    ]:
        reference, name = link[end]
        assert (models[reference.removeprefix("IPY_MODEL_")]["model_name"], name) == (kind, value)


def test_raising_cell_leaves_the_old_notebook(toy):
    old = toy.with_suffix(".ipynb").read_bytes()
    toy.write_text(toy.read_text().replace("2 + 2\n\n", "1 / 0\n\n"))
    with pytest.raises(MiniditError, match="ch01_toy, cell 7: ZeroDivisionError: division by zero"):
        build(toy)
    assert toy.with_suffix(".ipynb").read_bytes() == old
    assert not list(toy.parent.glob("*.partial"))


def test_dead_kernel_is_told(chapter):
    source = chapter("# %% [markdown]\n# # T\n\n# %%\nimport os\n\nos._exit(1)\n")
    with pytest.raises(MiniditError, match=r"ch02_small, cell 2: the kernel stopped \(Kernel died\)"):
        build(source)
    assert not source.with_suffix(".ipynb").exists()


def test_endless_cell_is_stopped(chapter, monkeypatch):
    monkeypatch.setattr(environment, "CELL_TIMEOUT", 1)
    with pytest.raises(MiniditError, match="cell 1: the cell ran for more than 1 s and was stopped"):
        build(chapter("# %%\nwhile True:\n    pass\n"))


def test_author_settings_do_not_reach_the_chapter(chapter, monkeypatch):
    monkeypatch.setenv("MINIDIT_SCALE", "a100")
    monkeypatch.setenv("MPLBACKEND", "agg")
    source = chapter(
        '# %%\nimport os\n\nprint("MINIDIT_SCALE" in os.environ, "inline" in os.environ["MPLBACKEND"])\n'
    )
    cell = nbformat.read(build(source), as_version=4).cells[0]
    assert cell.outputs[0].text == "False True\n"


def test_kernel_runs_in_the_folder_of_the_chapter(chapter):
    source = chapter('# %%\nfrom pathlib import Path\n\nprint(Path("ch02_small.py").exists())\n')
    assert nbformat.read(build(source), as_version=4).cells[0].outputs[0].text == "True\n"


@pytest.mark.parametrize(
    ("name", "sentence"), [("first.py", "not the name of a chapter"), ("ch09_gone.py", "There is no chapter")]
)
def test_source_must_be_a_chapter(tmp_path, name, sentence):
    with pytest.raises(MiniditError, match=sentence):
        build(tmp_path / name)
