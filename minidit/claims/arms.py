"""From a card to its arms: the base experiment, and what each arm changes of it."""

from dataclasses import dataclass, replace
from typing import Any

from minidit.claims.card import Card
from minidit.claims.cost import steps_for_equal_time
from minidit.errors import MiniditError
from minidit.measure.ledger import ledger
from minidit.model import build
from minidit.training.experiment import Experiment
from minidit.training.presets import experiment

TOLERANCE = 0.01  # arms count as equal in parameters or FLOPs up to one in a hundred
BASE = "base"


@dataclass(frozen=True)
class Arm:
    """A named experiment; `settings` are what its factors change, without what was moved to match it."""

    name: str
    settings: dict[str, Any]
    experiment: Experiment

    @property
    def parameters(self) -> int:
        """Trainable parameters."""
        return ledger(self.experiment.model).parameters

    @property
    def flops_per_step(self) -> int:
        """FLOPs of a step of training, see `flops_per_step`."""
        return flops_per_step(self.experiment)

    def tuned(self, key: str, value: float) -> Experiment:
        """The arm's experiment with the tuned setting."""
        return self.experiment.override({key: value})


def flops_per_step(experiment: Experiment) -> int:
    """FLOPs of a step of training: the pass forwards and twice as much backwards, for each image."""
    return 3 * ledger(experiment.model, training=True).flops * experiment.training.batch_size


def arms(card: Card, scale: str) -> dict[str, Arm]:
    """The arms of a card at a scale, the base first; equal in what the card says they are matched on.

    Raises:
        MiniditError: the scale is not planned, a setting does not exist, or the arms cannot be matched.
    """
    made = unmatched(card, scale)
    if card.match is None:
        return made
    return {name: _matched(card, scale, arm, made[BASE]) for name, arm in made.items()}


def unmatched(card: Card, scale: str) -> dict[str, Arm]:
    """The arms before they are made equal in anything; raises as `arms` does."""
    plan = card.scale(scale)
    base = experiment(plan.experiment).override(plan.settings)
    made = {}
    for name, settings in _settings(card).items():
        same = {key: value for key, value in settings.items() if _now(base, key) == value}
        if same:
            key, value = next(iter(same.items()))
            raise MiniditError(f"{card.path.name}: {key} is {value} in the base too; leave the arm out.")
        made[name] = Arm(name, settings, base.override(settings))
    return made


def _settings(card: Card) -> dict[str, dict[str, Any]]:
    """What each arm changes: one thing at a time, or in a factorial design every combination."""
    if card.kind == "scaling":
        return {BASE: {}} | {size.name: size.settings for size in card.sizes}
    if card.kind == "paired":
        one_each = [(factor, value) for factor in card.factors for value in factor.arms]
        return {BASE: {}} | {factor.name(value): factor.settings(value) for factor, value in one_each}
    keys = [factor.key for factor in card.factors]  # a crossed factor moves one setting
    return {
        name: {key: value for key, value in zip(keys, values, strict=True) if value is not None}
        for name, values in card.cells().items()
    }


def _now(experiment: Experiment, key: str) -> Any:
    value: Any = experiment
    for word in key.split("."):
        value = getattr(value, word, None)
    return value


def _matched(card: Card, scale: str, arm: Arm, base: Arm) -> Arm:
    """The arm with `match.via` moved until it has as many parameters, FLOPs or seconds as the base."""
    if arm.name == BASE:
        return arm
    via, on = card.match.via, card.match.on
    if on == "time":
        steps = steps_for_equal_time(card.id, scale, arm.name, base.experiment.training.steps)
        return replace(arm, experiment=arm.experiment.override({via: steps}))
    wanted, count = _count(base.experiment, on), lambda experiment: _count(experiment, on)
    current = _now(arm.experiment, via)
    low, high = current / 8, current * 8
    for _ in range(14):  # a count rises with every setting that can serve here
        middle = (low + high) / 2
        trial = arm.experiment.override({via: _as(current, middle)})
        low, high = (middle, high) if count(trial) < wanted else (low, middle)
    best = min((_as(current, low), _as(current, high)), key=lambda v: abs(_off(arm, via, v, wanted, count)))
    off = _off(arm, via, best, wanted, count)
    if abs(off) > TOLERANCE:
        raise MiniditError(
            f"{card.path.name}: no value of {via} gives {arm.name} the {on} of the base; the nearest, "
            f"{best}, is off by {off:+.1%}. Match through another setting."
        )
    return replace(arm, experiment=arm.experiment.override({via: best}))


def _off(arm: Arm, via: str, value: Any, wanted: int, count: Any) -> float:
    return count(arm.experiment.override({via: value})) / wanted - 1


def _as(current: Any, value: float) -> Any:
    return max(1, round(value)) if isinstance(current, int) else value


def _count(experiment: Experiment, on: str) -> int:
    """Parameters, or the FLOPs of the whole run."""
    if on == "parameters":
        return sum(p.numel() for p in build(experiment.model, device="meta").parameters())
    return flops_per_step(experiment) * experiment.training.steps
