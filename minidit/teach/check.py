"""Check an answer, give a hint, remember what was solved."""

import random
from collections.abc import Callable
from typing import Any

import torch

from minidit.errors import MiniditError
from minidit.teach.exercise import Exercise, exercises, find
from minidit.teach.expect import CheckFailed, told
from minidit.teach.limit import borrowed, within
from minidit.teach.notebook import note, noted

FILE = "exercises"


def check(name: str, answer: Callable, seed: int | None = None) -> None:
    """Try `answer` on fresh inputs; print one line when it is right.

    Args:
        name: of the exercise, such as "1.2".
        answer: the function that was asked for.
        seed: names the inputs; a new one each time unless given.

    Raises:
        CheckFailed: it is not right yet; the message shows why.
        NotImplementedError: the stub has not been filled in.
        MiniditError: there is no such exercise.
    """
    item = find(name)
    chance = random.SystemRandom().getrandbits(31) if seed is None else seed
    examine(item, answer, torch.Generator().manual_seed(chance))
    _remember("solved", name, True)
    print(f"Exercise {name} is solved: {item.title}.")


def examine(item: Exercise, answer: Callable, draw: torch.Generator) -> None:
    """Run one check, within its time; raise CheckFailed or NotImplementedError unless the answer is right."""
    if not callable(answer):
        kind = type(answer).__name__
        raise CheckFailed(f"Exercise {item.name} asks for a function; this is a {kind}. Leave off the ().")
    try:
        within(item.seconds, lambda: item.check(answer, draw))
    except NotImplementedError:
        raise
    except CheckFailed as failure:
        raise CheckFailed(f"Exercise {item.name} is {failure}{_lean(answer)}") from failure.__cause__
    except Exception as error:
        words = f"your function raised {told(error)}"
        raise CheckFailed(f"Exercise {item.name}: {words}{_lean(answer)}") from error
    if lean := _lean(answer):
        raise CheckFailed(f"Exercise {item.name} gives the right result, but{lean}")


def _lean(answer: Callable) -> str:
    """Words about what the answer takes from the notebook; nothing if it takes nothing."""
    if not (names := borrowed(answer)):
        return ""
    return (
        f"\n  it takes {', '.join(names)} from the notebook. Only the arguments are given: elsewhere the "
        "notebook's values will be others, or none."
    )


def hint(name: str, number: int | None = None) -> None:
    """Print the next hint of an exercise; the last is nearly the answer.

    Args:
        name: of the exercise, such as "1.2".
        number: 1 to 3 to read that hint (again); the hints that were taken stay counted.

    Raises:
        MiniditError: there is no such exercise, or no such hint.
    """
    item = find(name)
    given, count = noted(FILE).get("hints", {}).get(name, 0), len(item.hints)
    if number is None:
        number = min(given + 1, count)
    elif not isinstance(number, int) or number not in range(1, count + 1):
        raise MiniditError(
            f"There is no hint {number!r} for exercise {name}; ask for a number from 1 to {count}."
        )
    print(f"Hint {number} of {count} for exercise {name}: {item.hints[number - 1]}")
    _remember("hints", name, max(given, number))


def status() -> str:
    """A line for each exercise: solved or open, and the hints taken."""
    notes = noted(FILE)
    lines = []
    for item in exercises():
        mark = "solved" if item.name in notes.get("solved", {}) else "open  "
        hints = notes.get("hints", {}).get(item.name, 0)
        lines.append(f"{item.name:>5}  {mark}  {hints} of {len(item.hints)} hints  {item.title}")
    return "\n".join(lines)


def _remember(group: str, name: str, value: Any) -> None:
    notes = noted(FILE)
    notes.setdefault(group, {})[name] = value
    note(FILE, notes)
