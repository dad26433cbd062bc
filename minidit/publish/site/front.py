"""The front page: what this is, for whom, and every claim with its verdict."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from minidit.publish.site import verdicts
from minidit.publish.site.frames import Widgets
from minidit.publish.site.links import Links

# headings of the site's list; below each the names of its pages, with the words for them where they are short
Tops = Sequence[tuple[str, Sequence[tuple[str, str]]]]
HEAD = (Path(__file__).with_name("front.md")).read_text(encoding="utf-8")
PICTURE = "book/artefacts/first_light.png"
PANELS = (
    (
        "Ten columns of generated digits, 8 x 8 pixels each, from 0 to 9.",
        "8 x 8 digits after 31 seconds of training.",
    ),
    (
        "Twelve columns of generated shapes, 32 x 32 pixels each: discs, squares, triangles, crosses.",
        "32 x 32 shapes after 5 minutes. One thread of a processor, no GPU.",
    ),
)
# where the live model is, once the site has it
LIVE = "live"


def page(root: Path, tops: Tops, links: Links) -> str:
    """The front page, Markdown.

    Args:
        root: the repository.
        tops: headings, and the pages that the site's list shows below them.
        links: takes the pictures along.

    Raises:
        MiniditError: a card or evidence that cannot be read.
    """
    cases = verdicts.read(root / "book")
    names = {name for _, own in tops for name, _ in own}
    text = links.rewritten(HEAD, root / "README.md")
    places = {
        "{buttons}": _buttons(names),
        "{count}": verdicts.count(cases),
        "{panels}": _panels(root / PICTURE, links),
        "{letters}": verdicts.LETTERS,
        "{claims}": verdicts.listed(cases),
    }
    for place, words in places.items():
        text = text.replace(place, words)
    return text + "".join(_tree(heading, own) for heading, own in tops if own)


def _buttons(names: set[str]) -> str:
    """The ways in; the live model first, where there is one."""
    live = [("Draw a digit, here", f"{LIVE}.html")] if LIVE in names else []
    ways = [
        *live,
        ("Begin with chapter 1", "ch01_first_model.html"),
        ("See the verdicts", "#claims-on-trial"),
    ]
    return "".join(f'<a class="way" href="{place}">{words}</a>' for words, place in ways)


def _panels(path: Path, links: Links) -> str:
    """The picture's two halves, each with its words: side by side, or on a phone one below the other."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    cut, widgets = _gap(np.asarray(picture)), Widgets({}, path.stem)
    figures = []
    for (left, right), (alt, caption) in zip(((0, cut), (cut, picture.width)), PANELS, strict=True):
        data = BytesIO()
        picture.crop((left, 0, right, picture.height)).save(data, "png")
        still = widgets.still(data.getvalue(), alt)
        figures.append(
            f'<figure style="flex-grow: {right - left}">{still}<figcaption>{caption}</figcaption></figure>'
        )
    links.pictures |= widgets.pictures
    return f'<div class="panels">{"".join(figures)}</div>'


def _gap(pixels: np.ndarray) -> int:
    """The middle of the widest white strip from top to bottom within pixels (height, width, 3)."""
    inked = np.flatnonzero((pixels < 255).any(axis=(0, 2)))
    widest = np.diff(inked).argmax()
    return int(inked[widest] + inked[widest + 1]) // 2


def _tree(heading: str, own: Sequence[tuple[str, str]]) -> str:
    entries = "\n".join(f"{words} <{name}>" if words else name for name, words in own)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{entries}\n```\n"
