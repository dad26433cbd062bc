"""Take in what students handed in: a notebook for each, or a folder for each. What does not fit is named."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from minidit.classroom.course import Course, mark_of, marks, read_notebook, student_name
from minidit.errors import MiniditError
from minidit.files import write_whole


def collect(course: Course, chapter: str, folder: Path) -> list[str]:
    """Copy each submission into the course; return a line for each, and for each that was left out.

    Raises:
        MiniditError: the chapter was not released, there is no such folder, or nothing in it fits.
    """
    name = course.notebook(chapter)
    ours = marks(read_notebook(course.released(chapter) / name))
    if not folder.is_dir():
        raise MiniditError(f"There is no folder {folder}; name the one that holds the submissions.")
    lines, taken = [], {}
    for path in sorted(folder.iterdir()):
        try:
            found = _notebook_in(path, name)
            if found is None:
                continue
            student = student_name(path.stem if path.is_file() else path.name)
            if student in taken:
                raise MiniditError(f"{student} is there already, as {taken[student]}; keep one")
            lines.append(_take(found, course.submitted(chapter, student) / name, ours, student))
            taken[student] = path.name
        except MiniditError as error:
            lines.append(f"left out: {path.name}: {error}")
    if not taken:
        raise MiniditError("\n".join([f"Nothing in {folder} could be collected.", *lines]))
    return [*lines, f"{len(taken)} collected, {len(lines) - len(taken)} left out"]


def _notebook_in(path: Path, name: str) -> Path | None:
    """The notebook of one student, or None for what is none of ours to judge, such as a hidden file."""
    if path.name.startswith((".", "__")):
        return None
    if path.is_file():
        if path.suffix != ".ipynb":
            raise MiniditError("it is not a notebook; expected NAME.ipynb, or a folder for each student")
        return path
    found = list(_visible(path))
    named = [each for each in found if each.name == name]
    if len(named) == 1 or len(found) == 1:
        return (named if len(named) == 1 else found)[0]
    shown = ", ".join(str(each.relative_to(path)) for each in found) or "none"
    raise MiniditError(
        f"one notebook was expected in this folder; found: {shown}; keep one, or name it {name}"
    )


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.ipynb")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _take(found: Path, target: Path, ours: dict[str, NotebookNode], student: str) -> str:
    notebook = read_notebook(found)
    for cell in notebook.cells:  # a cell whose marks were changed would stop nbgrader
        if (name := mark_of(cell)) in ours:
            cell.metadata["nbgrader"] = ours[name]
    if not marks(notebook).keys() & ours.keys():
        raise MiniditError("it is another notebook; no cell of this assignment is in it")
    data = nbformat.writes(notebook).encode()
    before = target.read_bytes() if target.exists() else None
    if before == data:
        return f"same:     {student}"
    write_whole(target, data)
    return f"{'new:     ' if before is None else 'replaced:'} {student}"
