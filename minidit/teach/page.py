"""A page of our own plain JavaScript in a cell: things to drag, without a kernel; a still where nothing runs.

JupyterLab takes the frames out of a notebook that it does not trust, and leaves what stood inside them. A
browser that shows a frame does not show what stands inside. So the still stands there.
"""

import base64
import html
import json
import re
from pathlib import Path

from matplotlib.figure import Figure

from minidit.errors import MiniditError, did_you_mean
from minidit.teach.show import png

PAGES = Path(__file__).with_name("pages")
LIMIT = 150 * 1024  # characters of the HTML, the still's among them
# where a page says its values and its height
VALUES = re.compile(r'(<script id="values" type="application/json">)(.*?)(</script>)', re.S)
HEIGHT = re.compile(r'<meta name="height" content="(\d+)">')


class Page:
    """`pages/NAME.html` in a frame that can reach nothing else; a still and words where none runs."""

    def __init__(self, name: str, figure: Figure, alt: str, **values: object):
        """Put the values into the page, and draw the still.

        Args:
            name: a file in minidit/teach/pages, without its ending.
            figure: the still, what the page shows at its start.
            alt: what is to be seen and can be moved, for those who cannot see it.
            values: replace those that stand in the page: numbers, words, or lists of them.

        Raises:
            MiniditError: no such page, no words, a value that the page does not know or that is of another
                kind than the page's own, or a still that is too large.
        """
        if not alt.strip():
            raise MiniditError("A page needs words for those who cannot see it: give alt, a sentence or two.")
        source = read(name)
        self.alt, self.still = alt, png(figure)
        self.page = VALUES.sub(lambda found: found[1] + _filled(name, found[2], values) + found[3], source)
        self.height = int(HEIGHT.search(source)[1])
        self.html = _frame(self.page, self.height, self.still, alt)
        if len(self.html) > LIMIT:
            raise MiniditError(
                f"The page {name!r} takes {len(self.html) // 1024} KiB with its still and values; it may "
                f"take {LIMIT // 1024}: draw a smaller still, or give fewer values."
            )

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        bundle = {"text/html": self.html, "image/png": self.still, "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}


def names() -> list[str]:
    """The pages that there are."""
    return sorted(path.stem for path in PAGES.glob("*.html"))


def read(name: str) -> str:
    """The text of a page. Raises MiniditError when there is none of this name."""
    if name not in names():
        raise MiniditError(
            f"There is no page {name!r}.{did_you_mean(name, names())} There are: {', '.join(names())}."
        )
    return (PAGES / f"{name}.html").read_text("utf-8")


def _filled(name: str, own: str, given: dict[str, object]) -> str:
    """JSON of the page's own values with those given in their place, safe inside a script element."""
    values = json.loads(own)
    for key, value in given.items():
        if key not in values:
            raise MiniditError(
                f"The page {name!r} has no value {key!r}.{did_you_mean(key, values)} "
                f"It has: {', '.join(values)}."
            )
        if not _alike(value, values[key]):
            raise MiniditError(
                f"The page {name!r} needs for {key} something like {json.dumps(values[key])}, of plain "
                f"numbers, words and lists, not {value!r}: a tensor becomes one by .tolist()."
            )
    # a value with "</script>" in it would end the element
    return json.dumps(values | given, allow_nan=False).replace("<", "\\u003c")


def _alike(value: object, own: object) -> bool:
    """Is this of the kind of the page's own value? Lists may be of another length, but not empty."""
    if isinstance(own, list):
        return isinstance(value, list | tuple) and bool(value) and all(_alike(one, own[0]) for one in value)
    if isinstance(own, bool) or isinstance(value, bool):
        return type(value) is type(own)
    if isinstance(own, int | float):
        return isinstance(value, int | float) and abs(value) < float("inf")  # NaN is no JSON either
    return isinstance(value, type(own))


def _frame(page: str, height: int, still: bytes, alt: str) -> str:
    picture = base64.encodebytes(still).decode()  # in lines: patterns are slow on one long word
    words = html.escape(alt, quote=True)
    return (
        f'<iframe title="{words}" sandbox="allow-scripts" width="100%" height="{height}" style="border: 0" '
        f'srcdoc="{html.escape(page, quote=True)}">\n'
        f'<img alt="{words}" src="data:image/png;base64,{picture}">\n</iframe>'
    )
