"""The settings of Sphinx: what it reads, and the theme."""

from pathlib import Path
from typing import Any

import minidit

STATIC = Path(__file__).with_name("static")
ACCENT = {"light": "#b23608", "dark": "#fb923c"}
# what Sphinx would add, and nobody needs: the sources twice, and words about Sphinx
LEFT_OUT = ("html_copy_source", "html_show_sourcelink", "html_show_sphinx", "html_show_copyright")
# what we write otherwise than Sphinx
OWN = ("mathematics", "neighbours", "stills", "tables")


def settings(extra: Path) -> dict[str, Any]:
    """What Sphinx is told.

    Args:
        extra: a folder whose content is laid beside the pages.
    """
    return {
        "project": "minidit",
        "author": "the authors of minidit",
        "version": minidit.__version__,
        "language": "en",
        "extensions": ["myst_nb", "sphinx_copybutton", *(f"minidit.publish.site.{own}" for own in OWN)],
        "myst_enable_extensions": ["dollarmath", "amsmath"],
        "myst_heading_anchors": 3,
        "nb_execution_mode": "off",
        "python_maximum_signature_line_length": 88,
        "copybutton_selector": "div.highlight-python pre, div.highlight-ipython3 pre, div.highlight-sh pre",
        "html_static_path": [str(STATIC), "_static"],
        "html_extra_path": [str(extra)],
        "html_math_renderer": "mathml",
        **_theme(),
        **dict.fromkeys(LEFT_OUT, False),
    }


def _theme() -> dict[str, Any]:
    return {
        "html_theme": "furo",
        "html_title": "minidit",
        "html_favicon": str(STATIC / "icon.svg"),
        "html_css_files": ["site.css"],
        "html_search_scorer": str(Path(__file__).with_name("scorer.js")),
        "html_js_files": ["frames.js", "theme.js", "drawers.js", "file.js", "finder.js", "tables.js"],
        "html_theme_options": {
            "light_css_variables": _colours("light"),
            "dark_css_variables": _colours("dark"),
            "navigation_with_keys": True,
        },
        "highlight_language": "python",
        "pygments_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
    }


def _colours(theme: str) -> dict[str, str]:
    quiet = "var(--color-foreground-primary)"
    return {
        "color-brand-primary": ACCENT[theme],
        "color-brand-content": ACCENT[theme],
        "color-brand-visited": ACCENT[theme],
        "color-sidebar-link-text": quiet,
        "color-sidebar-link-text--top-level": quiet,
    }
