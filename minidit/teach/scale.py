"""One chapter, two sizes: what a laptop does in minutes, and the serious figure."""

import os
from typing import TypeVar

import torch

from minidit.errors import MiniditError

T = TypeVar("T")


def scale() -> str:
    """The size at which the book runs, from MINIDIT_SCALE: "cpu" unless it says "a100"."""
    name = os.environ.get("MINIDIT_SCALE", "cpu")
    if name not in ("cpu", "a100"):
        raise MiniditError(f"MINIDIT_SCALE is {name!r}; it must be cpu or a100.")
    return name


def settings(*, cpu: T, a100: T) -> T:
    """Both settings side by side; the one for the present scale is returned."""
    return {"cpu": cpu, "a100": a100}[scale()]


def device() -> str:
    """Where the chapter computes: on the GPU at a100 scale, else on the processor.

    Raises:
        MiniditError: a100 was asked for where there is no GPU.
    """
    if scale() == "cpu":
        return "cpu"
    if not torch.cuda.is_available():
        raise MiniditError(
            "MINIDIT_SCALE is a100, but PyTorch sees no GPU here. Unset it to run at cpu scale."
        )
    return "cuda"
