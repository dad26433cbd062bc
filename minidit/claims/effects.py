"""From runs to one number a seed: the effect that a hypothesis speaks of, and the floor beneath it."""

import math
from itertools import product
from statistics import fmean, linear_regression
from typing import Any

from minidit.claims.card import Card, Hypothesis
from minidit.claims.pairing import (
    BASE,
    Runs,
    Values,
    check_seeds,
    differing,
    main_runs,
    readouts,
    runs,
    within,
)
from minidit.claims.plausible import is_arm
from minidit.claims.statistics import deviation
from minidit.claims.trial import Trial, TrialArm
from minidit.errors import MiniditError, did_you_mean
from minidit.training.settings import flat


def effects(card: Card, trial: Trial, hypothesis: Hypothesis) -> Values:
    """Seed -> d, the effect in the claimed direction: positive is as claimed.

    paired: `arm` beside `than`, seed by seed. factorial: a main effect or an interaction, within each seed;
    or `arm` beside `than`, two arms that differ in one factor.
    scaling: the slope of log(metric) on log(FLOPs per step x steps) over all arms, seed by seed.
    For "same" the sign is that of the effect itself.

    Raises:
        MiniditError: arms that differ in more than the axis and what the card declares, arms with different
            seeds or initialisations, fewer than 3 seeds, a missing arm, run or metric.
    """
    effect = {"paired": _paired, "factorial": _factorial, "scaling": _scaling}[card.kind]
    sign = -1 if hypothesis.direction == "lower" else 1
    return {seed: sign * value for seed, value in effect(card, trial, hypothesis).items()}


def floor(card: Card, trial: Trial, hypothesis: Hypothesis) -> float:
    """The standard deviation of A/A differences: the base arm initialised anew, beside itself.

    Raises:
        MiniditError: no A/A runs, other seeds than the base arm's, or the same initialisation once more.
    """
    if not any(run.role == "same" for run in trial.runs):
        raise MiniditError(
            f"The evidence of {trial.claim} has no A/A runs, so that its noise is not known: "
            "run the base arm again at the same seeds with other initialisations (role same)."
        )
    main, same = runs(trial, BASE), runs(trial, BASE, "same")
    check_seeds(card, trial, {BASE: main, "the A/A runs": same})
    for seed in main:
        if main[seed].init_seed == same[seed].init_seed:
            raise MiniditError(
                f"The A/A run of {trial.claim} at seed {seed} starts from the base arm's own initialisation; "
                "it measures noise only from another one. Run it again with another init_seed."
            )
    rows = _values(trial, main, hypothesis), _values(trial, same, hypothesis)
    return deviation([_beside(rows[1][seed] - a, a, hypothesis) for seed, a in rows[0].items()])


def _paired(card: Card, trial: Trial, hypothesis: Hypothesis) -> Values:
    arms = (hypothesis.arm, hypothesis.than)
    found = main_runs(card, trial, arms)
    axis = _axis(card, trial, arms)
    if not any(within(key, axis) for key in differing(card, trial, arms, axis)):
        raise MiniditError(
            f"{card.id}.{hypothesis.id} compares {arms[0]!r} with {arms[1]!r}, but their experiments "
            f"agree in {axis[0] if axis else 'every factor'!r}: check the arm's name and its settings."
        )
    a, b = (_values(trial, found[arm], hypothesis) for arm in arms)
    return {seed: _beside(a[seed] - b[seed], b[seed], hypothesis) for seed in b}


def _axis(card: Card, trial: Trial, arms: tuple[str, str]) -> list[str]:
    """The settings of the factor in which two arms differ by name: of one, or which it is were not known.

    Arms are called by their factors' values, "placement=post,depth=16"; the base by none.
    """
    one, other = (set(arm.replace(BASE, "").split(",")) for arm in arms)
    named = {word.partition("=")[0] for word in one ^ other} - {""}
    apart = [factor for factor in card.factors if factor.key.split(".")[-1] in named]
    if len(apart) > 1:
        words = " and ".join(factor.key for factor in apart)
        raise MiniditError(
            f"{card.id} compares {arms[0]!r} with {arms[1]!r}, which differ in {words}: name two arms that "
            "differ in one factor."
        )
    return [key for factor in apart for key in factor.keys]


def _factorial(card: Card, trial: Trial, hypothesis: Hypothesis) -> Values:
    """The effect of a factor over the whole design, or, where two arms are named, in one cell of it."""
    return (_paired if is_arm(hypothesis.arm) else _over_all)(card, trial, hypothesis)


