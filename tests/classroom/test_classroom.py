"""A class from release to CSV: who solved gets points, who tricked does not, and nobody stops the others."""

import copy
import csv
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from minidit import MiniditError
from minidit.classroom.assignment import assignment, source_of, wanted
from minidit.classroom.collect import collect
from minidit.classroom.course import Course, student_name
from minidit.classroom.feedback import feedback, offline
from minidit.classroom.grades import export, grade, table
from minidit.classroom.guard import Answer, Originals
from minidit.classroom.release import release
from minidit.classroom.sandbox import Cell, Limits, run_cells
from minidit.teach.check import examine
from minidit.teach.exercise import find
from minidit.teach.expect import CheckFailed

EXERCISES = Path(__file__).parents[2] / "exercises"
LIMITS = Limits(seconds=8)  # longer than the 5 s after which a check stops an answer by itself
SEED = 17
PATCH = """
import minidit.teach.check as c, minidit.teach.expect as e
minidit.check = c.check = c.examine = c.within = e.expect = lambda *a, **k: None
e.same = torch.allclose = lambda *a, **k: True
get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)
"""


def mark(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def find_cell(notebook, name):
    return next(cell for cell in notebook.cells if mark(cell) == name)


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    found = Course(tmp_path_factory.mktemp("Kurs für alle"))
    release(found, "ch01", EXERCISES, SEED)
    return found


@pytest.fixture(scope="session")
def blank(course):
    return nbformat.read(next(course.released("ch01").glob("*.ipynb")), as_version=4)


@pytest.fixture(scope="session")
def solved(blank):
    """Notebooks with the answers to some exercises: solved("1-1", ...), all of them unless named."""
    source = jupytext.read(source_of("ch01", EXERCISES), fmt="py:percent")

    def fill(*names):
        notebook = copy.deepcopy(blank)
        for cell, right in zip(notebook.cells, source.cells, strict=True):
            answer = mark(cell).startswith("answer-")
            if answer and (not names or mark(cell).removeprefix("answer-") in names):
                cell.source = right.source
        return notebook

    return fill


def tampered(blank):
    notebook = copy.deepcopy(blank)
    for cell in notebook.cells:
        if mark(cell).startswith("check-"):
            cell.source = 'print("solved")'
            cell.metadata.nbgrader.points = 50
    return notebook


def patched(blank):
    notebook = copy.deepcopy(blank)
    notebook.cells[1].source += PATCH
    return notebook


def endless(solved):
    notebook = solved("1-2")
    notebook.cells.insert(2, new_code_cell("while True:\n    pass"))
    find_cell(notebook, "answer-1-3").source = "def interpolate(x, noise, t):\n    while True:\n        pass"
    return notebook


def crashing(solved):
    notebook = solved()
    find_cell(notebook, "answer-1-4").source = "def euler(v, noise, steps):\n    import os\n    os._exit(0)"
    notebook.cells = [cell for cell in notebook.cells if mark(cell) != "check-1-5"]
    return notebook


def hard_coded(blank):
    """Right for another seed than the grader's."""
    notebook = copy.deepcopy(blank)
    seen = []
    with pytest.raises(CheckFailed):
        run_check("1.2", lambda x: seen.append((x.var(0, unbiased=False).mean() + 1).item()), SEED + 1)
    find_cell(notebook, "answer-1-2").source = f"def constant_loss(x):\n    return {seen[0]!r}"
    return notebook


def run_check(name, answer, seed):
    import torch

    examine(find(name), answer, torch.Generator().manual_seed(seed))


@pytest.fixture(scope="session")
def graded(course, blank, solved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("handed in")
    for name, notebook in {
        "Ana Pérez": solved(),
        "Blank": blank,
        "Crash": crashing(solved),
        "Endless": endless(solved),
        "Hard": hard_coded(blank),
        "Patched": patched(blank),
        "Tampered": tampered(blank),
        "foreign": new_notebook(cells=[new_code_cell("1")]),
    }.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    (folder / "Zoë Nuñez").mkdir()
    nbformat.write(solved("1-1", "1-7"), folder / "Zoë Nuñez" / "my copy (2).ipynb")
    (folder / "broken.ipynb").write_text("{")
    (folder / "two").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        nbformat.write(blank, folder / "two" / name)
    collected = collect(course, "ch01", folder)
    return collected, list(grade(course, "ch01", LIMITS)), folder


def total(course, student):
    return sum(table(course, "ch01").rows[student].values())


def test_the_notebook_for_students_holds_no_secret(course):
    text = next(course.released("ch01").glob("*.ipynb")).read_text(encoding="utf-8")
    assert not re.search(r"SOLUTION|HIDDEN|seed=|named_children\(\)\n", text)
    assert text.count("raise NotImplementedError") == text.count("minidit.check(") == 7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "points"),
    [
        ("Ana Pérez", 7),
        ("Blank", 0),
        ("Crash", 6),
        ("Endless", 1),
        ("Hard", 0),
        ("Patched", 0),
        ("Tampered", 0),
        ("Zoë Nuñez", 2),
    ],
)
def test_points(course, graded, student, points):
    assert total(course, student) == points


