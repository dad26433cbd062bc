"""Which runs may be compared: the same seeds, the same initialisations, one axis that differs."""

import math
from collections.abc import Iterable

from minidit.claims.card import Card
from minidit.claims.trial import Trial, TrialRun
from minidit.errors import MiniditError, did_you_mean
from minidit.training.settings import flat

BASE = "base"
SEEDS = 3  # below this an interval is too wide to say anything

Runs = dict[int, TrialRun]  # seed -> its run
Values = dict[int, float]  # seed -> number


def runs(trial: Trial, arm: str, role: str = "main") -> Runs:
    """Seed -> the run of `arm` in that role ("main", "same" or "tune"), in the order of seeds.

    Raises:
        MiniditError: no such arm, no such run, or two at one seed.
    """
    if arm not in trial.arms:
        known = did_you_mean(arm, trial.arms)
        raise MiniditError(f"The evidence of {trial.claim} has no arm {arm!r}.{known}")
    found: Runs = {}
    for run in sorted(trial.runs, key=lambda run: run.seed):
        if (run.arm, run.role) == (arm, role):
            if run.seed in found:
                raise MiniditError(f"{trial.claim} has two runs of {arm!r} at seed {run.seed}; one counts.")
            found[run.seed] = run
    if not found:
        raise MiniditError(f"{trial.claim} has no {role} run of the arm {arm!r}: run it.")
    return found


def main_runs(card: Card, trial: Trial, arms: Iterable[str]) -> dict[str, Runs]:
    """Arm -> seed -> its main run, with the same seeds and initialisations in every arm.

    Raises:
        MiniditError: a missing arm or run, seeds that are not the card's, or initialisations that differ.
    """
    found = {arm: runs(trial, arm) for arm in arms}
    check_seeds(card, trial, found)
    first, *others = found.items()
    for arm, rows in others:
        for seed, run in rows.items():
            if run.init_seed != first[1][seed].init_seed:
                raise MiniditError(
                    f"{trial.claim} is not paired: at seed {seed} {arm!r} and {first[0]!r} start from "
                    "different initialisation seeds. Run them with the same one."
                )
    return found


def check_seeds(card: Card, trial: Trial, rows: dict[str, Runs]) -> None:
    """Refuse rows without a common list of seeds, and any list but the one that the card fixed beforehand."""
    first, *others = rows.items()
    seeds = sorted(first[1])
    for name, row in others:
        if sorted(row) != seeds:
            raise MiniditError(
                f"{trial.claim} is not paired: {first[0]!r} has the seeds {seeds}, {name!r} has "
                f"{sorted(row)}. Every difference needs both: finish the runs."
            )
    if len(seeds) < SEEDS:
        raise MiniditError(f"{trial.claim} has {len(seeds)} seeds, and a verdict needs {SEEDS}: run more.")
    planned = card.scales[trial.scale].planned
    if seeds != list(planned):
        raise MiniditError(
            f"{trial.claim} has the seeds {seeds}, and its card fixed {planned[0]} to {planned[-1]} at scale "
            f"{trial.scale}: no verdict is read early, or from seeds added later. Finish the runs."
        )


def differing(card: Card, trial: Trial, arms: Iterable[str], axes: list[str]) -> set[str]:
    """The settings in which the arms' experiments differ.

    Raises:
        MiniditError: one that lies on none of `axes`, and that the card declares neither as match.via nor as
            tune.key.
    """
    declared = [*axes, *([card.match.via] if card.match else []), *([card.tune.key] if card.tune else [])]
    first, *others = (flat(trial.arms[arm].experiment) for arm in arms)
    different = {
        key
        for other in others
        for key in first | other
        if first.get(key, "absent") != other.get(key, "absent")
    }
    if more := sorted(key for key in different if not within(key, declared)):
        raise MiniditError(
            f"{card.id} compares {', '.join(arms)}, which differ in {', '.join(more)} too; the card declares "
            f"{', '.join(declared) or 'nothing'}. Change one axis, or declare the rest under match or tune."
        )
    return different


def within(key: str, axes: list[str]) -> bool:
    """Is the setting one of `axes`, or inside one that exchanges a group (objective = hybrid)?"""
    return any(key == axis or key.startswith(axis + ".") for axis in axes)


def readouts(trial: Trial, rows: Runs, metric: str) -> Values:
    """Seed -> `metric` of its run. Raises MiniditError where it is missing, or no finite number."""
    for run in rows.values():
        if metric not in run.readouts:
            hint = did_you_mean(metric, run.readouts)
            raise MiniditError(f"{trial.claim}: the run {run.arm!r}, seed {run.seed}, lacks {metric}.{hint}")
        if not math.isfinite(run.readouts[metric]):
            raise MiniditError(
                f"{trial.claim}: {metric} of {run.arm!r}, seed {run.seed}, is {run.readouts[metric]}; "
                "a verdict needs finite numbers (a diverged run is read as a network that answers 0)."
            )
    return {seed: float(run.readouts[metric]) for seed, run in rows.items()}