def _over_all(card: Card, trial: Trial, hypothesis: Hypothesis) -> Values:
    """Mean over the cells in which the named factors' signs multiply to +1, less the mean over the others.

    For one factor that is its main effect; for two it is half the difference of A's effect at B's two levels
    (Box, Hunter and Hunter, Statistics for Experimenters, chapter 5). It asks for every cell.
    """
    found = main_runs(card, trial, [BASE, *trial.arms])
    differing(card, trial, trial.arms, [factor.key for factor in card.factors])
    signs = _signs(card, trial, hypothesis)
    rows = {arm: _values(trial, found[arm], hypothesis) for arm in trial.arms}
    result = {}
    for seed, base in rows[BASE].items():
        high, low = (fmean(rows[arm][seed] for arm in signs if signs[arm] == side) for side in (1, -1))
        result[seed] = _beside(high - low, base, hypothesis)
    return result


def _signs(card: Card, trial: Trial, hypothesis: Hypothesis) -> dict[str, int]:
    """Arm -> +1 or -1: the product over the named factors of +1 away from the base's level, -1 at it."""
    keys, named = [factor.key for factor in card.factors], hypothesis.arm.split(" x ")
    if len(set(named)) < len(named) or not set(named) <= set(keys):
        hint = did_you_mean(named[0], keys)
        raise MiniditError(
            f"{card.id}.{hypothesis.id} asks for the effect of {hypothesis.arm!r}; name a factor, or two "
            f'different ones joined by " x ". The factors are {", ".join(keys)}.{hint}'
        )
    cells = {arm: tuple(str(_level(trial.arms[arm], key)) for key in keys) for arm in trial.arms}
    levels = [sorted(set(column)) for column in zip(*cells.values(), strict=True)]
    base, planned = cells[BASE], list(product(*levels))
    if card.fraction == "half":
        away = {cell: sum(one != other for one, other in zip(cell, base, strict=True)) for cell in planned}
        planned = [cell for cell in planned if away[cell] % 2 == 0]
    if sorted(cells.values()) != sorted(planned):
        raise MiniditError(
            f"{card.id} has {len(cells)} arms where {card.fraction or 'all'} of the combinations of "
            f"{' x '.join(keys)} were planned, each once, {len(planned)} in all: run the missing ones."
        )
    places = [keys.index(key) for key in named]
    for place in places:
        if len(levels[place]) != 2:
            raise MiniditError(
                f"{keys[place]} has {len(levels[place])} levels in {card.id}, and an effect is read from two."
            )
    return {arm: math.prod(-1 if cell[p] == base[p] else 1 for p in places) for arm, cell in cells.items()}


def _scaling(card: Card, trial: Trial, hypothesis: Hypothesis) -> Values:
    found = main_runs(card, trial, [BASE, *trial.arms])
    differing(card, trial, trial.arms, sorted({key for size in card.sizes for key in size.settings}))
    compute = [arm.flops_per_step * arm.experiment["training"]["steps"] for arm in trial.arms.values()]
    if len(set(compute)) < 2:
        raise MiniditError(
            f"{card.id} fits a slope over compute, and its arms all cost the same: add a size."
        )
    x = [math.log(flops) for flops in compute]
    rows = [readouts(trial, found[arm], hypothesis.metric) for arm in trial.arms]
    if not all(value > 0 for row in rows for value in row.values()):
        raise MiniditError(f"{card.id}: {hypothesis.metric} is not above 0 everywhere, and has no logarithm.")
    return {seed: linear_regression(x, [math.log(row[seed]) for row in rows]).slope for seed in rows[0]}


def _level(arm: TrialArm, key: str) -> list[tuple[str, Any]]:
    """What an arm has for a factor: its setting, or all settings of its group."""
    return sorted((k, v) for k, v in flat(arm.experiment).items() if within(k, [key]))


def _values(trial: Trial, rows: Runs, hypothesis: Hypothesis) -> Values:
    return readouts(trial, rows, hypothesis.metric)


def _beside(difference: float, b: float, hypothesis: Hypothesis) -> float:
    """A difference in the hypothesis's unit: as it is, or as percent of `b`."""
    if hypothesis.unit == "absolute":
        return difference
    if b <= 0:
        raise MiniditError(
            f"{hypothesis.metric} is {b}, and a percentage needs a value above 0: "
            f'give hypothesis {hypothesis.id!r} unit = "absolute".'
        )
    return 100 * difference / b
