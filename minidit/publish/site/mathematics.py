"""Formulas as MathML: TeX is turned into elements that a browser sets itself, without a script.

The font comes with the site (static/fonts), so a formula looks alike everywhere, can be read aloud, and
costs a page nothing but its text. What latex2mathml says differently from TeX is put right here.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from docutils import nodes

from minidit.errors import MiniditError

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

# what TeX calls by a name and latex2mathml leaves as it is, or sets as a bar that stretches
WORDS = {r"\\lVert|\\rVert|&#x02016;": "‖", r"&#x0007C;": "|", "&#x000AF;": "‾"}
BAR = re.compile(r"<mo[^>]*>([|‖])</mo>")
PRIME = re.compile(r"<msup>(<m[in]>[^<]*</m[in]>)<mi>&#x02032;</mi></msup>")
ACCENT = re.compile(
    r"<mover>(.(?:(?!<mover>).)*?<mo[^>]*>(?:‾|&#x0?0?2D9;|&#x0?0?2C6;|&#x0?0?2DC;|&#x0005E;|&#x0007E;|~|\^))"
)
# a minus behind a relation, a comma or an opening bracket is a sign, not a difference
SIGN = re.compile(
    r"(<mo[^>]*>(?:=|&#x0003D;|&#x02264;|&#x02265;|&#x02248;|&#x0002C;|,|&#x00028;|\()</mo>)<mo>&#x02212;</mo>"
)
# TeX puts a thin space around the names of functions, but none before a bracket
FUNCTION = re.compile(r"(?<=[\w}])\s*(\\(?:log|ln|exp|sin|cos)\b)")
ARGUMENT = re.compile(r"(\\(?:log|ln|exp|sin|cos)\b)\s*(?=[\w\\])(?!\\(?:bigl|left|!))")


@cache
def mathml(tex: str, display: bool = False) -> str:
    """A formula as a <math> element; `tex` stays with it as its annotation.

    Raises:
        MiniditError: the formula is not TeX that can be read.
    """
    from latex2mathml.converter import convert

    spaced = ARGUMENT.sub(r"\1\\,", FUNCTION.sub(r"\\,\1", tex))
    try:
        found = convert(spaced, display="block" if display else "inline")
    except Exception as error:  # whatever the converter meets: it has some forty kinds of its own
        raise MiniditError(
            f"The formula {tex!r} cannot be read ({error!r}); write it in plainer TeX."
        ) from error
    for word, sign in WORDS.items():
        found = re.sub(word, sign, found)
    if "\\" in found:  # a command that the converter does not know is left standing
        raise MiniditError(f"The formula {tex!r} holds a command that is not known; write it in plainer TeX.")
    found = BAR.sub(r'<mo stretchy="false" lspace="0" rspace="0" form="prefix">\1</mo>', found)
    found = PRIME.sub(r'<mrow>\1<mo lspace="0" rspace="0">&#x02032;</mo></mrow>', found)
    found = ACCENT.sub(r'<mover accent="true">\1', found)
    return SIGN.sub(r'\1<mo form="prefix" lspace="0" rspace="0">&#x02212;</mo>', found)


def inline(translator: "HTML5Translator", node: nodes.math) -> None:
    """Write a formula within a line, and leave it."""
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(translator: "HTML5Translator", node: nodes.math_block) -> None:
    """Write a formula of its own, which can be moved sideways where a window is narrow, and leave it."""
    math = mathml(node.astext(), display=True)
    translator.body.append(
        f'<div class="formula" tabindex="0" role="group" aria-label="formula">{math}</div>\n'
    )
    raise nodes.SkipNode


def setup(app: "Sphinx") -> dict[str, Any]:
    """Tell Sphinx that there is this way to write formulas."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
