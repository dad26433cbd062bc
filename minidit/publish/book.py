"""All chapters of the book, or those that were named: what `minidit book build|check|test` calls."""

from collections.abc import Sequence
from pathlib import Path

from minidit.errors import MiniditError
from minidit.publish.builder import build
from minidit.publish.check import check
from minidit.publish.pages import pages_faults
from minidit.publish.references import references_faults
from minidit.publish.replay import test
from minidit.publish.source import notebook_of


def chapters(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """The sources of the named chapters in the order given; of all chapters when none is named.

    Args:
        folder: where the chapters lie, `book`.
        names: "ch01", "ch01_first_model", or the path of the source or of the notebook.

    Raises:
        MiniditError: a name that no chapter has, or a folder without chapters.
    """
    sources = sorted(folder.glob("ch[0-9][0-9]_*.py"))
    if not sources:
        raise MiniditError(f"There is no chapter (chNN_topic.py) in {folder}; run this in the repository.")
    if not names:
        return sources
    return list(dict.fromkeys(_find(name, sources) for name in names))


def build_book(folder: Path, names: Sequence[str] = ()) -> int:
    """Execute the chapters and write their notebooks; the first that fails ends it. Returns 0.

    Raises:
        MiniditError: no such chapter, or a cell of it failed.
    """
    for source in chapters(folder, names):
        path = build(source)
        print(f"{source.stem}: built, {path.stat().st_size / 1024:.0f} KiB")
    return 0


def check_book(folder: Path, names: Sequence[str] = ()) -> int:
    """Print the faults of the chapters, of all pages and of the bibliography. Nothing runs.

    Returns 0 when there are none, else 1.

    Raises:
        MiniditError: no such chapter.
    """
    sources = chapters(folder, names)
    faults = [fault for source in sources for fault in check(source)]
    faults += pages_faults() + references_faults(folder)
    for fault in faults:
        print(fault)
    outcome = _count(len(faults), "fault") if faults else "no faults"
    print(f"checked {_count(len(sources), 'chapter')}: {outcome}")
    return int(bool(faults))


def test_book(folder: Path, names: Sequence[str] = ()) -> int:
    """Execute the chapters again and compare. Returns 0 when all say what is stored, else 1.

    Raises:
        MiniditError: no such chapter.
    """
    return test(chapters(folder, names))


def _find(name: str, sources: list[Path]) -> Path:
    for source in sources:
        paths = source.resolve(), notebook_of(source).resolve()
        if Path(name).resolve() in paths or name in (source.stem, source.stem.split("_")[0]):
            return source
    known = ", ".join(source.stem for source in sources)
    raise MiniditError(f"There is no chapter {name!r}. There are: {known}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