@pytest.mark.slow
def test_what_was_left_out_is_named(graded):
    collected, _, _ = graded
    left = {line.split(": ")[1] for line in collected if line.startswith("left out")}
    assert left == {"broken.ipynb", "foreign.ipynb", "two"}
    assert collected[-1] == "8 collected, 3 left out"


@pytest.mark.slow
def test_a_stopped_cell_is_reported(graded):
    text = "\n".join(graded[1])
    assert "Crash: cell 14 ended its process (exit status 0)" in text
    assert "Endless: cell 3 was stopped after 8 s" in text
    assert "NOT GRADED" not in text


@pytest.mark.slow
def test_grading_twice_gives_the_same(course, graded, tmp_path):
    before = table(course, "ch01").rows
    # the two that had to be stopped would take their time again
    quick = Course(tmp_path)
    release(quick, "ch01", EXERCISES, SEED)
    collect(quick, "ch01", graded[2])
    for slow in ("Crash", "Endless"):
        next(quick.submitted("ch01", slow).glob("*")).unlink()
    rounds = [(list(grade(quick, "ch01", LIMITS)), table(quick, "ch01").rows)[1] for _ in range(2)]
    assert rounds[0] == rounds[1] == {name: before[name] for name in rounds[0]}


@pytest.mark.slow
def test_a_submission_that_nbgrader_refuses_is_named_and_gets_nothing(course, blank, solved, tmp_path):
    own = Course(tmp_path)
    release(own, "ch01", EXERCISES, SEED)
    (tmp_path / "in").mkdir()
    nbformat.write(solved(), tmp_path / "in" / "Ana.ipynb")
    nbformat.write(solved(), tmp_path / "in" / "Bo.ipynb")
    collect(own, "ch01", tmp_path / "in")
    list(grade(own, "ch01", LIMITS))
    next(own.submitted("ch01", "Ana").glob("*")).write_text("{")
    lines = list(grade(own, "ch01", LIMITS))
    assert "Ana: NOT GRADED" in lines[0] and lines[1] == "graded Bo"
    assert (total(own, "Ana"), total(own, "Bo")) == (0, 7)


@pytest.mark.slow
def test_feedback_reads_offline_and_keeps_the_seed(course, graded):
    pages = [Path(line) for line in feedback(course, "ch01")]
    assert len(pages) == 8
    text = pages[-1].read_text(encoding="utf-8")
    assert "Zoë" in str(pages[-1]) and "Score: 2.0 / 7.0" in text and "Exercise 1.1 is solved." in text
    assert not re.search(r"<script|seed=|HIDDEN|<(link|img)[^>]*https?://|@import|url\(['\"]?http", text)


