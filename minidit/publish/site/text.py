"""A text of the book, Markdown as it reads on any host, as a page of the site."""

from pathlib import Path

from minidit.errors import MiniditError
from minidit.publish.site.links import Links
from minidit.publish.site.names import named


def text_page(path: Path, links: Links, depth: int = 0) -> str:
    """The page of a Markdown file.

    Raises:
        MiniditError: there is no such file, or it links to nothing.
    """
    if not path.is_file():
        raise MiniditError(
            f"There is no {path}, which the list of pages names; write it, or take the name out."
        )
    return named(links.rewritten(path.read_text(encoding="utf-8"), path, depth), depth)
