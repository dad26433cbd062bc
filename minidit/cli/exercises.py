"""`minidit exercises`: begin a set, see what is solved, and which wrong answers the checks catch."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

from minidit.teach.progress import progress


def command(
    action: Annotated[
        tyro.conf.Positional[Literal["status", "start", "matrix"]],
        tyro.conf.arg(metavar="{status,start,matrix}"),
    ] = "status",
    chapter: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CHAPTER")] = "ch01",
    *,
    folder: Path = Path("exercises"),
    out: Path = Path(),
    seed: int = 0,
) -> int:
    """Begin a set of exercises, show which are solved, or try every known wrong answer against its check.

    Args:
        action: status lists the exercises; start writes a notebook to work in; matrix tries wrong answers.
        chapter: such as ch01 (for start).
        folder: where the exercises are.
        out: folder of the notebook (for start).
        seed: names the inputs (for matrix).
    """
    from minidit.publish.stub import start
    from minidit.teach.check import status
    from minidit.teach.mistakes import matrix

    if action == "status":
        print(status())
        return 0
    if action == "start":
        path = start(chapter, folder, out)
        print(f"Work in {path}; the solutions are in {folder}, for when you have tried.")
        return 0
    verdicts = list(progress(matrix(folder, seed), "wrong answers"))
    for verdict in verdicts:
        mark = "named " if verdict.named else "caught" if verdict.caught else "MISSED"
        print(f"{verdict.exercise:>5}  {mark}  {verdict.mistake}")
    missed = sum(not verdict.named for verdict in verdicts)
    print(f"{len(verdicts)} wrong answers, {len(verdicts) - missed} caught and named")
    return 1 if missed else 0
