"""A class's grades: grade everyone, show a table, write a CSV."""

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minidit.classroom.course import Course
from minidit.classroom.judge import judge
from minidit.classroom.sandbox import Limits
from minidit.errors import MiniditError
from minidit.files import write_whole


@dataclass(frozen=True)
class Table:
    """Points by student and exercise."""

    most: dict[str, float]
    rows: dict[str, dict[str, float]]

    def text(self) -> str:
        """The table for a terminal."""
        wide = max([len("student"), *map(len, self.rows)])
        names = [*self.most, "total"]
        lines = [f"{'student':<{wide}}  " + "".join(f"{name:>7}" for name in names)]
        for student, points in [*self.rows.items(), ("most", self.most)]:
            shown = [f"{value:g}" for value in (*points.values(), sum(points.values()))]
            lines.append(f"{student:<{wide}}  " + "".join(f"{value:>7}" for value in shown))
        return "\n".join(lines)

    def csv(self) -> str:
        """The table for a spreadsheet, a student a line."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["student", *self.most, "total", "most"])
        for student, points in self.rows.items():
            values = [*points.values(), sum(points.values()), sum(self.most.values())]
            # a spreadsheet takes a cell that begins so for a formula
            name = f"'{student}" if student[0] in "=+-@" else student
            writer.writerow([name, *(f"{value:g}" for value in values)])
        return out.getvalue()


def grade(course: Course, chapter: str, limits: Limits, seed: int | None = None) -> Iterator[str]:
    """Grade every submission; yield a line for each student and for each thing that went wrong."""
    from minidit.classroom.pipeline import autograde

    for student in course.students(chapter):
        report: list[str] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's and SQLAlchemy's own, about nothing we can change
            trouble = autograde(course, chapter, student, judge(limits, seed, report))
        if trouble:
            report.append(f"NOT GRADED, 0 points: {trouble}")
        yield f"graded {student}" + "".join(f"\n  {student}: {line}" for line in report)


def table(course: Course, chapter: str) -> Table:
    """Everyone who handed in, with a row of zeros for those whom nbgrader does not know.

    Raises:
        MiniditError: nothing was released, collected or graded.
    """
    from minidit.classroom.pipeline import scores

    students = course.students(chapter)
    most, given = scores(course, chapter)
    if not given:
        raise MiniditError(f"Nothing of {chapter} is graded yet; run `minidit classroom grade {chapter}`.")
    names = sorted(most, key=_number)
    rows = {s: {_title(n): float(given.get(s, {}).get(n) or 0) for n in names} for s in students}
    return Table({_title(name): most[name] for name in names}, rows)


def _title(cell: str) -> str:
    """check-1-10 -> 1.10"""
    return cell.removeprefix("check-").replace("-", ".")


def _number(cell: str) -> list[int]:
    return [int(part) for part in _title(cell).split(".") if part.isdigit()]


def export(course: Course, chapter: str, path: Path) -> Table:
    """Write the grades as CSV, with the mark that lets spreadsheets read accents."""
    result = table(course, chapter)
    write_whole(path, result.csv().encode("utf-8-sig"))
    return result
