"""The one file that knows nbgrader. Its silences become errors: what failed is said."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbconvert
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, GetGrades, LimitOutput, SaveAutoGrades
from traitlets.config import Config

from minidit.classroom.course import Course
from minidit.classroom.judge import Preprocess
from minidit.errors import MiniditError

Scores = dict[str, float]


def generate(course: Course, chapter: str) -> None:
    """Make the students' notebook from the instructor's, and enter its checks into the gradebook."""
    stub = {"ClearSolutions": {"code_stub": {"python": "raise NotImplementedError  # your answer"}}}
    error = _convert(GenerateAssignment, course, chapter, ".", config=Config(stub))
    if error or not any(course.released(chapter).glob("*.ipynb")):
        raise MiniditError(f"nbgrader could not make the assignment {chapter}: {error or 'it said nothing'}")


def autograde(course: Course, chapter: str, student: str, judge: Preprocess) -> str | None:
    """Grade one submission; say what went wrong, if anything did. What was not graded counts 0."""
    _forget(course, chapter, student)
    # a check that somebody deleted is asked again: its answer may be right
    settings = Config({"OverwriteCells": {"add_missing_cells": True}})
    steps = [judge, LimitOutput, SaveAutoGrades]
    return _convert(Autograde, course, chapter, student, config=settings, autograde_preprocessors=steps)


def feedback(course: Course, chapter: str, student: str) -> str | None:
    """Write one student's page, without the hidden tests; say what went wrong, if anything did."""

    return _convert(
        GenerateFeedback,
        course,
        chapter,
        student,
        preprocessors=[GetGrades, ClearHiddenTests, *GenerateFeedback().preprocessors[1:]],
    )


def scores(course: Course, chapter: str) -> tuple[Scores, dict[str, Scores]]:
    """The points that each check can give, and what each student has, by the name of the check's cell."""
    with _gradebook(course) as book:
        try:
            assignment = book.find_assignment(chapter)
        except MissingEntry:
            raise MiniditError(f"{chapter} is not in the gradebook; release it first.") from None
        most = {
            cell.name: cell.max_score for notebook in assignment.notebooks for cell in notebook.grade_cells
        }
        given = {
            submission.student.id: {
                grade.name: grade.score for n in submission.notebooks for grade in n.grades
            }
            for submission in assignment.submissions
        }
    return most, given


def _forget(course: Course, chapter: str, student: str) -> None:
    """Points from an earlier grading must not outlive one that fails; those given by hand stay."""
    with _gradebook(course) as book:
        try:
            submission = book.find_submission(chapter, student)
        except MissingEntry:
            return
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score = 0.0
        book.db.commit()


@contextmanager
def _gradebook(course: Course) -> Iterator[Gradebook]:
    with _tools(), Gradebook(_directory(course).db_url) as book:
        yield book


@contextmanager
def _tools() -> Iterator[None]:
    """Where nbgrader finds what it looks for by name, also in an environment that is not activated.

    It starts the program `alembic`; nbconvert looks for its templates beside the Python that runs.
    """
    share = Path(nbconvert.__file__).parents[4] / "share" / "jupyter"
    wanted = {"PATH": Path(sys.executable).parent, "JUPYTER_PATH": share}
    before = {name: os.environ.get(name) for name in wanted}
    for name, folder in wanted.items():
        os.environ[name] = os.pathsep.join(filter(None, [str(folder), before[name]]))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _directory(course: Course, chapter: str = "", student: str = "*") -> CourseDirectory:
    return CourseDirectory(root=str(course.root.resolve()), assignment_id=chapter, student_id=student)


def _convert(
    kind: type,
    course: Course,
    chapter: str,
    student: str,
    **settings: Any,
) -> str | None:
    """Run one of nbgrader's converters; the last thing it complained about when it failed."""
    log, complaints = _log()
    try:
        converter = kind(coursedir=_directory(course, chapter, student), force=True, log=log, **settings)
        with _tools():
            converter.start()
    except Exception as error:  # one student's trouble, of whatever kind, must not stop the class
        # nbgrader names the folder first, then the cause, then says to look above
        return [*complaints[1:2], *complaints[:1], str(error) or type(error).__name__][0]
    return None


def _log() -> tuple[logging.Logger, list[str]]:
    """A logger that keeps errors and says nothing: nbgrader warns of every locked cell with a hidden test."""
    complaints: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: complaints.append(record.getMessage().strip().splitlines()[-1])
    log = logging.Logger("minidit.classroom", logging.ERROR)
    log.addHandler(handler)
    return log, complaints
