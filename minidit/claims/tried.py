"""A claim that was tried, as a chapter reads it: the card, what the rule says, and every seed's numbers."""

from dataclasses import replace
from typing import NamedTuple

from minidit.claims import cards
from minidit.claims.card import Card
from minidit.claims.facts import facts_of
from minidit.claims.trial import Trial, find
from minidit.claims.verdict import Verdict, verdict
from minidit.errors import MiniditError


class Tried(NamedTuple):
    """A card, a verdict for each of its hypotheses in the card's order, and the evidence at one scale."""

    card: Card
    verdicts: tuple[Verdict, ...]
    trial: Trial

    @property
    def words(self) -> dict[str, str]:
        """The verdicts by letter: {"a": "refuted", "b": "inconclusive", ...}."""
        return {h.id: v.word for h, v in zip(self.card.hypotheses, self.verdicts, strict=True)}

    def only(self, letters: str) -> "Tried":
        """The same with some hypotheses alone: `only("de")`. The verdicts stay those of the whole card.

        Raises:
            MiniditError: a letter that the card does not have.
        """
        if unknown := [letter for letter in letters if letter not in self.words]:
            known = ", ".join(self.words)
            raise MiniditError(f"{self.card.id} has no hypothesis {unknown[0]!r}; it has {known}.")
        both = zip(self.card.hypotheses, self.verdicts, strict=True)
        hypotheses, verdicts = zip(*[(h, v) for h, v in both if h.id in letters], strict=True)
        return self._replace(card=replace(self.card, hypotheses=hypotheses), verdicts=verdicts)

    def of(self, arm: str, metric: str = "velocity.held_out") -> dict[int, float]:
        """What the runs that decide gave: {seed: readout of `arm`}, in the order of the seeds.

        Raises:
            MiniditError: no such arm, or a readout that was not made.
        """
        runs = [run for run in self.trial.runs if run.role == "main" and run.arm == arm]
        found = {run.seed: run.readouts[metric] for run in runs if metric in run.readouts}
        if not runs:
            raise MiniditError(
                f"{self.card.id} has no arm {arm!r}. Its arms are: {'; '.join(self.trial.arms)}."
            )
        if not found:
            raise MiniditError(
                f"{self.card.id} did not read {metric!r}. It read {', '.join(runs[0].readouts)}."
            )
        return dict(sorted(found.items()))


def tried(claim: str, scale: str = "cpu") -> Tried:
    """The claim `claim`, such as "C06", with its evidence at a scale.

    Raises:
        MiniditError: no such card, or it was not run at this scale.
    """
    card = cards.find(claim)
    trial = find(card, scale)
    if trial is None:
        raise MiniditError(
            f"{claim} was not run at scale {scale}. `minidit claims run {claim} --scale {scale}` runs it."
        )
    return Tried(card, verdict(card, trial, facts_of(card)), trial)
