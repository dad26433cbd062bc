"""The rule: what the differences of a trial say of each hypothesis, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

from minidit.claims.card import Card, Hypothesis
from minidit.claims.effects import effects, floor
from minidit.claims.pairing import BASE, Values, readouts, runs
from minidit.claims.statistics import Step, holm, interval, p_value, same_p_value
from minidit.claims.trial import Trial
from minidit.errors import MiniditError, did_you_mean

FACT = "fact."  # metrics that are counted or derived, not trained
READABLE = 0.8  # the judge's accuracy from which on sample quality means something


@dataclass(frozen=True)
class Verdict:
    """What a trial says of one hypothesis.

    name: "C06.a". word: supported, refuted, inconclusive or stale. reason: one sentence for a reader.
    differences: seed -> effect, in the hypothesis's unit; positive is as claimed (for "same": the effect's
    own sign). mean, low, high: their interval at `level`, which Holm's correction chose. floor: the spread of
    the A/A differences (a slope has none); bar: the larger of delta and floor. smallest: an effect this large
    could have been seen. A measurement has only its number, as mean, and its bar; a stale one has neither.
    What is not there is None.
    """

    name: str
    word: str
    reason: str
    delta: float
    differences: Values = field(default_factory=dict)
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    floor: float | None = None
    bar: float | None = None
    smallest: float | None = None


@dataclass(frozen=True)
class Case:
    """A hypothesis with its differences and its bar, before it is decided."""

    hypothesis: Hypothesis
    differences: Values
    floor: float | None

    @property
    def bar(self) -> float:
        """The smallest effect that counts: what matters, and no less than the noise."""
        return max(self.hypothesis.delta, self.floor or 0.0)

    @property
    def p(self) -> float:
        """Two-sided p of "the mean lies at the bar"."""
        test = same_p_value if self.hypothesis.direction == "same" else p_value
        return test([*self.differences.values()], self.bar)


def verdict(
    card: Card, trial: Trial | None = None, facts: Mapping[str, float] | None = None
) -> tuple[Verdict, ...]:
    """A verdict for each hypothesis of the card, in the card's order (DESIGN section 7).

    Holm's correction runs over all hypotheses that are decided by runs. Facts ("fact.merged_affine",
    and all of a card of kind "measurement") are decided by one exact number, without seeds or interval.

    Args:
        card: the claim card as it stands now.
        trial: its evidence at one scale; a card of measurements needs none.
        facts: the exact numbers by name: {"fact.merged_affine": 1e-15}.

    Raises:
        MiniditError: evidence of another card, unpaired or incomplete runs, arms that differ in more than one
            axis, no A/A runs, a missing fact.
    """
    facts = facts or {}
    if trial is not None and trial.claim != card.id:
        raise MiniditError(f"The evidence is of {trial.claim}, and the card is {card.id}: give its own.")
    if trial is not None and trial.card_sha256 != card.sha256:
        return tuple(_stale(card, hypothesis) for hypothesis in card.hypotheses)
    exact = {h.id: h for h in card.hypotheses if card.kind == "measurement" or h.metric.startswith(FACT)}
    cases = [_case(card, trial, h) for h in card.hypotheses if h.id not in exact]
    steps = holm([case.p for case in cases])
    decided = {c.hypothesis.id: _decide(card, trial, c, s) for c, s in zip(cases, steps, strict=True)}
    decided |= {name: _measured(card, h, facts) for name, h in exact.items()}
    return tuple(decided[hypothesis.id] for hypothesis in card.hypotheses)


def _case(card: Card, trial: Trial | None, hypothesis: Hypothesis) -> Case:
    if trial is None:
        raise MiniditError(f"{card.id}.{hypothesis.id} is decided by runs, and there is no evidence: run it.")
    own = None if card.kind == "scaling" else floor(card, trial, hypothesis)
    return Case(hypothesis, effects(card, trial, hypothesis), own)


def _decide(card: Card, trial: Trial, case: Case, step: Step) -> Verdict:
    hypothesis = case.hypothesis
    mean, low, high = interval([*case.differences.values()], step.level)
    smallest = case.bar + high - mean
    word = _word(case, low, high) if step.decisive else "inconclusive"
    reason = _reason(case, word, low, high, step.level, smallest)
    if hypothesis.metric.startswith("quality."):
        accuracy = fmean(readouts(trial, runs(trial, BASE), "quality.accuracy").values())
        if accuracy < READABLE:
            word = "inconclusive"
            reason = (
                f"The judge reads {accuracy:.2f} of the base arm's samples, below {READABLE}: the quality of "
                "such samples decides nothing."
            )
    name = f"{card.id}.{hypothesis.id}"
    rest = (mean, low, high, step.level, case.floor, case.bar, smallest)
    return Verdict(name, word, reason, hypothesis.delta, case.differences, *rest)


def _word(case: Case, low: float, high: float) -> str:
    """Where the interval lies, beside the bar."""
    bar = case.bar
    if case.hypothesis.direction == "same":
        inside, outside = -bar < low and high < bar, bar < low or high < -bar
    else:
        inside, outside = bar < low, high < bar
    return "supported" if inside else "refuted" if outside else "inconclusive"


def _reason(case: Case, word: str, low: float, high: float, level: float, smallest: float) -> str:
    unit = {"percent": " %"}.get(case.hypothesis.unit, "") if case.floor is not None else ""
    bar = f"{case.bar:.3g}{unit}"
    if case.floor is not None and case.floor > case.hypothesis.delta:
        bar += f" (the A/A noise; delta is {case.hypothesis.delta:.3g}{unit})"
    where = f"The {100 * level:.4g} % interval is {low:.3g} to {high:.3g}{unit}"
    if word == "inconclusive":
        return f"{where}, not wholly on one side of {bar}; an effect of {smallest:.3g}{unit} would be seen."
    if case.hypothesis.direction == "same":
        return f"{where}, wholly {'within' if word == 'supported' else 'outside'} +-{bar}."
    return f"{where}, wholly {'beyond' if word == 'supported' else 'short of'} {bar}."


def _measured(card: Card, hypothesis: Hypothesis, facts: Mapping[str, float]) -> Verdict:
    if hypothesis.metric not in facts:
        hint = did_you_mean(hypothesis.metric, facts)
        raise MiniditError(f"{card.id}.{hypothesis.id} needs the fact {hypothesis.metric}.{hint}")
    number, delta, target = facts[hypothesis.metric], hypothesis.delta, hypothesis.target
    holds, claimed = {
        "lower": (number < delta, f"lower than {delta:g}"),
        "higher": (number > delta, f"higher than {delta:g}"),
        "same": (abs(number - target) <= delta, f"{target:g} within {delta:g}"),
    }[hypothesis.direction]
    word = "supported" if holds else "refuted"
    reason = f"{hypothesis.metric} is {number:g}; claimed was {claimed}."
    return Verdict(f"{card.id}.{hypothesis.id}", word, reason, delta, mean=number, bar=delta)


def _stale(card: Card, hypothesis: Hypothesis) -> Verdict:
    reason = "The card was changed after its evidence was recorded: run it again."
    return Verdict(f"{card.id}.{hypothesis.id}", "stale", reason, hypothesis.delta)
