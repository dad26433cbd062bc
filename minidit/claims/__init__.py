"""The court: claim cards, paired runs, verdicts by a rule that was fixed beforehand."""

from minidit.claims.tried import Tried, tried

__all__ = ["Tried", "tried"]
