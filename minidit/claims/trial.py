"""The evidence of a claim: what every arm and seed did, with the card, the code and the machine."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from minidit.claims.card import Card
from minidit.errors import MiniditError
from minidit.measure.evidence import locate

FORMAT = "minidit trial 1"


@dataclass(frozen=True)
class TrialArm:
    """An arm as it was run: what its factors changed, its whole experiment, size, cost, and tuned value."""

    settings: dict[str, Any]
    experiment: dict[str, Any]
    parameters: int
    flops_per_step: int
    tuned: float | None = None


@dataclass(frozen=True)
class TrialRun:
    """One seed of one arm.

    role: "tune" (choosing the tuned setting, never part of a verdict), "main", or "same" (the base arm again
        from another initialisation: the A/A runs).
    readouts: by name. steps, losses: the smoothed training curve. diverged: the step at which it did; the
        readouts are then those of a network that answers 0.
    """

    role: str
    arm: str
    seed: int
    init_seed: int
    tuned: float | None
    readouts: dict[str, float]
    steps: list[int]
    losses: list[float]
    seconds: float
    cpu_seconds: float
    diverged: int | None = None


@dataclass(frozen=True)
class Trial:
    """All runs of a claim at one scale, as `book/evidence/C06.cpu.json` holds them."""

    claim: str
    scale: str
    card_sha256: str
    commit: str
    date: str
    environment: dict[str, Any]
    arms: dict[str, TrialArm]
    runs: tuple[TrialRun, ...]

    @classmethod
    def read(cls, path: Path) -> "Trial":
        """The evidence in `path`. Raises MiniditError where it cannot be read."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values.pop("format") != FORMAT:
                raise KeyError
            arms = {name: TrialArm(**arm) for name, arm in values.pop("arms").items()}
            runs = tuple(TrialRun(**run) for run in values.pop("runs"))
            return cls(**values, arms=arms, runs=runs)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise MiniditError(f"{path} is no evidence of a claim (expected {FORMAT!r}).") from None

    def to_json(self) -> str:
        """The file's content: one line an arm and one a run, so that a difference can be read."""
        values = {"format": FORMAT, **asdict(self)}
        runs = ",\n  ".join(json.dumps(run) for run in values.pop("runs"))
        arms = ",\n  ".join(
            f"{json.dumps(name)}: {json.dumps(arm)}" for name, arm in values.pop("arms").items()
        )
        head = json.dumps(values, indent=1)[:-2]
        return f'{head},\n "arms": {{\n  {arms}\n }},\n "runs": [\n  {runs}\n ]\n}}\n'

    @property
    def core_minutes(self) -> float:
        """Processor time of all runs; on a GPU, where the processor only hands out work, wall clock."""
        gpu = self.environment.get("gpu") is not None and self.scale != "cpu"
        return sum(run.seconds if gpu else run.cpu_seconds for run in self.runs) / 60


def find(card: Card, scale: str) -> Trial | None:
    """The committed evidence of a card at a scale, if there is any."""
    path = locate(f"{card.id}.{scale}.json")
    return None if path is None else Trial.read(path)
