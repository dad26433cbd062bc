"""Execute the chapters again and compare what they say with what is stored (nbval, strict)."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

import nbformat
from tqdm import tqdm

from minidit.publish import environment
from minidit.publish.check import compared_cells
from minidit.publish.outputs import SANITIZE
from minidit.publish.source import notebook_of, place

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
    for source in tqdm(sources, desc="replay", unit="chapter", disable=environment.quiet()):
        replay = _replay(source)
        verdict = "failed" if replay.faults else "passed"
        tqdm.write(f"{source.stem}: {replay.cells} cells, {replay.seconds:.1f} {CLOCK}, {verdict}")
        for fault in replay.faults:
            tqdm.write(fault)
        failed += bool(replay.faults)
    if not sources:
        tqdm.write("No chapter was given, so nothing was compared.")
    return int(failed > 0 or not sources)


def _replay(source: Path) -> Replay:
    path = notebook_of(source)
    if not path.is_file():
        return Replay(0, 0.0, [f"{place(source)}: there is no {path.name}; run `minidit book build`."])
    notebook = nbformat.read(path, as_version=4)
    numbers = [n for n, cell in enumerate(notebook.cells, start=1) if cell.cell_type == "code"]
    with environment.chapter_environment() as variables:
        start = _clock()
        status, log, report = _nbval(path, variables)
        seconds = _clock() - start
    cases = [] if report is None else list(report.iter("testcase"))
    faults = [f"{place(source, numbers[_index(case)])}: {why}" for case in cases for why in _failures(case)]
    if status != 0 and not faults:
        faults.append(f"{place(source)}: nbval stopped with status {status}:\n{log.strip()}")
    if len(cases) != len(numbers):
        faults.append(f"{place(source)}: {len(cases)} of {len(numbers)} code cells were replayed.")
    if compared_cells(notebook) == 0:
        faults.append(f"{place(source)}: nothing was compared; leave some printed facts untagged.")
    if seconds > BUDGET_SECONDS:
        over = f"{seconds:.0f} {CLOCK}, the budget is {BUDGET_SECONDS:.0f}"
        faults.append(f"{place(source)}: it took {over}; make the live run smaller.")
    return Replay(len(cases), seconds, faults)


def _nbval(path: Path, variables: dict[str, str]) -> tuple[int, str, ElementTree.ElementTree | None]:
    """Exit status of pytest, what it wrote, and its report in JUnit's form (None when there is none)."""
    with TemporaryDirectory(prefix="minidit-book-") as folder:
        settings, report = Path(folder, "pytest.ini"), Path(folder, "report.xml")
        settings.write_text("[pytest]\n")  # so that no settings of the repository are found
        command = [sys.executable, "-m", "pytest", str(path), "--nbval", "--nbval-current-env"]
        command += [f"--nbval-cell-timeout={environment.CELL_TIMEOUT}", f"--nbval-sanitize-with={SANITIZE}"]
        command += ["--color=no", "-p", "no:cacheprovider", "--noconftest", "-c", str(settings)]
        command += [f"--rootdir={path.parent}", f"--junitxml={report}"]
        try:
            run = subprocess.run(
                command,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=NOTEBOOK_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return -1, f"The notebook was stopped after {NOTEBOOK_TIMEOUT} s.", None
        return run.returncode, run.stdout, ElementTree.parse(report) if report.exists() else None


def _index(case: ElementTree.Element) -> int:
    """Which code cell, from 0: nbval calls it "Cell 3"."""
    return int(case.get("name").split()[-1])


def _failures(case: ElementTree.Element) -> Iterator[str]:
    for child in case:
        if child.tag in ("failure", "error"):
            yield f"the replay differs from the notebook.\n{child.text}"
        elif child.tag == "skipped":  # a cell marked so, or one after a cell that took too long
            yield f"the cell was not compared ({child.get('message')})."


def _clock() -> float:
    """Seconds of CPU of all ended children, the kernels among them; of wall clock on Windows."""
    if resource is None:
        return time.perf_counter()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
