"""What an exercise is: a name, its hints, and a check that draws fresh inputs each time."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import torch

from minidit.errors import MiniditError
from minidit.teach import checks

# a check is given the answer and a source of chance; it raises CheckFailed, or returns
Check = Callable[[Callable, torch.Generator], None]
_KNOWN: dict[str, "Exercise"] = {}


@dataclass(frozen=True)
class Exercise:
    """One exercise. `hints` go from a nudge to nearly the answer; `seconds` is the most a check may take."""

    name: str
    title: str
    check: Check
    hints: tuple[str, str, str]
    seconds: float = 5.0


def exercise(name: str, title: str, hints: tuple[str, str, str]) -> Callable[[Check], Check]:
    """Enter the decorated check into the table of exercises."""

    def enter(check: Check) -> Check:
        _KNOWN[name] = Exercise(name, title, check, hints)
        return check

    return enter


def exercises() -> Iterator[Exercise]:
    """All exercises, in the order of the book."""
    for chapter in pkgutil.iter_modules(checks.__path__):  # by name: ch01, ch02, ...
        importlib.import_module(f"{checks.__name__}.{chapter.name}")
    return iter(_KNOWN.values())


def find(name: str) -> Exercise:
    """The exercise called `name`, such as "1.2". Raises MiniditError when there is none."""
    known = {item.name: item for item in exercises()}
    if name not in known:
        near = get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise MiniditError(f"There is no exercise {name!r}.{hint} There are: {', '.join(known)}.")
    return known[name]
