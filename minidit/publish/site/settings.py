"""The settings of Sphinx: what it reads, and the theme."""

from pathlib import Path
from typing import Any

import minidit

STATIC = Path(__file__).with_name("static")
ACCENT = {"light": "#b23608", "dark": "#fb923c"}


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
        "extensions": ["myst_nb", "sphinx_copybutton", "minidit.publish.site.mathematics"],
        "myst_enable_extensions": ["dollarmath", "amsmath"],
        "myst_heading_anchors": 3,
        "nb_execution_mode": "off",
        "default_role": "literal",
        "python_maximum_signature_line_length": 88,
        "add_module_names": False,
        "highlight_language": "python",
        "pygments_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "html_theme": "furo",
        "html_title": "minidit",
        "html_theme_options": {
            "light_css_variables": _colours("light"),
            "dark_css_variables": _colours("dark"),
            "navigation_with_keys": True,
        },
        "html_static_path": [str(STATIC), "_static"],
        "html_extra_path": [str(extra)],
        "html_css_files": ["site.css"],
        "html_js_files": ["frames.js", "file.js"],
        "html_math_renderer": "mathml",
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "copybutton_exclude": ".linenos, .gp",
        "copybutton_selector": ".highlight-python pre, .highlight-ipython3 pre, .highlight-default pre",
    }


def _colours(theme: str) -> dict[str, str]:
    return {"color-brand-primary": ACCENT[theme], "color-brand-content": ACCENT[theme]}
