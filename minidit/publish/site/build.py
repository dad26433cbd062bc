"""From the repository to a folder of pages: sources are laid out, Sphinx reads them, all is looked over."""

import shutil
import time
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from minidit.errors import MiniditError
from minidit.publish.site.look import faults

# Sphinx works here: its sources, its caches, its output before it is put in place
WORK = Path("build/site")
PACKAGES = ("sphinx", "furo", "myst_nb", "sphinx_copybutton", "latex2mathml")
MARK = "objects.inv"  # every site that Sphinx made has one
# Sphinx takes settings of a theme from such a file only
CONF = """from pathlib import Path
from minidit.publish.site.settings import settings
globals().update(settings(Path(__file__).parents[1] / "extra"))
"""


def build_site(root: Path, out: Path, work: Path | None = None) -> int:
    """Build the site of the repository `root` into `out`, which it replaces. Nothing is executed. Returns 0.

    Args:
        root: the repository.
        out: the folder of the site.
        work: a folder for sources and caches, which is emptied first; build/site unless given.

    Raises:
        MiniditError: Sphinx is not installed, `out` holds something else, or a page has a fault; then what
            was in `out` is left as it was.
    """
    began = time.monotonic()
    _must_be_installed()
    _must_be_ours(out)
    work = (work or root / WORK).resolve()
    shutil.rmtree(work, ignore_errors=True)
    source, html = work / "source", work / "html"
    _lay_out(root, source, work / "extra")
    _sphinx(source, html, work)
    if found := faults(html):
        raise MiniditError("The site has faults; nothing was put in place:\n" + "\n".join(found))
    if out.exists():
        shutil.rmtree(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(html, out)
    pages = len(list(out.rglob("*.html")))
    print(f"{pages} pages in {time.monotonic() - began:.0f} s; open {out / 'index.html'}")
    return 0


def _must_be_ours(out: Path) -> None:
    if out.exists() and not (out / MARK).is_file():
        raise MiniditError(f"{out} is there already and holds no site; name another folder with --out.")


def _lay_out(root: Path, source: Path, extra: Path) -> None:
    """Write all that Sphinx reads, and beside it what readers take home."""
    from minidit.publish.site.pages import laid_out

    for folder, files in laid_out(root).items():
        place = {"source": source, "extra": extra}[folder]
        for name, content in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    (source / "conf.py").write_text(CONF, encoding="utf-8")


def _must_be_installed() -> None:
    for name in PACKAGES:
        if find_spec(name) is None:
            raise MiniditError(
                f"The site needs {name}, which is not installed: "
                '`pip install -c constraints.txt -e ".[site]"` brings it.'
            )


def _sphinx(source: Path, html: Path, work: Path) -> None:
    """Run Sphinx; a warning is an error."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = StringIO()
    places = {"srcdir": source, "confdir": source, "outdir": html, "doctreedir": work / "doctrees"}
    try:
        with patch_docutils(source), docutils_namespace():  # else a second site would be warned of the first
            app = Sphinx(**places, buildername="html", status=None, warning=said, freshenv=True)
            app.build(force_all=True)
    except SphinxError as error:
        raise MiniditError(f"Sphinx could not build the site: {error}\n{said.getvalue()}") from error
    if warned := said.getvalue().strip():
        raise MiniditError(f"The site has faults; nothing was put in place:\n{warned}")
