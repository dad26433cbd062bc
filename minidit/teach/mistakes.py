"""Known wrong answers against the checks: which are caught, and is the mistake named?"""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch

from minidit.errors import MiniditError
from minidit.teach.check import examine
from minidit.teach.exercise import find
from minidit.teach.expect import CheckFailed


class Verdict(NamedTuple):
    """What the check of an exercise said to one wrong answer; `named` when its words hold the mistake."""

    exercise: str
    mistake: str
    caught: bool
    named: bool


def load_module(path: Path) -> ModuleType:
    """A Python file outside the package, as a module. Raises MiniditError when it is not there."""
    if not path.is_file():
        raise MiniditError(f"There is no {path}; run this in a clone of the repository.")
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(name: str, words: str, answer: Callable, seed: int) -> Verdict:
    """Try one wrong answer."""
    try:
        examine(find(name), answer, torch.Generator().manual_seed(seed))
    except CheckFailed as failure:
        return Verdict(name, words, True, words in str(failure))
    return Verdict(name, words, False, False)


def matrix(folder: Path, seed: int = 0) -> Iterator[Verdict]:
    """Every known wrong answer of every chapter in `folder` against its check."""
    paths = sorted(folder.glob("ch*/mistakes.py"))
    if not paths:
        raise MiniditError(f"There are no exercises in {folder}; run this in a clone of the repository.")
    for path in paths:
        for name, answers in load_module(path).MISTAKES.items():
            for words, answer in answers.items():
                yield judge(name, words, answer, seed)
