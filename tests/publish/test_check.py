import json
from collections.abc import Callable
from pathlib import Path

import pytest

from minidit.errors import MiniditError
from minidit.publish import check as module
from minidit.publish.check import check

ERROR = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": []}


def break_notebook(toy: Path, change: Callable[[dict], None]) -> list[str]:
    path = toy.with_suffix(".ipynb")
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))
    return check(toy)


def edit(toy: Path, old: str, new: str) -> None:
    text = toy.read_text()
    assert old in text
    toy.write_text(text.replace(old, new))


def cell(notebook: dict, word: str) -> dict:
    return next(c for c in notebook["cells"] if word in "".join(c["source"]) and c["cell_type"] == "code")


def test_good_chapter_has_no_faults(built):
    assert check(built) == []


# what is replaced in the source, by what, and the one sentence about its form
FORM = [
    ("# # Chapter 1: A toy\n", "# Chapter 1\n", "cell 1: the first cell is no title"),
    ("Question", "Asked", 'cell 1: the header card does not name "Question"'),
    ("Minutes", "Seconds", 'cell 1: the header card does not name "Minutes"'),
    ("You will be able to", "You can", 'cell 1: the header card does not name "You will be able to"'),
    ("Claims", "Claim", 'cell 1: the header card does not name "Claims"'),
    ("teach.predict(", "teach.ask(", "ch01_toy: there is no prediction"),
    ("## What would change our mind", "## Mind", 'there is no heading "What would change our mind"'),
    ("## Exercises", "Exercises", 'there is no heading "Exercises"'),
    ("## Sources", "## Ends", 'there is no heading "Sources"'),
    ("2 + 2\n\n", "2 + 2;\n\n", "cell 7: the cell ends in ';'"),
    ("2 + 2\n\n", "2 + 2;  # no value\n\n", "cell 7: the cell ends in ';'"),
    ("2 + 2\n\n", "# NBVAL_SKIP\n2 + 2\n\n", "cell 7: a comment speaks to nbval"),
    ("2 + 2\n\n", "x = 1\n" * 36 + "\n", "cell 7: 36 lines of code; at most 35"),
    ("nbval-ignore-output", "nbval-skip", "cell 6: the tag 'nbval-skip' is not allowed here"),
    (
        "# ## Look\n",
        "# ## Look\n" + "\n# %%\n" + ("x = 1\n" * 9 + "\n# %%\n") * 15,
        "median code cell has 9 lines",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), FORM)
def test_faults_of_form(toy, old, new, sentence):
    edit(toy, old, new)
    assert sum(sentence in fault for fault in check(toy)) == 1, check(toy)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("2 + 2\n\n", "2 + 3\n\n", "cell 7: source and notebook differ (text); run `minidit book build`."),
        (' tags=["nbval-ignore-output"]', "", "cell 6: source and notebook differ (tags)"),
        ("# %% [markdown]\n# ## Look", "# %%\n# ## Look", "cell 13: source and notebook differ (kind, text)"),
        ("# ## Sources\n", "# ## Sources\n\n# %%\nx = 1\n", "the source has 16 cells, the notebook 15"),
        ("# %%\n2 + 2", "# %% a title\n2 + 2", "another text of the source (source_sha256)"),
    ],
)
def test_source_edited_after_the_build(toy, old, new, sentence):
    edit(toy, old, new)
    (fault,) = check(toy)
    assert sentence in fault


# how the notebook is damaged, and the one sentence about it
DAMAGE = [
    (lambda nb: cell(nb, "2 + 2").update(execution_count=None), "cell 3: execution count None, not 2"),
    (lambda nb: cell(nb, "bundle").update(execution_count=9), "cell 5: execution count 9, not 4"),
    (lambda nb: cell(nb, "tokens").update(outputs=[ERROR]), "cell 9: the stored output is an error"),
    (lambda nb: cell(nb, "raise ").update(outputs=[]), "cell 12: the cell is tagged raises-exception but"),
    (lambda nb: cell(nb, "raise ").update(metadata={}), "cell 12: source and notebook differ (tags)"),
    (lambda nb: cell(nb, "bundle")["outputs"][0].update(metadata={}), "cell 5: a picture has no alt text"),
    (
        lambda nb: cell(nb, "bundle")["outputs"][0]["metadata"].update({"image/png": {"alt": " "}}),
        "cell 5: a picture has no alt text",
    ),
    (lambda nb: nb["metadata"].pop("minidit"), "another text of the source (source_sha256)"),
    (lambda nb: cell(nb, "tokens").update(source="#" * 512_000), "KiB, at most 500"),
    (
        lambda nb: [cell(nb, word).update(outputs=[]) for word in ('2 + 2"', "shape", "secrets")],
        "3 cells are compared, at least 5 must be",
    ),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGE)
def test_damaged_notebook(toy, damage, sentence):
    faults = break_notebook(toy, damage)
    assert sum(sentence in fault for fault in faults) == 1, faults


def test_pictures_and_widgets_do_not_count_as_compared(built):
    notebook = module.read_notebook(built)
    assert module.compared_cells(notebook) == 6
    for one in notebook.cells:
        if one.cell_type == "code" and not {"bundle", "jslink"} & set(one.source.replace("(", " ").split()):
            one.outputs = []
    assert module.compared_cells(notebook) == 0


def test_missing_and_broken_notebooks(toy):
    toy.with_suffix(".ipynb").write_text("<<<<<<< HEAD\n{}")
    assert check(toy) == ["ch01_toy: ch01_toy.ipynb cannot be read as a notebook; run `minidit book build`."]
    toy.with_suffix(".ipynb").unlink()
    assert check(toy) == ["ch01_toy: There is no ch01_toy.ipynb; run `minidit book build`."]


def test_empty_source(chapter):
    assert any("the first cell is no title" in fault for fault in check(chapter("")))


def test_missing_source(tmp_path):
    with pytest.raises(MiniditError, match="There is no chapter"):
        check(tmp_path / "ch03_none.py")
