"""`minidit classroom`: hand out exercises, collect, grade, give feedback, and export the grades."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:  # it reads notebooks, which other commands need not wait for
    from minidit.classroom.course import Course

_Chapter = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CHAPTER")]
_Course = Annotated[Path, tyro.conf.arg(aliases=["--to"])]


@dataclass(frozen=True)
class Release:
    """Make the notebook for students, without solutions.

    Attributes:
        chapter: such as ch01.
        course: the course's folder; only its release/ is for students.
        folder: where the exercises are.
        seed: names the inputs of the hidden tests; drawn unless given.
    """

    chapter: _Chapter
    course: _Course = Path("course")
    folder: Path = Path("exercises")
    seed: int | None = None


@dataclass(frozen=True)
class Collect:
    """Take in NAME.ipynb, or a folder for each student.

    Attributes:
        chapter: such as ch01.
        handed_in: the folder with the submissions.
        course: the course's folder.
    """

    chapter: _Chapter
    handed_in: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    course: _Course = Path("course")


@dataclass(frozen=True)
class Grade:
    """Run every submission and print a table. It runs the students' code: do it in a container.

    Attributes:
        chapter: such as ch01.
        course: the course's folder.
        seed: other inputs for the hidden tests than those released.
        seconds: the most that one cell may take.
        memory: GiB that a notebook may take.
    """

    chapter: _Chapter
    course: _Course = Path("course")
    seed: int | None = None
    seconds: float = 30.0
    memory: float = 4.0


@dataclass(frozen=True)
class Feedback:
    """Write a page for each student.

    Attributes:
        chapter: such as ch01.
        course: the course's folder.
    """

    chapter: _Chapter
    course: _Course = Path("course")


@dataclass(frozen=True)
class Export:
    """Write the grades as CSV.

    Attributes:
        chapter: such as ch01.
        csv: the file.
        course: the course's folder.
    """

    chapter: _Chapter
    csv: Path
    course: _Course = Path("course")


Action = Release | Collect | Grade | Feedback | Export


@tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)
def command(action: Action) -> int:
    """For instructors: hand out a chapter's exercises, collect, grade, give feedback, export the grades."""
    from minidit.classroom.course import Course
    from minidit.classroom.feedback import require_nbgrader

    require_nbgrader()
    return _ACTIONS[type(action)](action, Course(action.course))


def _release(action: Release, course: "Course") -> int:
    from minidit.classroom.release import release

    path = release(course, action.chapter, action.folder, action.seed)
    print(f"Hand out {path}\nKeep the rest of {course.root} to yourself: it holds the hidden tests.")
    return 0


def _collect(action: Collect, course: "Course") -> int:
    from minidit.classroom.collect import collect

    print("\n".join(collect(course, action.chapter, action.handed_in)))
    return 0


def _grade(action: Grade, course: "Course") -> int:
    from minidit.classroom.grades import grade, table
    from minidit.classroom.sandbox import Limits

    missed = False
    for line in grade(course, action.chapter, Limits(action.seconds, action.memory), action.seed):
        print(line, flush=True)
        missed = missed or "NOT GRADED" in line
    print(f"\n{table(course, action.chapter).text()}")
    return 1 if missed else 0


def _feedback(action: Feedback, course: "Course") -> int:
    from minidit.classroom.feedback import feedback

    lines = list(feedback(course, action.chapter))
    print("\n".join(lines))
    return 1 if any(line.startswith("NO FEEDBACK") for line in lines) else 0


def _export(action: Export, course: "Course") -> int:
    from minidit.classroom.grades import export

    table = export(course, action.chapter, action.csv)
    print(f"{action.csv}: {len(table.rows)} students, {len(table.most)} exercises")
    return 0


_ACTIONS = {Release: _release, Collect: _collect, Grade: _grade, Feedback: _feedback, Export: _export}
