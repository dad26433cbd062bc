"""`minidit book`: build, check and replay the chapters, publish them, train the networks that they share."""

from pathlib import Path
from typing import Annotated, Literal

import tyro


def command(
    action: Annotated[
        tyro.conf.Positional[Literal["build", "check", "test", "html", "artefact", "references"]],
        tyro.conf.arg(metavar="{build,check,test,html,artefact,references}"),
    ],
    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME")] = (),
    *,
    folder: Path = Path("book"),
    out: Path = Path("build/html"),
) -> int:
    """Build the notebooks from their sources, check, replay or publish them, or train what they share.

    Args:
        action: build executes the sources and writes the notebooks; check proves in seconds, without running
            anything, that they agree and keep to the form; test runs them and compares every output;
            html makes the site from them, without running anything;
            artefact trains a network that chapters share anew, and replaces the committed one;
            references writes book/references.md from book/references.bib.
        names: chapters, such as ch01, all unless given; for artefact a network, such as shapes.
        folder: where the chapters are.
        out: the folder of the site (for html); what an earlier one left there is replaced.
    """
    if action == "html":
        from minidit.publish.site import build_site

        return build_site(folder.resolve().parent, out)
    from minidit.publish import artefacts, book, references

    run = {
        "build": book.build_book,
        "check": book.check_book,
        "test": book.test_book,
        "artefact": artefacts.build_artefacts,
        "references": references.write_references,
    }[action]
    return run(folder, names)
