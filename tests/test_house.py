"""The walls of the house, and the size of its rooms."""

import ast
from pathlib import Path

import pytest

import minidit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minidit"
FILES = sorted(PACKAGE.rglob("*.py"))

# a room and what it may not import (DESIGN: model knows nothing of flow, flow nothing of model, ...)
ABOVE = {"claims", "teach", "publish", "classroom", "cli"}
WALLS = {
    "errors": {"*"},
    "types": {"*"},
    "streams": {"*"},
    "files": {"model", "flow", "latent", "data", "training", "measure", "align", "official"} | ABOVE,
    "model": {"flow", "training", "data", "measure", "latent", "align", "official"} | ABOVE,
    "flow": {"model", "training", "data", "measure", "latent", "align", "official"} | ABOVE,
    "data": {"model", "flow", "training", "measure", "align"} | ABOVE,
    "latent": {"model", "flow", "data", "training", "measure", "align", "official"} | ABOVE,
    "align": {"flow", "data", "training", "measure", "official"} | ABOVE,
    "official": {"data", "training", "measure"} | ABOVE,
    "training": {"measure", "official"} | ABOVE,
    "measure": {"training"} | ABOVE,
    "claims": {"teach", "publish", "classroom", "cli"},
    "teach": {"publish", "classroom", "cli"},
    "publish": {"classroom", "cli"},
    "classroom": {"cli"},
    "cli": set(),
}


def imported_rooms(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield "a relative import, which hides the room"
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "minidit":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("minidit."))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FRONT_DOOR = set(vars(minidit)["__all__"])  # `from minidit import train` opens every room


def broken_walls(path, source):
    walls = WALLS.get(room(path), set())
    imports = set(imported_rooms(ast.parse(source)))
    low = room(path) not in ABOVE
    through_the_front = imports & FRONT_DOOR if low else set()
    hidden = {name for name in imports if " " in name}
    return (
        hidden | through_the_front | {n for n in imports if n in walls or ("*" in walls and n != room(path))}
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_walls_hold(path):
    assert not broken_walls(path, path.read_text())


def test_a_broken_wall_is_seen():
    assert broken_walls(PACKAGE / "flow" / "x.py", "from minidit.model.dit import DiT") == {"model"}
    assert broken_walls(PACKAGE / "model" / "x.py", "import minidit.training.loop") == {"training"}
    assert broken_walls(PACKAGE / "model" / "x.py", "from minidit import TrainState") == {"TrainState"}
    assert broken_walls(PACKAGE / "model" / "x.py", "from ..training import loop")
    assert broken_walls(PACKAGE / "types.py", "from minidit.errors import MiniditError") == {"errors"}


def test_every_room_has_its_walls():
    rooms = {room(path) for path in FILES} - {"__init__", "__main__"}
    assert rooms <= set(WALLS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_holds_one_idea(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 250
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "the first line of a file says its idea"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 32, f"{node.name} has {length} lines"
