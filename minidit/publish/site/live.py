"""The page with the network that runs in it, and the files that it needs beside it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from minidit.publish.live import fragment, write_live
from minidit.publish.site.links import Links

NAME, FOLDER = "live", "live"


def page(links: Links) -> str:
    """The page, Markdown; its weights, scripts, style and stills are left with `links`.

    Raises:
        MiniditError: the committed network or its evidence is missing.
    """
    with TemporaryDirectory() as folder:
        files = write_live(Path(folder))
        links.given |= {f"{FOLDER}/{path.name}": path.read_bytes() for path in files}
    return f"# A small DiT, live\n\n```{{raw}} html\n{fragment(where=FOLDER + '/')}\n```\n"
