"""How far, how long: one progress line for whatever takes more than two seconds."""

import os
import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
# with the loss and its band the line still fits into 80 columns
LINE = "{desc} |{bar:10}| {n_fmt}/{total_fmt}{postfix} | {remaining} left"


def quiet() -> bool:
    """Whether progress is to be silent: MINIDIT_QUIET is set, as when a chapter is built or replayed."""
    return bool(os.environ.get("MINIDIT_QUIET"))


def progress(items: Iterable[T] | None, label: str, total: int | None = None, start: int = 0) -> "tqdm[T]":
    """Wrap `items` in a progress line with the time left; `set_postfix_str` adds words to it.

    Without items, the caller counts up to `total` by `update`.

    In a file or a pipe, where a line cannot be redrawn, it speaks every ten seconds.
    """
    redraw = 0.1 if sys.stderr.isatty() or "ipykernel" in sys.modules else 10.0
    return tqdm(
        items, desc=label, total=total, initial=start, disable=quiet(), bar_format=LINE, mininterval=redraw
    )
