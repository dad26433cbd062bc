"""What several commands need: a device, threads, and a run that was trained."""

import sys
from pathlib import Path
from typing import TextIO

import torch

from minidit.errors import MiniditError
from minidit.training.world import world


def use(device: str, threads: int) -> str:
    """Set the number of threads; resolve "auto" to cuda, where there is a GPU, or cpu.

    One thread is the default: at the book's sizes a second one costs more than it brings, and a fixed
    number keeps a run repeatable to the last bit.
    """
    if threads < 1:
        raise MiniditError(f"--threads is {threads}; it must be at least 1.")
    torch.set_num_threads(threads)
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.split(":")[0] not in ("cpu", "cuda", "mps"):
        raise MiniditError(f"--device is {device}; it must be auto, cpu, cuda or mps.")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise MiniditError("--device cuda was asked for, but PyTorch sees no GPU here. Use --device cpu.")
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MiniditError(f"--device {device} cannot be used here. Use --device cpu.") from error
    return device


def say(words: str, where: TextIO | None = None) -> None:
    """Print; of several processes the first speaks for all."""
    if world().first:
        print(words, file=where or sys.stdout, flush=True)


def default_folder(experiment: str) -> Path:
    """Where a run is kept unless --out says otherwise: runs/digits, runs/NAME of a folder or a set."""
    return Path("runs") / Path(experiment.removeprefix("folder:")).expanduser().resolve().name
