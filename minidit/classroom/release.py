"""Hand out a chapter's exercises: without solutions, hidden tests or seed."""

import secrets
import warnings
from pathlib import Path

import nbformat

from minidit.classroom.assignment import assignment, prove_clean, source_of
from minidit.classroom.course import Course
from minidit.errors import MiniditError
from minidit.files import write_whole


def release(course: Course, chapter: str, folder: Path, seed: int | None = None) -> Path:
    """Make the notebook for students, and the hidden tests that will grade it.

    Args:
        course: where everything goes; a chapter that is there already is made anew.
        chapter: such as "ch01".
        folder: where the exercises are.
        seed: names the inputs of the hidden tests; drawn unless given, and kept in the course.

    Raises:
        MiniditError: no such chapter, or what would be handed out holds a secret.
    """
    from minidit.classroom.pipeline import generate

    source = source_of(chapter, folder)
    seed = secrets.randbelow(2**31) if seed is None else seed
    notebook = assignment(source.read_text(encoding="utf-8"), seed)
    name = f"{source.parent.name}_exercises.ipynb"
    write_whole(course.source(chapter) / name, nbformat.writes(notebook).encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's and SQLAlchemy's own, about nothing we can change
        generate(course, chapter)
    released = course.released(chapter) / name
    if not released.is_file():
        raise MiniditError(f"nbgrader said that all went well, but {released} is not there.")
    prove_clean(released, seed)
    return released
