"""The library's rooms: their files, their public names, and where in the site's pages each of both is."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOMS = (
    "model", "flow", "data", "latent", "align", "official", "training",
    "measure", "claims", "teach", "publish", "classroom",
)  # fmt: skip


@cache
def module_of(room: str) -> ModuleType:
    """The package of a room."""
    return import_module(f"minidit.{room}")


@cache
def files(room: str) -> dict[str, list[str]]:
    """The files of a room in the order of the alphabet, each with the public names that it defines.

    A folder is a file here: what it holds is its own affair.
    """
    found: dict[str, list[str]] = {}
    left = public(room)
    for info in pkgutil.iter_modules(module_of(room).__path__):
        path = Path(module_of(room).__path__[0], info.name)
        path = path / "__init__.py" if info.ispkg else path.with_suffix(".py")
        defined = set(_defined(ast.parse(path.read_text(encoding="utf-8"))))
        inside = f"minidit.{room}.{info.name}"
        found[info.name] = [name for name in left if name in defined and _from(room, name) in ("", inside)]
        left = [name for name in left if name not in found[info.name]]
    return found


def _from(room: str, name: str) -> str:
    """The file of a function or a class, as Python names it; what else has a name does not know its file."""
    thing = getattr(module_of(room), name)
    return thing.__module__ if inspect.isfunction(thing) or inspect.isclass(thing) else ""


@cache
def public(room: str) -> list[str]:
    """The names that a room offers, without its modules, in its own order."""
    module = module_of(room)
    return [name for name in getattr(module, "__all__", ()) if not inspect.ismodule(getattr(module, name))]


def place(name: str) -> str | None:
    """Where the site explains "flow.guidance.guide", a name below minidit; None where it does not.

    A public name leads to its entry, another one to its file in the room's table.
    """
    room, *inside = name.split(".")
    if room not in ROOMS:
        return None
    if entry := next((part for part in inside if part in public(room)), None):
        return f"api/{room}.html#minidit.{room}.{entry}"
    file = f"#{place_of_file(room, inside[0])}" if inside and inside[0] in files(room) else ""
    return f"api/{room}.html{file}"


def place_of_file(room: str, file: str) -> str:
    """The id of a file in the page of its room."""
    return f"{room}-{file.replace('_', '-')}"


def _defined(tree: ast.Module) -> Iterator[str]:
    """The names that a file binds at its top level, imports aside."""
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                parts = (part for target in targets for part in ast.walk(target))
                yield from (part.id for part in parts if isinstance(part, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
