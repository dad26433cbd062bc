"""Recorded runs: what several seeds of one experiment did, and the band in which another run should lie."""

import json
import math
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from scipy import stats

from minidit.errors import MiniditError

FORMAT = "minidit evidence 1"
WINDOW = 50  # steps whose losses are averaged into one point of a curve
FEWEST = 3  # runs that make a band


class Band(NamedTuple):
    """A prediction interval."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def band(values: Sequence[float], level: float = 0.99) -> Band:
    """Where one more run lies with probability `level`, if runs are normal: mean +- t s sqrt(1 + 1/n)."""
    n = len(values)
    if n < FEWEST:
        raise MiniditError(f"A prediction interval needs at least {FEWEST} runs; there are {n}.")
    mean = sum(values) / n
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * deviation * math.sqrt(1 + 1 / n)
    return Band(mean - half, mean + half)


def smooth(losses: Sequence[float], window: int = WINDOW) -> tuple[list[int], list[float]]:
    """Means over consecutive windows: the steps at which windows end, and the means."""
    ends = range(window, len(losses) + 1, window)
    return list(ends), [sum(losses[end - window : end]) / window for end in ends]


@dataclass(frozen=True)
class Run:
    """One seed: its smoothed curve, its readouts by name, and what it cost."""

    seed: int
    steps: list[int]
    losses: list[float]
    readouts: dict[str, float]
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Evidence:
    """Runs of one experiment on one machine, as `book/evidence/NAME.SCALE.json` holds them."""

    name: str
    scale: str
    experiment: dict[str, Any]
    environment: dict[str, Any]
    commit: str
    runs: tuple[Run, ...]

    @classmethod
    def read(cls, name: str, scale: str = "cpu") -> "Evidence":
        """The recorded evidence called `name`. Raises MiniditError when there is none to be read."""
        path = find(name, scale)
        if path is None:
            here = [known for known in ("cpu", "a100") if find(name, known)]
            mend = f" It was recorded at scale {here[0]}: set MINIDIT_SCALE={here[0]}." if here else ""
            raise MiniditError(f"There is no recorded evidence {name}.{scale}.json in book/evidence.{mend}")
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values.pop("format") != FORMAT:
                raise KeyError
            runs = tuple(Run(**run) for run in values.pop("runs"))
            return cls(**values, runs=runs)
        except (ValueError, KeyError, TypeError, AttributeError):
            message = f"{path} is no evidence that this version can read (expected {FORMAT!r})."
            raise MiniditError(message) from None

    def to_json(self) -> str:
        """The file's content: one line a run, so that a difference can be read."""
        values = {"format": FORMAT, **asdict(self)}
        runs = ",\n  ".join(json.dumps(run) for run in values.pop("runs"))
        return json.dumps(values, indent=1)[:-2] + f',\n "runs": [\n  {runs}\n ]\n}}\n'

    @cached_property
    def loss_bands(self) -> dict[int, Band]:
        """For each window's last step, the band of its mean loss."""
        curves = zip(*(run.losses for run in self.runs), strict=True)
        return {step: band(losses) for step, losses in zip(self.runs[0].steps, curves, strict=True)}

    def readout(self, name: str) -> list[float]:
        """One readout over all seeds, such as "accuracy.w2"."""
        return [run.readouts[name] for run in self.runs]


def find(name: str, scale: str) -> Path | None:
    """The evidence file of `name` at `scale`, or None."""
    return locate(f"{name}.{scale}.json")


def locate(file: str) -> Path | None:
    """A file of book/evidence: beside the book in a clone, inside the package where it was installed."""
    package = Path(__file__).resolve().parents[1]
    folders = (package.parent / "book" / "evidence", package / "_evidence")
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def environment() -> dict[str, Any]:
    """Where a number was measured: processor, threads, device, versions."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": device,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def commit() -> str:
    """The version of the code, as git names it; "-dirty" says that files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git here
        return "unknown"
    return done.stdout.strip() or "unknown"
