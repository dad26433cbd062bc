"""`minidit doctor`: what is here, what is missing, and how to mend it."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

GIB = 1024**3
LEAST_DISK, LEAST_MEMORY = 1.0, 2.0  # GiB: a run with its pictures; PyTorch, a kernel and the lab's server
INSTALL = "Run `make setup`, or `pip install -c constraints.txt -e .` in the folder of the project."


class Finding(NamedTuple):
    """One line of the report; with a remedy it is a fault, without one all is well."""

    words: str
    remedy: str = ""


def command() -> int:
    """Look at this computer and say in plain words whether the book will run on it."""
    faults = 0
    for words, remedy in _findings():
        print(f"{'MEND' if remedy else 'ok  '}  {words}" + (f"\n      {remedy}" if remedy else ""))
        faults += bool(remedy)
    print(
        f"{faults} to mend, as said above." if faults else "All is well: try `minidit train`, or `make lab`."
    )
    return 1 if faults else 0


def _findings() -> Iterator[Finding]:
    yield _python()
    yield from _packages()
    yield _kernel()
    yield _widgets()
    yield _cores()
    yield _memory()
    yield _disk(Path.cwd())
    yield _gpu()
    yield Finding("a browser: whichever opens JupyterLab will do; all else works without one")


def _python() -> Finding:
    version, wanted = platform.python_version(), metadata.metadata("minidit")["Requires-Python"]
    if Requirement(f"python{wanted}").specifier.contains(version, prereleases=True):
        return Finding(f"Python {version}")
    return Finding(
        f"Python {version} is not {wanted}", "Install Python 3.11, 3.12 or 3.13, then `make setup`."
    )


def _packages() -> Iterator[Finding]:
    """What minidit itself says that it needs; the extras are for those who change it or grade with it."""
    for line in metadata.requires("minidit") or ():
        need = Requirement(line)
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            yield Finding(f"{need.name} is missing", INSTALL)
            continue
        good = need.specifier.contains(version, prereleases=True)
        yield (
            Finding(f"{need.name} {version}")
            if good
            else Finding(f"{need.name} {version} is not {need.specifier}", INSTALL)
        )


def _kernel() -> Finding:
    """JupyterLab starts the kernel named python3; one left behind by a deleted environment cannot start."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return Finding("no kernel for notebooks: jupyter_client is missing", INSTALL)
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        remedy = "Run `python -m ipykernel install --sys-prefix` with the Python that has minidit."
        return Finding("no kernel for notebooks", remedy)
    if shutil.which(program) is None:
        remedy = "Remove it with `jupyter kernelspec remove python3`; ipykernel brings its own."
        return Finding(f"the kernel for notebooks starts {program}, which is not there", remedy)
    return Finding("a kernel for notebooks")


def _widgets() -> Finding:
    """The half of ipywidgets that lives in JupyterLab: without it a slider is a line of text."""
    from jupyter_core.paths import jupyter_path

    folders = jupyter_path("labextensions")
    if any((Path(folder) / "@jupyter-widgets" / "jupyterlab-manager").is_dir() for folder in folders):
        return Finding("widgets in JupyterLab")
    return Finding("JupyterLab has no widgets", "Run `pip install --force-reinstall jupyterlab_widgets`.")


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1:
        return Finding("1 core: that will do, but everything takes longer than the book says")
    return Finding(f"{cores} cores")


def _memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, some systems no such name
        return Finding(f"memory: unknown; the book needs {LEAST_MEMORY:.0f} GiB")
    if total < LEAST_MEMORY:
        remedy = f"The book needs {LEAST_MEMORY:.0f} GiB: take another computer, or give this one more."
        return Finding(f"only {total:.1f} GiB of memory", remedy)
    return Finding(f"{total:.0f} GiB of memory")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / GIB
    if free < LEAST_DISK:
        remedy = f"Runs and pictures need about {LEAST_DISK:.0f} GiB: free some space."
        return Finding(f"only {free:.1f} GiB of disk free here", remedy)
    return Finding(f"{free:.0f} GiB of disk free here")


def _gpu() -> Finding:
    try:
        import torch
    except Exception as error:  # a broken installation raises OSError as well as ImportError
        reason = str(error).split("\n")[0]
        return Finding(f"PyTorch does not start: {reason}", INSTALL)
    if torch.cuda.is_available():
        return Finding(f"GPU: {torch.cuda.get_device_name()}")
    return Finding("no GPU that PyTorch can use: the book does not need one")
