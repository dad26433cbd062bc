"""A page for each student, which reads without a network and runs nothing."""

import re
import warnings
from collections.abc import Iterator

from minidit.classroom.course import Course
from minidit.errors import MiniditError

_SCRIPT = re.compile(r"<script\b.*?(</script\s*>|\Z)", re.DOTALL | re.IGNORECASE)
# what a browser would fetch by itself; a link to click on may stay
_FETCHED = re.compile(
    r"""<(?:link|img|iframe|embed|object|source|video|audio|input|base)\b[^>]*(?:src|href|data|srcset)\s*=\s*["']?\s*(?:https?:)?//[^>]*>""",
    re.IGNORECASE,
)
_STYLE = re.compile(r"""@import[^;]*;|url\(\s*["']?\s*(?:https?:)?//[^)]*\)""", re.IGNORECASE)


def offline(page: str) -> str:
    """The page without scripts and without anything that a browser would fetch. Formulas stay as written."""
    for pattern in (_SCRIPT, _FETCHED, _STYLE):
        page = pattern.sub("", page)
    return page


def feedback(course: Course, chapter: str) -> Iterator[str]:
    """Write every student's page; yield where it is, or what went wrong."""
    from minidit.classroom.grades import table
    from minidit.classroom.pipeline import feedback as write

    for student in table(course, chapter).rows:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbconvert's own, about pictures without descriptions
            trouble = write(course, chapter, student)
        pages = sorted(course.feedback(chapter, student).glob("*.html"))
        if trouble or not pages:
            yield f"NO FEEDBACK for {student}: {trouble or 'it is not graded'}"
            continue
        for page in pages:
            page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
            yield str(page)


def require_nbgrader() -> None:
    """Raise MiniditError where nbgrader is not installed: only instructors need it."""
    try:
        import nbgrader  # noqa: F401
    except ImportError as error:
        raise MiniditError(
            "`minidit classroom` needs nbgrader, which is not installed; run "
            '`pip install -c constraints.txt -e ".[grading]"` in a clone of the repository.'
        ) from error
