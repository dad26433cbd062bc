"""The page of all errors by message, made from the library's own source."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from minidit.publish.messages import PACKAGE, Message, raises

HEAD = """\
# Errors by message

All that minidit can refuse, and how it says so. Search this page for a few words of your message, without its
numbers and names: those are filled in, and stand here between ‹ and ›. `[this | that]` is one of two.

Below each message stands the function that says it. What the check of an exercise says is not here:
`minidit.hint("1.2")` helps there.
"""


def errors_page(package: Path = PACKAGE) -> str:
    """Markdown: by room of the house, and there in the order of the source, each message and who says it."""
    said = (message for found in raises(package) for message in found.messages if message.says_something)
    rooms = groupby(dict.fromkeys(said), key=_room)
    return HEAD + "".join(f"\n## {room}\n\n{_listed(list(messages))}" for room, messages in rooms)


def _room(message: Message) -> str:
    return message.module.split(".")[1]


def _listed(messages: Sequence[Message]) -> str:
    return "".join(f"- {_code(m.text)}\\\n  from `{m.module}.{m.function}`\n" for m in messages)


def _code(text: str) -> str:
    """As code, so that a browser shows the very signs; text may hold single backticks."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
