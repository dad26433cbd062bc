"""The library's pages, from its docstrings: a page a room, its files with their ideas, its public names."""

import enum
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import minidit
from minidit.publish.case import table
from minidit.publish.site.docstrings import first_line, markdown
from minidit.publish.site.names import link
from minidit.publish.site.rooms import ROOMS, files, module_of, place, place_of_file, public

FENCE = "~" * 6
# "dit.py" of the same room, or "../flow/guidance.py" of another
FILE = re.compile(r"(?<![\w`/])(?:\.\./(?P<room>\w+)/)?(?P<file>\w+)\.py\b")
# a default that is an object says only where it lay in memory
OBJECT = re.compile(r"<[^<>]*>")


def pages() -> Iterator[tuple[str, str]]:
    """Names and texts of the pages, the index first."""
    yield "api/index", _index()
    for room in ROOMS:
        yield f"api/{room}", _room(room)


def _index() -> str:
    rooms = [(f"[`minidit.{room}`]({room}.md)", _idea(f"minidit.{room}")) for room in ROOMS]
    front = [
        (_entrance(name), _home(getattr(minidit, name)), first_line(_doc(getattr(minidit, name))))
        for name in minidit.__all__
    ]
    parts = [
        f"# The library\n\n{markdown(minidit.__doc__)}",
        'All names, by the alphabet: <a href="../genindex.html">the index</a>.',
        f"## Rooms\n\n{table(('room', 'idea'), rooms)}",
        f"## The front door\n\n{table(('name', 'from', 'what it is'), front)}",
        "```{toctree}\n:hidden:\n\n" + "\n".join(ROOMS) + "\n```\n",
    ]
    return "\n\n".join(parts)


def _idea(module: str) -> str:
    return first_line(importlib.import_module(module).__doc__)


def _entrance(name: str) -> str:
    """A name of the front door; it leads to its entry where the page of a room has one."""
    thing = getattr(minidit, name)
    for room in ROOMS:
        if name in public(room) and getattr(module_of(room), name) is thing:
            return link(f"minidit.{name}", place(f"{room}.{name}").removeprefix("api/"))
    return f"`minidit.{name}`"


def _home(thing: object) -> str:
    parts = getattr(thing, "__module__", "").split(".")
    room = parts[1] if len(parts) > 1 and parts[0] == "minidit" else ""
    return f"[`{room}`]({room}.md)" if room in ROOMS else f"`{room}`"


def _room(room: str) -> str:
    """A room's page: the table of its files, then file by file the public names."""
    module = module_of(room)
    rows = [(_file(room, name), _idea(f"minidit.{room}.{name}")) for name in files(room)]
    idea = FILE.sub(lambda found: _led(room, found), markdown(module.__doc__))
    parts = [f"# {module.__name__}", idea, "## Files", table(("file", "idea"), rows)]
    if public(room):
        parts.append("## Names")
    for name, own in files(room).items():
        if own:
            parts.append(f"({place_of_file(room, name)})=\n### {name}")
            parts += [_entry(module, one) for one in own]
    return "\n\n".join(parts) + "\n"


def _led(room: str, found: re.Match) -> str:
    """A file that a room's own words name, as a link to its names or to its line in the table."""
    there = found["room"] or room
    if there not in ROOMS or found["file"] not in files(there):
        return found[0]
    return f'<a href="{there}.html#{place_of_file(there, found["file"])}">{found[0]}</a>'


def _file(room: str, name: str) -> str:
    """A file in the table: it leads to its names, or is itself the place that links lead to."""
    if files(room)[name]:
        return f"[`{name}`](#{place_of_file(room, name)})"
    return f'<a id="{place_of_file(room, name)}"></a>`{name}`'


def _entry(module: ModuleType, name: str) -> str:
    """A public name: what it is called with, what it says of itself, and for a class its methods."""
    thing, room = getattr(module, name), module.__name__
    if inspect.isclass(thing):
        body = [markdown(_doc(thing)), *_constructor(thing), *_methods(room, thing, name)]
        return _directive("class", room, f"{name}{_signature(thing)}", "\n\n".join(filter(None, body)))
    if callable(thing):
        return _directive("function", room, f"{name}{_signature(thing)}", markdown(_doc(thing)))
    return _directive("data", room, name, _value(thing))


def _directive(kind: str, room: str, head: str, body: str, fence: str = FENCE) -> str:
    return f"{fence}{{py:{kind}}} {head}\n:module: {room}\n\n{body}\n{fence}"


def _constructor(thing: type) -> Iterator[str]:
    if "__init__" in vars(thing):
        yield markdown(thing.__init__.__doc__)


def _methods(room: str, thing: type, owner: str) -> Iterator[str]:
    """The public methods and properties that the class itself explains."""
    for name, member in vars(thing).items():
        inner = getattr(member, "__func__", getattr(member, "fget", member))
        if name.startswith("_") or not inspect.isfunction(inner) or not inner.__doc__:
            continue
        kind = "property" if isinstance(member, property) else "method"
        call = "" if kind == "property" else _signature(getattr(thing, name))
        yield _directive(kind, room, f"{owner}.{name}{call}", markdown(inner.__doc__), FENCE[1:])


def _doc(thing: object) -> str:
    """What a thing says of itself; not what Python says of each dataclass, or of each dict."""
    if not callable(thing):
        return ""
    text = thing.__doc__ or ""
    made = inspect.isclass(thing) and text.startswith(f"{thing.__name__}(")
    return "" if made else text


def _signature(thing: object) -> str:
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return ""
    try:
        shown = OBJECT.sub("...", str(inspect.signature(thing)))
        return re.sub(r"^\(self(?:, )?", "(", shown)
    except (TypeError, ValueError):  # what is written in C has none
        return ""


def _value(thing: object) -> str:
    """What a table holds, by its keys; a value of another kind as it is."""
    if isinstance(thing, dict):
        return "A table of: " + ", ".join(f"`{key}`" for key in thing) + "."
    return f"`{OBJECT.sub('...', repr(thing))}`"
