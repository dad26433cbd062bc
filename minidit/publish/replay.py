"""Execute the chapters again and compare what they say with what is stored (nbval, strict)."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

from tqdm import tqdm

from minidit.errors import MiniditError
from minidit.publish import environment
from minidit.publish.check import compared_cells
from minidit.publish.outputs import SANITIZE
from minidit.publish.replays import note_replay
from minidit.publish.source import notebook_of, place, read_notebook
from minidit.teach.progress import progress

try:
    import resource
except ImportError:  # Windows
    resource = None

# a chapter takes at most 90 s on two quiet cores; half as much again for another machine
BUDGET_SECONDS = 1.5 * 90
# wall clock for one notebook, beyond which it hangs
NOTEBOOK_TIMEOUT = 900
CLOCK = "CPU s" if resource else "s of wall clock"


class Replay(NamedTuple):
    """One chapter executed again: code cells run, seconds by `CLOCK`, and what went wrong."""

    cells: int
    seconds: float
    faults: list[str]


def test(sources: list[Path]) -> int:
    """Replay the chapters one after the other and print a line for each, and each fault.

    Returns:
        The exit status: 0 when every chapter said what is stored, within `BUDGET_SECONDS`; else 1.
    """
    failed = 0
    for source in progress(sources, "replay"):
        replay = _replay(source)
        verdict = "failed" if replay.faults else "passed"
        tqdm.write(f"{source.stem}: {replay.cells} cells, {replay.seconds:.1f} {CLOCK}, {verdict}")
        for fault in replay.faults:
            tqdm.write(fault)
        failed += bool(replay.faults)
        if not replay.faults:
            note_replay(source, replay.seconds, CLOCK)
    if not sources:
        tqdm.write("No chapter was given, so nothing was compared.")
    return int(failed > 0 or not sources)


def _replay(source: Path) -> Replay:
    try:
        notebook = read_notebook(source)
    except MiniditError as error:
        return Replay(0, 0.0, [f"{place(source)}: {error}"])
    if compared_cells(notebook) == 0:  # nbval would be content
        return Replay(0, 0.0, [f"{place(source)}: nothing to compare; leave some printed facts untagged."])
    with environment.chapter_environment() as variables:
        start = _clock()
        status, log, cases = _nbval(notebook_of(source), variables)
        seconds = _clock() - start
    numbers = [n for n, cell in enumerate(notebook.cells, start=1) if cell.cell_type == "code"]
    faults = [f"{place(source, _number(case, numbers))}: {why}" for case in cases for why in _failures(case)]
    if status != 0 and not faults:
        faults.append(f"{place(source)}: nbval stopped with status {status}.\n{log.strip()}")
    if len(cases) != len(numbers):
        faults.append(f"{place(source)}: {len(cases)} of {len(numbers)} code cells were replayed.")
    if seconds > BUDGET_SECONDS:
        over = f"{seconds:.0f} {CLOCK}, the budget is {BUDGET_SECONDS:.0f}"
        faults.append(f"{place(source)}: it took {over}; make the live run smaller.")
    return Replay(len(cases), seconds, faults)


def _nbval(path: Path, variables: dict[str, str]) -> tuple[int, str, list[ElementTree.Element]]:
    """Exit status of pytest, what it wrote, and one element of its JUnit report for each cell it ran."""
    with TemporaryDirectory(prefix="minidit-book-") as folder:
        report = Path(folder, "report.xml")
        try:
            run = subprocess.run(
                _command(path, report),
                # another plugin might shuffle the cells or share them out; and loading it takes time
                env=variables | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=NOTEBOOK_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return -1, f"It was ended after {NOTEBOOK_TIMEOUT} s.", []
        cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()
        return run.returncode, run.stdout, list(cases)


def _command(path: Path, report: Path) -> list[str]:
    settings = report.with_name("pytest.ini")
    settings.write_text("[pytest]\n")  # so that no settings of a repository are looked for
    plugin = ["-p", "nbval.plugin", "--nbval", "--nbval-current-env"]
    limits = [f"--nbval-cell-timeout={environment.CELL_TIMEOUT}", f"--nbval-sanitize-with={SANITIZE}"]
    alone = ["-c", str(settings), f"--rootdir={path.parent}", "--noconftest", "-p", "no:cacheprovider"]
    output = ["--color=no", f"--junitxml={report}"]
    return [sys.executable, "-m", "pytest", str(path), *plugin, *limits, *alone, *output]


def _number(case: ElementTree.Element, numbers: list[int]) -> int | None:
    """Which cell of the notebook, from 1: nbval says "Cell 3" and counts code cells from 0."""
    named = re.fullmatch(r"Cell (\d+)", case.get("name"))
    return numbers[int(named[1])] if named else None


def _failures(case: ElementTree.Element) -> Iterator[str]:
    for child in case:
        if child.tag in ("failure", "error"):
            # nbval's own number of the cell would confuse; its diff reads backwards
            why = re.sub(r"^Notebook cell execution failed\s+Cell \d+: ", "", child.text)
            yield f"the replay failed (-: now, +: in the notebook). {why}"
        elif child.tag == "skipped":  # a cell marked so, or one after a cell that took too long
            yield f"the cell was not compared ({child.get('message')})."


def _clock() -> float:
    """Seconds of CPU of all ended children, the kernels among them; of wall clock on Windows."""
    if resource is None:
        return time.perf_counter()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
