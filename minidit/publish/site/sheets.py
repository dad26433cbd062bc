"""Exercises as pages: each statement with its check and three folded hints; the solutions on pages apart."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import jupytext
import nbformat
from nbformat import NotebookNode

from minidit.publish.site.links import Links
from minidit.publish.site.text import text_page
from minidit.publish.stub import SOLUTION, notebook_to_work_in, without_solutions
from minidit.teach.exercise import Exercise, exercises

NAME = re.compile(r"^## (\d+\.\d+) (.+)$", re.M)
HINTS = ("Hint 1: a nudge", "Hint 2: more", "Hint 3: nearly the answer")
WAYS = {"exercises": "sheet", "solutions": "solutions", "notes": "notes"}  # folder: what is in it
MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION\n?", re.M)


def pages(folder: Path, links: Links) -> Iterator[tuple[str, str]]:
    """Names and texts of all pages, the two indexes first.

    Raises:
        MiniditError: a solution marker without its partner.
    """
    sources = sorted(folder.glob("ch*/exercises.py"))
    names = [source.parent.name[:4] for source in sources]
    known = {item.name: item for item in exercises()}
    yield "exercises/index", _index("Exercises", INTRODUCTION, names)
    yield "solutions/index", _index("Solutions", "For when you have tried.", names)
    for name, source in zip(names, sources, strict=True):
        text = source.read_text(encoding="utf-8")
        stub = f"{source.parent.name}_exercises.ipynb"
        links.given[f"notebooks/{stub}"] = nbformat.writes(notebook_to_work_in(text)).encode()
        cells = jupytext.reads(without_solutions(text), fmt="py:percent").cells
        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = links.rewritten(cell.source, source, depth=1)
        yield f"exercises/{name}", _led(_sheet(cells, name, stub, known), source, "exercises")
        yield f"solutions/{name}", _led(_solutions(text, source, links), source, "solutions")


def notes(folder: Path, links: Links) -> Iterator[tuple[str, str]]:
    """Names and texts of the pages for instructors, their index first."""
    sources = sorted(folder.glob("ch*/notes.md"))
    names = [source.parent.name[:4] for source in sources]
    yield "notes/index", _index("Notes on the exercises", "What each is for, and what people answer.", names)
    for name, path in zip(names, sources, strict=True):
        yield f"notes/{name}", _led(text_page(path, links, 1), path, "notes")


INTRODUCTION = """\
Each exercise asks for a function. Its check draws fresh inputs and names the likely mistake.
`minidit exercises start ch01` writes a chapter's sheet as a notebook to work in; each page has it too.
Hints are folded: open one at a time. The [solutions](../solutions/index.md) are apart."""


def _led(page: str, source: Path, own: str) -> str:
    """The page with a line below its title: the pages of the same chapter, as links but for its `own`."""
    chapter, title = source.parent.name, page.index("\n")
    ways = [f"[Chapter {int(chapter[2:4])}](../{chapter}.ipynb)"]
    for folder, words in WAYS.items():
        ways.append(words if folder == own else f"[{words}](../{folder}/{chapter[:4]}.md)")
    return f"{page[:title]}\n\n{' · '.join(ways)}{page[title:]}"


def _index(title: str, words: str, names: list[str]) -> str:
    return f"# {title}\n\n{words}\n\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"


def _sheet(cells: list[NotebookNode], name: str, stub: str, known: dict[str, Exercise]) -> str:
    parts, current = [], ""
    for cell in cells:
        if cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
        else:
            found = NAME.search(cell.source)
            current = found[1] if found else current
            parts.append(NAME.sub(lambda one: f"({_asked(one[1])})=\n{one[0]}", cell.source))
        if cell.cell_type == "code" and f'minidit.check("{current}"' in cell.source:
            parts += [*map(_folded, HINTS, known[current].hints), _to_solution(name, current)]
    take = f'<a href="../notebooks/{stub}" download>This sheet as a notebook</a> to work in.'
    return "\n\n".join([parts[0], take, *parts[1:]]) + "\n"


def _folded(summary: str, words: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{words}\n\n</details>"


def _to_solution(name: str, exercise: str) -> str:
    return f"[Solution of {exercise}](../solutions/{name}.md#{_anchor(exercise)}), when you have tried."


def _asked(exercise: str) -> str:
    return f"exercise-{exercise.replace('.', '-')}"


def _anchor(exercise: str) -> str:
    return f"solution-{exercise.replace('.', '-')}"


def _solutions(text: str, source: Path, links: Links) -> str:
    """Each exercise as it was asked, its solution, and the way back to it."""
    name, current = source.parent.name[:4], ""
    parts = [
        f"# Solutions to chapter {int(name[2:])}",
        f"Hints are on [the sheet](../exercises/{name}.md).",
    ]
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        found = NAME.search(cell.source) if cell.cell_type == "markdown" else None
        current = found[1] if found else current
        if current and cell.cell_type == "markdown":
            words = links.rewritten(cell.source, source, depth=1)
            parts.append(NAME.sub(lambda one: f"({_anchor(one[1])})=\n{one[0]}", words))
        elif cell.cell_type == "code" and SOLUTION.search(cell.source + "\n"):
            parts += ["**A solution**", f"```python\n{dedent(MARKS.sub('', cell.source)).strip()}\n```"]
            parts.append(f"[Exercise {current}](../exercises/{name}.md#{_asked(current)}), with its hints")
    return "\n\n".join(parts) + "\n"