@pytest.mark.slow
def test_export(course, graded, tmp_path):
    export(course, "ch01", tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["Ana Pérez"]["total"] == rows["Ana Pérez"]["most"] == "7"
    assert [rows["Zoë Nuñez"][f"1.{n}"] for n in range(1, 8)] == ["1", "0", "0", "0", "0", "0", "1"]


def constant(code):
    cells = [Cell(0, f"import torch, minidit\n{code}")]
    source = find_hidden("1-2")
    return run_cells([*cells, Cell(1, source, wanted(source))], Limits(seconds=8, memory=2))


def find_hidden(name):
    text = source_of("ch01", EXERCISES).read_text(encoding="utf-8")
    return find_cell(assignment(text, SEED), f"check-{name}").source


ASIDE = "\n    return 3.0\n"
TRICKS = {
    "allclose from inside": "def constant_loss(x):\n    torch.allclose = lambda *a, **k: True" + ASIDE,
    "abs": "import builtins\ndef constant_loss(x):\n    builtins.abs = lambda x: 0" + ASIDE,
    "a hidden builtin": "import minidit.teach.expect as e\ndef constant_loss(x):\n    e.abs = lambda x: 0"
    + ASIDE,
    "code of examine": "import minidit.teach.check as c\n"
    "c.examine.__code__ = (lambda item, answer, draw: None).__code__\ndef constant_loss(x):" + ASIDE,
    "guard": "import minidit.classroom.guard as g\ndef constant_loss(x):\n"
    "    g.plain = lambda v: v\n    g.Originals.put_back = lambda s: None\n"
    "    import minidit.teach.expect as e; e.same = lambda *a: True" + ASIDE,
    "leaving": "def constant_loss(x):\n    raise SystemExit(0)\n",
    "a number of its own": "class Yes(float):\n    def __eq__(self, other): return True\n"
    "    __hash__ = None\ndef constant_loss(x):\n    return Yes(3)\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_earns_nothing(trick):
    outcome = constant(TRICKS[trick])
    assert 0 not in outcome.errors and 1 in outcome.done, outcome
    assert 1 in outcome.errors


@pytest.mark.slow
def test_an_honest_answer_passes_where_tricks_fail():
    outcome = constant("def constant_loss(x):\n    return (x.var(0, unbiased=False).mean() + 1).item()")
    assert outcome.done == {0, 1} and not outcome.errors


@pytest.mark.slow
def test_the_seed_changes_the_inputs_and_nothing_else_does():
    want = wanted(find_hidden("1-2"))
    wrong = Cell(0, "import torch\ndef constant_loss(x):\n    return 3.0")
    seen = [
        run_cells([wrong, Cell(1, "", want._replace(seed=seed))], LIMITS).errors[1][1]
        for seed in (SEED, SEED, SEED + 1)
    ]
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.slow
def test_memory_is_limited():
    outcome = constant("def constant_loss(x):\n    return torch.zeros(6 * 2**30).sum().item()")
    assert "memory" in outcome.errors[1][1]


@pytest.mark.slow
def test_the_environment_is_not_shown(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    outcome = run_cells(
        [Cell(0, "import os; print(os.environ)"), Cell(1, "", wanted(find_hidden("1-2")))], LIMITS
    )
    assert "HOME" in outcome.printed[0] and "secret" not in outcome.printed[0]


def test_without_the_guard_a_patch_would_pass(monkeypatch):
    """The guard's tests can fail: the same patch, with nothing put back, earns the point."""
    import torch

    import minidit.teach.expect as e

    def answer(x):
        e.same = lambda *a, **k: True
        return 3.0

    real = e.same
    try:
        run_check("1.2", Answer(answer, lambda: None), SEED)
    finally:
        e.same = real
    originals = Originals()
    with pytest.raises(CheckFailed):
        run_check("1.2", Answer(answer, originals.put_back), SEED)
    assert e.same is real and torch.allclose(torch.ones(1), torch.ones(1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# %%\nx = 1\n### BEGIN SOLUTION\n", "no partner"),
        ("# %%\n### BEGIN SOLUTION\n1\n### END SOLUTION\n", "No check follows"),
        ('# %%\nminidit.check("1.2", f)\n', "no answer above"),
    ],
)
def test_a_source_with_a_fault_is_refused(text, words):
    with pytest.raises(MiniditError, match=words):
        assignment(text, SEED)


def test_names():
    assert student_name("Zoe\u0308 Nun\u0303ez ") == "Zoë Nuñez"
    for bad in ("a*", "../x", ".hidden", " "):
        with pytest.raises(MiniditError, match="rename"):
            student_name(bad)


def test_steps_out_of_order_are_told(tmp_path, course):
    for step in (
        lambda: collect(Course(tmp_path), "ch01", tmp_path),
        lambda: table(Course(tmp_path), "ch01"),
    ):
        with pytest.raises(MiniditError, match="classroom release ch01"):
            step()
    with pytest.raises(MiniditError, match="There are: ch01"):
        source_of("ch99", EXERCISES)


def test_a_page_without_a_network():
    page = '<script src="https://x/y.js"></script><link href="//x.css"><img src=http://x><p>a<a href="https://b">b</a>'
    assert offline(page) == '<p>a<a href="https://b">b</a>'
    assert (
        offline("<style>@import 'http://x'; a {background: url(https://x)}</style>")
        == "<style> a {background: }</style>"
    )
