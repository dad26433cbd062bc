"""Which runs a card asks for: each arm chooses its rate, then every arm runs every seed, and base twice."""

from collections.abc import Iterable, Mapping
from statistics import mean
from typing import NamedTuple

from minidit.claims.arms import BASE, Arm
from minidit.claims.card import FIRST_TUNE_SEED, Card
from minidit.claims.trial import Trial, TrialRun
from minidit.training.experiment import Experiment

OTHER_START = 5000
PRIMARY = "velocity.held_out"


class Job(NamedTuple):
    """One run to be made; tuned is the value of the tuned setting, None where the card tunes nothing."""

    role: str
    arm: str
    seed: int
    init_seed: int
    tuned: float | None = None

    @property
    def name(self) -> str:
        """A file name that holds for this run alone."""
        rate = "" if self.tuned is None else f"@{self.tuned:g}"
        return f"{self.role}.{self.arm}{rate}.{self.seed}".replace("/", "-")


def grid(card: Card, base: Experiment) -> tuple[float, ...]:
    """The values of the tuned setting: the base's own, times each of the card's multiples."""
    group, name = card.tune.key.split(".")
    own = getattr(getattr(base, group), name)
    return tuple(float(f"{own * times:.4g}") for times in card.tune.grid)


def tuning(card: Card, arms: Mapping[str, Arm]) -> list[Job]:
    """The runs on the grid: every arm, every value, the same seeds; none where the card tunes nothing."""
    if card.tune is None:
        return []
    seeds = range(FIRST_TUNE_SEED, FIRST_TUNE_SEED + card.tune.seeds)
    values = grid(card, arms[BASE].experiment)
    return [Job("tune", arm, seed, seed, value) for seed in seeds for value in values for arm in arms]


def chosen(card: Card, arms: Iterable[str], runs: Iterable[TrialRun]) -> dict[str, float | None]:
    """Each arm's best value on the grid, by the mean held-out velocity error of the tuning seeds."""
    if card.tune is None:
        return dict.fromkeys(arms)
    errors: dict[str, dict[float, list[float]]] = {arm: {} for arm in arms}
    for run in runs:
        if run.role == "tune":
            errors[run.arm].setdefault(run.tuned, []).append(run.readouts[PRIMARY])
    return {
        arm: min(tried, key=lambda value, tried=tried: mean(tried[value])) for arm, tried in errors.items()
    }


def at_the_edge(trial: Trial) -> list[str]:
    """The arms whose best value was the first or the last of the grid: a better one may lie beyond it."""
    tried = sorted({run.tuned for run in trial.runs if run.role == "tune"})
    return [name for name, arm in trial.arms.items() if tried and arm.tuned in (tried[0], tried[-1])]


def deciding(arms: Iterable[str], seeds: Iterable[int], tuned: Mapping[str, float | None]) -> list[Job]:
    """The runs that decide, seed by seed, and the base arm again from another start (A/A)."""
    jobs = []
    for seed in seeds:
        jobs += [Job("main", arm, seed, seed, tuned[arm]) for arm in arms]
        jobs.append(Job("same", BASE, seed, OTHER_START + seed, tuned[BASE]))
    return jobs
