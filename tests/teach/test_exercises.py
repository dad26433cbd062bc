"""Who checks the checkers? Solutions pass, stubs are told, known wrong answers are caught and named."""

import inspect
import os
from pathlib import Path

import pytest
import torch

import minidit
from minidit import MiniditError
from minidit.cli.main import main
from minidit.publish.stub import without_solutions
from minidit.teach.check import examine
from minidit.teach.exercise import Exercise, exercises, find
from minidit.teach.expect import CheckFailed, expect, shapes_explained
from minidit.teach.limit import borrowed, within
from minidit.teach.mistakes import judge, load_module

FOLDER = Path(__file__).parents[2] / "exercises"
SOURCES = sorted(FOLDER.glob("ch*/exercises.py"))
MISTAKES = [
    (name, words, answer)
    for path in sorted(FOLDER.glob("ch*/mistakes.py"))
    for name, answers in load_module(path).MISTAKES.items()
    for words, answer in answers.items()
]
NAMES = [item.name for item in exercises()]
# `make nightly` tries twenty
SEEDS = range(int(os.environ.get("MINIDIT_CHECK_SEEDS", "3")))


def answers(source: str) -> dict:
    """The functions that a text hands to minidit.check, by exercise; no check is run."""
    found = {}
    scope = {"__name__": "exercises"}
    real = minidit.teach.check.check
    try:
        minidit.teach.check.check = lambda name, answer: found.update({name: answer})
        exec(compile(source, "exercises.py", "exec"), scope)
    finally:
        minidit.teach.check.check = real
    return found


@pytest.fixture(scope="module")
def solutions():
    return {k: v for path in SOURCES for k, v in answers(path.read_text()).items()}


def run(name, answer, seed):
    examine(find(name), answer, torch.Generator().manual_seed(seed))


def test_every_check_has_an_exercise_a_solution_and_three_mistakes(solutions):
    assert set(NAMES) == set(solutions)
    for name in NAMES:
        assert sum(exercise == name for exercise, _, _ in MISTAKES) >= 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_solution_passes(solutions, name, seed):
    run(name, solutions[name], seed)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_every_stub_says_that_it_is_one(path):
    stubs = answers(without_solutions(path.read_text()))
    for name, stub in stubs.items():
        with pytest.raises(NotImplementedError):
            run(name, stub, 0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "words", "answer"), MISTAKES, ids=[f"{n} {w}" for n, w, _ in MISTAKES])
def test_every_known_mistake_is_caught_and_named(name, words, answer, seed):
    if "never ends" in words and seed:
        return  # it takes its whole time, and draws nothing
    verdict = judge(name, words, answer, seed)
    assert verdict.caught and verdict.named


def test_an_accepting_check_would_be_seen():
    """A check that lets everything pass makes every verdict above red."""
    item = Exercise("0.0", "nothing", lambda answer, draw: None, ("", "", ""))
    examine(item, lambda: None, torch.Generator())  # accepted: so `judge` would say neither caught nor named
    for name, _, answer in MISTAKES[:3]:
        with pytest.raises(CheckFailed):
            run(name, answer, 0)


# an answer that is itself a test returns nothing that could be remembered
@pytest.mark.parametrize(
    "name", [item.name for item in exercises() if not item.title.startswith("write the test")]
)
def test_a_hard_coded_answer_fails_under_another_seed(solutions, name):
    memory = []

    def record(*arguments):
        memory.append(solutions[name](*arguments))
        return memory[-1]

    run(name, record, 5)
    replay = iter(memory)
    with pytest.raises(CheckFailed):
        run(name, lambda *arguments: next(replay, None), 6)


def test_check_prints_one_line_and_status_remembers(solutions, capsys):
    minidit.check("1.3", solutions["1.3"])
    assert capsys.readouterr().out == "Exercise 1.3 is solved: interpolate, and its velocity.\n"
    minidit.hint("1.4")
    assert main(["exercises"]) == 0
    out = capsys.readouterr().out
    assert "1.3  solved  0 of 3 hints" in out and "1.4  open    1 of 3 hints" in out


def test_the_message_shows_the_smallest_example():
    wrong = next(answer for name, words, answer in MISTAKES if words == "wrong sign")
    with pytest.raises(CheckFailed) as failure:
        minidit.check("1.3", wrong)
    words = str(failure.value)
    assert "tensor of shape (2, 1, 1, 1)" in words and "expected" in words and "but got" in words


def test_hints_come_one_at_a_time_and_the_last_stays(capsys):
    for _ in range(4):
        minidit.hint("1.5")
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]


def test_a_hint_can_be_read_again_and_stays_counted(capsys):
    minidit.hint("1.6")
    minidit.hint("1.6")
    minidit.hint("1.6", 1)  # read again: the next is still the third
    minidit.hint("1.6")
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 1 of 3", "Hint 3 of 3"]
    assert lines[0] == lines[2]
    minidit.hint("1.7", 2)  # a hint that was skipped counts as taken
    minidit.hint("1.7")
    assert "Hint 3 of 3" in capsys.readouterr().out


@pytest.mark.parametrize("number", [0, 4, -1, 1.0, "2"])
def test_a_hint_that_is_not_there_gets_a_sentence(number):
    with pytest.raises(MiniditError, match=r"There is no hint .* for exercise 1\.6; ask for a number from 1"):
        minidit.hint("1.6", number)


def failing(got, expected):
    with pytest.raises(CheckFailed) as failure:
        expect(got, expected, {"x": 1})
    return str(failure.value)


