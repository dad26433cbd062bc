"""`minidit doctor`: what is here, what is missing, and how to mend it."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

GIB = 1024**3


def command() -> int:
    """Look at this computer and say in plain words whether the book will run on it."""
    faults = 0
    for good, words, remedy in _findings():
        print(f"{'ok  ' if good else 'MEND'}  {words}" + ("" if good else f"\n      {remedy}"))
        faults += not good
    print("All is well: try `minidit train`." if not faults else f"{faults} to mend, as said above.")
    return 1 if faults else 0


def _findings() -> Iterator[tuple[bool, str, str]]:
    """Each finding: is it good, what it is, and what to do if it is not."""
    version = sys.version_info[:2]
    yield (
        (3, 11) <= version <= (3, 13),
        f"Python {platform.python_version()}",
        "Use Python 3.11, 3.12 or 3.13.",
    )
    for package in ("torch", "numpy", "scikit-learn", "matplotlib", "jupyterlab", "ipywidgets", "nbval"):
        try:
            yield True, f"{package} {importlib.metadata.version(package)}", ""
        except importlib.metadata.PackageNotFoundError:
            yield False, f"{package} is missing", "Run `make setup`, or pip install -c constraints.txt -e ."
    cores = os.cpu_count() or 1
    yield cores >= 2, f"{cores} cores", "One core will do, but everything takes longer than the book says."
    free = shutil.disk_usage(Path.cwd()).free / GIB
    yield free > 1, f"{free:.0f} GiB of disk free", "Runs and pictures need about 1 GiB: free some space."
    kernel = importlib.util.find_spec("ipykernel") is not None
    yield kernel, "a kernel for notebooks", "Run `python -m ipykernel install --user`."
    yield True, _gpu(), ""


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return f"GPU: {torch.cuda.get_device_name()}"
    return "no GPU: the book does not need one"
