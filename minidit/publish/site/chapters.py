"""A chapter as Sphinx reads it: the executed notebook, its card filled in, its widgets alive."""

import ast
import html
import re
from base64 import b64decode
from itertools import takewhile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from minidit.publish.replays import PACKAGES, Noted, last_replay
from minidit.publish.site.frames import Widgets
from minidit.publish.site.links import Links
from minidit.publish.source import notebook_of, read_notebook
from minidit.publish.widgets import STATE, VIEW
from minidit.teach.predict import COMMIT, NO_GUESS

# the rows of the card at the chapter's head
CARD = re.compile(r"(?:^\|.*\|\n?)+", re.M)
CLAIM = re.compile(r"\bC\d\d\b")
# what a reader may unfold below the card; between the two a table of two columns
ABOUT = """
<details class="about">
<summary>About this page: exercises, download, versions</summary>

| | |
|---|---|
{rows}
</details>

"""
IMPORTS, LONG = re.compile(r"(import|from) \w"), 15  # lines
# a prediction's question and its answer: words, which may be broken anew on a narrow screen
SENTENCES = re.compile(rf"^({re.escape(COMMIT)}|The answer is )", re.M)
# what they say of running a cell, which a page cannot do
SAID = {COMMIT: "Note your letter.", f"{NO_GUESS}\n": ""}


def page(source: Path, links: Links) -> str:
    """The notebook of the chapter `source` as the site shows it, as JSON.

    Its pictures for the widgets and the notebook itself, for readers to take home, are left with `links`.

    Raises:
        MiniditError: there is no notebook, or it holds a link or a widget that the site cannot show.
    """
    notebook = read_notebook(source)
    models = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    widgets = Widgets(models, source.stem)
    _fold(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = links.rewritten(cell.source, source)
        else:
            cell.outputs = [_alive(output, widgets) for output in cell.outputs]
    notebook.cells[0].source = _with_card(notebook.cells[0].source, source)
    links.pictures |= widgets.pictures
    links.given[f"notebooks/{source.stem}.ipynb"] = notebook_of(source).read_bytes()
    return nbformat.writes(notebook)


def _alive(output: NotebookNode, widgets: Widgets) -> NotebookNode:
    """The output; a widget, a picture, and words that must wrap are replaced by their HTML."""
    data = output.get("data", {})
    if VIEW in data:
        alt = output.metadata["image/png"]["alt"]
        return _html(widgets.fragment(data[VIEW]["model_id"], alt))
    if "image/png" in data and "text/html" not in data:
        return _html(widgets.still(b64decode(data["image/png"]), output.metadata["image/png"]["alt"]))
    if SENTENCES.search(output.get("text", "")):
        words = output.text
        for said, here in SAID.items():
            words = words.replace(said, here)
        return _html(f'<pre class="sentences">{html.escape(words)}</pre>')
    return output


def _html(text: str) -> NotebookNode:
    return NotebookNode(output_type="display_data", data={"text/html": text}, metadata={})


def _fold(notebook: NotebookNode) -> None:
    """Fold the imports, and the code of the first picture where it is long: no reader begins with them.

    A cell that only asks is left out: its question stands in its output.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in filter(_only_asks, code):
        cell.metadata.tags = [*cell.metadata.get("tags", ()), "remove-input"]
    for cell in takewhile(lambda cell: IMPORTS.match(cell.source) and not cell.outputs, code):
        _fold_cell(cell, "What this chapter imports")
    first = next((cell for cell in code if any("image/png" in o.get("data", ()) for o in cell.outputs)), None)
    if first and len(first.source.splitlines()) > LONG:
        _fold_cell(first, "The code of this picture")


def _only_asks(cell: NotebookNode) -> bool:
    """Whether the cell is a call of `teach.predict` and nothing else."""
    return cell.source.startswith("teach.predict(") and len(ast.parse(cell.source).body) == 1


def _fold_cell(cell: NotebookNode, words: str) -> None:
    cell.metadata.tags = [*cell.metadata.get("tags", ()), "hide-input"]
    cell.metadata.mystnb = {f"code_prompt_{state}": words for state in ("show", "hide")}


def _with_card(head: str, source: Path) -> str:
    """The chapter's first cell, its claims as links, and below its card, folded, what only the site knows."""
    number = source.stem[:4]
    take = f'<a href="notebooks/{source.stem}.ipynb" download>as a notebook</a>, with its outputs'
    sheets = f"[the sheet](exercises/{number}.md), [solutions](solutions/{number}.md)"
    run = _run(last_replay(source), source.parents[1] / "constraints.txt")
    rows = {"Exercises": sheets, "Download": take, **run}
    about = ABOUT.format(rows="".join(f"| **{name}** | {words} |\n" for name, words in rows.items()))

    known = {path.name[:3] for path in (source.parent / "claims").glob("C*.toml")}

    def led(claim: re.Match) -> str:
        return f"[{claim[0]}](claims/{claim[0].lower()}.md)" if claim[0] in known else claim[0]

    def filled(found: re.Match) -> str:
        return CLAIM.sub(led, found[0]) + about

    return CARD.sub(filled, head, count=1)


def _run(noted: Noted | None, pins: Path) -> dict[str, str]:
    """The rows on the last replay, and on the packages: those of the replay, else those that are pinned."""
    if noted is None:
        words = "none on the machine that made this page, since the chapter changed"
        found = {name: re.search(rf"^{name}==(\S+)", pins.read_text("utf-8"), re.M) for name in PACKAGES}
        versions = {name: version[1] for name, version in found.items() if version}
    else:
        words = f"{noted.day}, every output as stored, in {noted.seconds:.0f} {noted.clock}"
        versions = noted.versions
    listed = ", ".join(f"{name} {versions[name]}" for name in PACKAGES if name in versions)
    return {"Last replay": words, "Versions": listed}
