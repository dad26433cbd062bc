"""Does a page load nothing from outside, stay small, and say its height, language and values?"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from minidit.teach.page import HEIGHT, PAGES, VALUES

LARGEST_KIB, LONGEST = 32, 250  # size, and lines of a page
# a pattern, and what a person calls it; a page has all it needs in itself
OUTSIDE = (
    (r"(?i)\b(https?|wss?|ftp|file|blob|javascript):", "an address"),
    (r"(?i)[\"'(=]\s*//\w", "an address"),
    (r"(?i)\b(src|srcset|href|action|poster)\s*=\s*[\"'\w]", "an attribute or property that loads"),
    (r"(?i)<\s*(link|iframe|object|embed|base|form)\b", "an element that loads"),
    (r"(?i)http-equiv", "a <meta> that can load"),
    (r"(?i)\burl\(", "a url() of CSS"),
    (r"(?i)@import\b|\bimport\s*[({*\"'\w]|\bimportScripts\b", "an import"),
    (r"\bfetch\s*\(|\b(XMLHttpRequest|WebSocket|EventSource|sendBeacon|Worker)\b", "a request"),
    (r"\blocation\b|\bwindow\.open\b|\beval\s*\(|\bnew Function\b", "a way out of the page"),
)
NEEDED = (
    (r'<html lang="\w+', 'its language, <html lang="en">'),
    (HEIGHT.pattern, 'its height in pixels, <meta name="height" content="480">'),
    (r"<title>[^<]+</title>", "a <title>"),
)


def pages_faults(folder: Path = PAGES) -> list[str]:
    """The faults of all pages as sentences: page, line where there is one, what is wrong, what to do."""
    return [fault for path in sorted(folder.glob("*.html")) for fault in page_faults(path)]


def page_faults(path: Path) -> list[str]:
    """The faults of one page, as `pages_faults` writes them."""
    text = path.read_text("utf-8")
    return [f"pages/{path.name}{place}: {fault}" for place, fault in _faults(text)]


def _faults(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        for pattern, what in OUTSIDE:
            if found := re.search(pattern, line):
                yield f":{number}", f"{what} ({found[0].strip()}); write into the page what it needs."
    for pattern, what in NEEDED:
        if not re.search(pattern, text):
            yield "", f"it does not say {what}."
    yield from (("", fault) for fault in _values_faults(text))
    kib = len(text.encode()) / 1024
    if kib > LARGEST_KIB or len(lines) > LONGEST:
        yield (
            "",
            f"{kib:.0f} KiB in {len(lines)} lines; at most {LARGEST_KIB} in {LONGEST}: one idea a page.",
        )


def _values_faults(text: str) -> Iterator[str]:
    found = VALUES.findall(text)
    if len(found) != 1:
        element = '<script id="values" type="application/json">'
        yield f"it has {len(found)} times {element}, not once; write {{}} in it for no values."
        return
    try:
        values = json.loads(found[0][1])
    except json.JSONDecodeError as error:
        yield f"its values are no JSON ({error})."
        return
    if not isinstance(values, dict):
        yield "its values are no JSON object; write names with values."
