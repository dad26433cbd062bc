"""`minidit book`: build, check and replay the chapters."""

from pathlib import Path
from typing import Annotated, Literal

import tyro


def command(
    action: Annotated[
        tyro.conf.Positional[Literal["build", "check", "test"]], tyro.conf.arg(metavar="{build,check,test}")
    ],
    chapters: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="CHAPTER")] = (),
    *,
    folder: Path = Path("book"),
) -> int:
    """Build the notebooks from their sources, check that both agree, or replay them and compare.

    Args:
        action: build executes the sources and writes the notebooks; check proves in seconds, without running
            anything, that they agree and keep to the form; test runs them and compares every output.
        chapters: such as ch01; all unless given.
        folder: where the chapters are.
    """
    from minidit.publish import book

    run = {"build": book.build_book, "check": book.check_book, "test": book.test_book}[action]
    return run(folder, chapters)
