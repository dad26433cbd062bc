"""Docstrings of the house as Markdown: their sections become headings in bold, their arguments lists."""

import inspect
import re
from collections.abc import Iterator

SECTIONS = ("Args", "Returns", "Yields", "Raises")
ITEM = re.compile(r"([\w*]+(?:, [\w*]+)*): (.*)")


def markdown(text: str | None) -> str:
    """A docstring as Markdown; empty where there is none."""
    return "\n".join(_lines(inspect.cleandoc(text or "").splitlines()))


def first_line(text: str | None) -> str:
    """The idea of a file: the first paragraph of its docstring, in one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def _lines(lines: list[str]) -> Iterator[str]:
    section = ""
    for line in lines:
        if line.rstrip(":") in SECTIONS and line.endswith(":"):
            section = line.rstrip(":")
            yield f"\n**{section}**\n"
        elif section and line.strip() and not line.startswith(" "):
            section = ""  # the section is over
            yield f"\n{line}"
        elif section and (found := ITEM.fullmatch(line.strip())) and len(line) - len(line.lstrip()) == 4:
            yield f"- `{found[1]}`: {found[2]}"
        elif section:
            yield f"  {line.strip()}" if line.startswith(" " * 8) else line.strip()
        else:
            yield line