def test_long_results_are_shown_from_the_first_entry_that_differs():
    right = torch.arange(24.0).view(2, 3, 4)
    wrong = right.clone()
    wrong[1, 0, 2] = -1
    words = failing(wrong, right)
    assert "tensor of shape (2, 3, 4), from entry [1, 0, 2] on: 14.0, 15.0, " in words
    assert "tensor of shape (2, 3, 4), from entry [1, 0, 2] on: -1.0, 15.0, " in words
    words = failing((right, wrong), (right, right))  # of two results the equal one is shown from its start
    assert words.count("(2, 3, 4): 0.0, 1.0") == 2 and words.count("from entry [1, 0, 2] on") == 2


def test_short_results_and_other_shapes_are_shown_from_the_start():
    right = torch.arange(8.0)
    assert "from entry" not in failing(right.where(right < 6, -1), right)
    assert "from entry" not in failing(torch.zeros(12), torch.zeros(3, 4))
    assert "from entry" not in failing(torch.arange(12.0) + 1, torch.arange(12.0))


def test_an_error_about_shapes_is_explained_and_others_pass():
    told = "Count.", {"x": torch.zeros(2, 3), "p": 2}, torch.zeros(4, 1)
    shapes = r"Given x of shape \(2, 3\), p 2,\n  the result should be of shape \(4, 1\)\. Count\."
    with (
        pytest.raises(CheckFailed, match=rf"raised RuntimeError: shape .*\n  {shapes}"),
        shapes_explained(*told),
    ):
        torch.zeros(6).view(4)
    with pytest.raises(NotImplementedError), shapes_explained(*told):
        raise NotImplementedError
    with pytest.raises(IndexError, match="far"), shapes_explained(*told):
        raise IndexError("too far")


def test_wrong_use_gets_a_sentence():
    with pytest.raises(MiniditError, match=r"There is no exercise '9\.9'"):
        minidit.check("9.9", print)
    with pytest.raises(CheckFailed, match="asks for a function; this is a float"):
        minidit.check("1.2", 1.5)
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        minidit.chek  # noqa: B018


def test_an_answer_that_raises_is_told_with_its_error():
    with pytest.raises(CheckFailed, match=r"your function raised ZeroDivisionError: division by zero"):
        minidit.check("1.2", lambda x: 1 / 0)


def test_values_taken_from_the_notebook_are_named():
    notebook = {"torch": torch, "scale": 2.0}
    exec("def helper(x):\n    return x\n\ndef f(x):\n    return helper(x) * scale * torch.ones(1)", notebook)
    assert borrowed(notebook["f"]) == ["scale"]
    exec(
        "def g(labels, keys, p, null):\n    return torch.where(keys < p + 0 * scale, null, labels)", notebook
    )
    with pytest.raises(CheckFailed, match="gives the right result, but\n  it takes scale from the notebook"):
        minidit.check("1.5", notebook["g"])


def test_a_loop_without_end_is_stopped():
    def forever():
        while True:
            try:
                sum(range(100))
            except Exception:
                pass

    with pytest.raises(CheckFailed, match=r"stopped after 0\.2 s"):
        within(0.2, forever)
    assert within(5, lambda: 7) == 7


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1.0, 1.1),
        (None, 1.0),
        (torch.zeros(2), torch.zeros(3)),
        ((1, 2), (1, 3)),
        ({"a": 1}, {"a": 2}),
        ("x", 1.0),
    ],
)
def test_expect_refuses(got, expected):
    with pytest.raises(CheckFailed):
        expect(got, expected, {"x": 1})


@pytest.mark.parametrize(
    ("got", "expected"), [(1.00001, 1.0), (torch.tensor(2.0), 2.0), ([1, 2], (1, 2)), ({"a": 1}, {"a": 1})]
)
def test_expect_accepts(got, expected):
    expect(got, expected, {"x": 1})


def test_start_writes_a_notebook_without_solutions_and_never_replaces_one(tmp_path, capsys):
    command = ["exercises", "start", "ch01", "--folder", str(FOLDER), "--out", str(tmp_path)]
    assert main(command) == 0
    text = (tmp_path / "ch01_first_model_exercises.ipynb").read_text()
    assert "SOLUTION" not in text and text.count("raise NotImplementedError") == sum(
        n.startswith("1.") for n in NAMES
    )
    assert main(command) == 2
    assert "perhaps with your answers" in capsys.readouterr().err
    assert main([*command[:2], "ch99", *command[3:]]) == 2
    assert "There are no exercises 'ch99'" in capsys.readouterr().err


def test_a_marker_without_partner_is_refused():
    with pytest.raises(MiniditError, match="no partner"):
        without_solutions("### BEGIN SOLUTION\nx = 1\n")


def test_matrix_prints_every_pair_and_fails_when_one_is_missed(tmp_path, capsys):
    (tmp_path / "ch01_x").mkdir()
    lines = [
        "MISTAKES = {'1.2': {'variance of 1 is missing': lambda x: x.var(0, unbiased=False).mean().item(),"
    ]
    lines += ["    'no mistake at all': lambda x: x.var(0, unbiased=False).mean().item() + 1}}"]
    (tmp_path / "ch01_x" / "mistakes.py").write_text("\n".join(lines))
    assert main(["exercises", "matrix", "--folder", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "named   variance of 1" in out and "MISSED  no mistake at all" in out


def test_every_function_of_the_exercises_has_types_and_a_docstring(solutions):
    for answer in solutions.values():
        assert inspect.getdoc(answer)
        assert inspect.signature(answer).return_annotation is not inspect.Signature.empty
