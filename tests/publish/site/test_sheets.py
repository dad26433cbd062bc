"""Exercise pages: statements and hints on one page, the solutions on another."""

import re
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest

from minidit.publish.site import sheets
from minidit.publish.site.links import Links
from minidit.teach.exercise import exercises

ROOT = Path(__file__).parents[3]
EXERCISES = sorted(ROOT.glob("exercises/ch*/exercises.py"))


@pytest.fixture(scope="module")
def links():
    return Links(ROOT)


@pytest.fixture(scope="module")
def pages(links):
    return dict(sheets.pages(ROOT / "exercises", links))


def code(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize("source", EXERCISES, ids=lambda path: path.parent.name)
def test_solutions_are_apart(pages, links, source):
    name, text = source.parent.name[:4], source.read_text(encoding="utf-8")
    given = links.given[f"notebooks/{source.parent.name}_exercises.ipynb"].decode()
    stub, sheet = code(nbformat.reads(given, 4).cells), pages[f"exercises/{name}"]
    solved = [dedent(part) for part in re.findall(r"### BEGIN SOLUTION\n(.*?) *### END SOLUTION", text, re.S)]
    assert len(solved) == sum("raise NotImplementedError" in cell for cell in stub) > 0
    solutions = dedent_all(pages[f"solutions/{name}"])
    for part in solved:
        assert dedent_all(part) in solutions
        assert dedent_all(part) not in dedent_all("\n".join(stub))
    # what is code on the sheet, and not within a hint, is the stub's
    assert all(f"```python\n{cell}\n```" in sheet for cell in stub)


def dedent_all(text):
    return "\n".join(line.strip() for line in text.splitlines())


def test_every_exercise_has_its_hints_and_its_solution(pages):
    sheet = "\n".join(text for name, text in pages.items() if name.startswith("exercises/ch"))
    solved = "\n".join(text for name, text in pages.items() if name.startswith("solutions/ch"))
    known = list(exercises())
    assert sheet.count("<details>") == 3 * len(known)
    for item in known:
        assert f"## {item.name} " in sheet and f"[Solution of {item.name}]" in sheet
        assert f"(solution-{item.name.replace('.', '-')})=\n## {item.name} " in solved
        assert f"#exercise-{item.name.replace('.', '-')}), with its hints" in solved
        assert all(hint in sheet for hint in item.hints)


def test_a_solution_stands_below_its_statement(pages):
    text = pages["solutions/ch09"]
    order = ("## 9.1 ", "You are handed a block", "**A solution**", "def where(", "## 9.2 ")
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_below_each_title_are_the_pages_of_the_chapter(pages, links):
    every = pages | dict(sheets.notes(ROOT / "exercises", links))
    for source in EXERCISES:
        chapter = source.parent.name
        for folder, words in sheets.WAYS.items():
            title, line = every[f"{folder}/{chapter[:4]}"].split("\n\n")[:2]
            assert title.startswith("# ") and line.startswith(
                f"[Chapter {int(chapter[2:4])}](../{chapter}.ipynb) · "
            )
            others = [other for other in sheets.WAYS if other != folder]
            assert re.findall(r"\]\(\.\./(\w+)/(\w+)\.md\)", line) == [
                (other, chapter[:4]) for other in others
            ]
            assert f"· {words}" in line


def test_indexes_name_every_page(pages):
    for folder in ("exercises", "solutions"):
        for source in EXERCISES:
            assert f"\n{source.parent.name[:4]}\n" in pages[f"{folder}/index"]


def test_notes_are_pages(links):
    notes = dict(sheets.notes(ROOT / "exercises", links))
    assert len(notes) == len(EXERCISES) + 1 and "Notes for the instructor" in notes["notes/ch09"]
