"""What a cell showed, without the machine it ran on: pictures made small, paths and addresses removed."""

import base64
import io
import re
from pathlib import Path
from textwrap import wrap

from nbformat import NotebookNode
from PIL import Image

SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")  # nbval reads the same patterns
# what stands below this line is not compared, but stored
_STORED = SANITIZE.read_text("utf-8").split("only compared, not stored")[0]
_PATTERNS = [
    (re.compile(regex), replace)
    for regex, replace in re.findall(r"^regex: (.*)\n^replace: (.*)$", _STORED, re.M)
]
# the still inside a page's frame; its base64 is in lines, for patterns are slow on one long word
_INSIDE = re.compile(r'(?<=src="data:image/png;base64,)[A-Za-z0-9+/=\s]+')
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_COLOURS = 256


def tidy_output(output: NotebookNode, execution_count: int | None) -> NotebookNode:
    """One output as it is stored: a traceback keeps only its last line, without colours."""
    if output.output_type == "error":
        output.traceback = [_ANSI.sub("", f"{output.ename}: {output.evalue}")]
    if output.output_type == "execute_result":
        output.execution_count = execution_count
    return tidy(output)


def tidy(node: object, mime: str = "") -> object:
    """The same tree of dictionaries and lists with every string tidied; `mime` is the key it stood under."""
    if isinstance(node, dict):
        return NotebookNode({key: tidy(value, key) for key, value in node.items()})
    if isinstance(node, list):
        return [tidy(value, mime) for value in node]
    if not isinstance(node, str):
        return node
    if mime == "image/png":
        return small_png(node)
    if mime == "text/html":
        node = _INSIDE.sub(lambda found: "\n".join(wrap(small_png(found[0]), 76)), node)
    # other pictures are base64 too, where a piece of a path means nothing
    return node if mime.startswith("image/") and "xml" not in mime else scrub(node)


def scrub(text: str) -> str:
    """Text without addresses, installation folders and home directories."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def small_png(encoded: str) -> str:
    """A PNG, base64 in and out, on white and with at most 256 colours, if that is shorter.

    The palette covers rare colours too: by the usual median cut, black words beside red images turn brown.
    """
    original = base64.b64decode(encoded)
    with Image.open(io.BytesIO(original)) as opened:
        picture = opened.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    colours = Image.alpha_composite(white, picture).convert("RGB")
    palette = colours.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2)
    smaller = io.BytesIO()
    palette.save(smaller, "PNG", optimize=True)
    return base64.b64encode(min(smaller.getvalue(), original, key=len)).decode()
