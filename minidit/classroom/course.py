"""The folder of a course, laid out as nbgrader wants it."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from minidit.errors import MiniditError

# nbgrader looks for folders by pattern, and a name must be one folder on every system
_FORBIDDEN = set('*?[]{}/\\:"<>|')


@dataclass(frozen=True)
class Course:
    """Where things are. Only `release/` is for students: the rest holds seeds, answers and grades."""

    root: Path

    def source(self, chapter: str) -> Path:
        """The instructor's notebook, with hidden tests."""
        return self.root / "source" / chapter

    def released(self, chapter: str) -> Path:
        """The notebook for students."""
        return self.root / "release" / chapter

    def submitted(self, chapter: str, student: str = "") -> Path:
        """What a student handed in."""
        return self.root / "submitted" / student / chapter

    def feedback(self, chapter: str, student: str) -> Path:
        """What a student gets back."""
        return self.root / "feedback" / student / chapter

    def notebook(self, chapter: str) -> str:
        """The name of the chapter's notebook. Raises MiniditError when it was not released here."""
        for path in sorted(self.source(chapter).glob("*.ipynb")):
            return path.name
        raise MiniditError(
            f"{chapter} was not released in {self.root}; run `minidit classroom release {chapter}` first, or "
            "name the course's folder with --course."
        )

    def students(self, chapter: str) -> list[str]:
        """Who handed in. Raises MiniditError when nobody did."""
        name = self.notebook(chapter)
        found = sorted(path.parents[1].name for path in (self.root / "submitted").glob(f"*/{chapter}/{name}"))
        if not found:
            raise MiniditError(f"Nothing is collected for {chapter}; run `minidit classroom collect` first.")
        return found


def student_name(text: str) -> str:
    """A student's name as a folder; accents and spaces may stay.

    Raises:
        MiniditError: there is a sign in it that no folder may have.
    """
    name = unicodedata.normalize("NFC", text).strip()  # macOS writes e and its accent apart
    if bad := sorted(_FORBIDDEN & set(name)):
        raise MiniditError(f"the name {name!r} holds {' '.join(bad)}; rename it")
    if not name or name.startswith("."):
        raise MiniditError(f"{text!r} is no name of a student; rename it")
    return name


def read_notebook(path: Path) -> NotebookNode:
    """A notebook that somebody handed in. Raises MiniditError when it cannot be read as one."""
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many kinds, some of its own
        raise MiniditError("it cannot be read as a notebook; ask for it again") from error
    return notebook


def mark_of(cell: NotebookNode) -> str:
    """The name of a cell that belongs to an assignment; nothing for any other."""
    mark = cell.metadata.get("nbgrader")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else ""


def marks(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """nbgrader's metadata of each cell that belongs to an assignment, by name."""
    return {mark_of(cell): cell.metadata.nbgrader for cell in notebook.cells if mark_of(cell)}
