"""The live widgets as HTML for a page of any theme, and the files that they need beside it."""

from collections.abc import Sequence
from pathlib import Path

from minidit.errors import MiniditError, did_you_mean
from minidit.files import write_whole
from minidit.publish.live.facts import facts
from minidit.publish.live.stills import stills
from minidit.publish.live.weights import weights_script
from minidit.training.artefact import read_artefact

ASSETS = Path(__file__).with_name("assets")
NETWORK = "digits"
WIDGETS = ("digit", "roulette", "mixer")
SHARED = ("weights.js", "dit.js", "sampler.js", "live.js")  # in the order in which a page needs them

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>minidit: a diffusion transformer, live</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ margin: 0; padding: 16px; font-family: system-ui, "DejaVu Sans", sans-serif;
    color: light-dark(#1f2933, #e6ebf0); background: light-dark(#fcfdfe, #14191f); }}
  h1 {{ max-width: 46rem; margin: 0 auto 12px; font-size: 1em; }}
</style>
</head>
<body>
<h1>minidit: a network in a page</h1>
{fragment}
</body>
</html>
"""


def write_live(folder: Path) -> list[Path]:
    """Write the files of the live widgets: weights, scripts, style and still pictures.

    Returns:
        The paths, in FOLDER. Together they take about a megabyte.

    Raises:
        MiniditError: the committed network is missing or does not fit, or the disk refuses.
    """
    state = read_artefact(NETWORK)
    contents = {"weights.js": weights_script(state).encode()}
    contents |= {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.suffix != ".html"}
    contents |= {f"{name}.png": picture for name, picture in stills(state).items()}
    return [write_whole(folder / name, content) for name, content in contents.items()]


def fragment(widgets: Sequence[str] = WIDGETS, where: str = "") -> str:
    """HTML of some widgets: put it into a page once.

    Args:
        widgets: which, and in which order.
        where: from the page to the folder of `write_live`, such as "_static/live/".

    Raises:
        MiniditError: no such widget, or none; or the committed network or its evidence is missing.
    """
    for name in widgets or [""]:
        if name not in WIDGETS:
            raise MiniditError(
                f"There is no live widget {name!r}.{did_you_mean(name, WIDGETS)} "
                f"There are: {', '.join(WIDGETS)}."
            )
    words = facts(read_artefact(NETWORK)) | {"where": where}
    sections = [(ASSETS / f"{name}.html").read_text("utf-8").format(**words) for name in widgets]
    scripts = [*SHARED, *(f"{name}.js" for name in widgets)]
    return "\n".join(
        [
            f'<link rel="stylesheet" href="{where}live.css">',
            *(section.rstrip() for section in sections),
            *(f'<script defer src="{where}{name}"></script>' for name in scripts),
        ]
    )


def page(widgets: Sequence[str] = WIDGETS, where: str = "") -> str:
    """A whole page with these widgets, without a theme: it needs no server. Arguments as in `fragment`."""
    return SHELL.format(fragment=fragment(widgets, where))
