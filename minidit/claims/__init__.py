"""The court: claim cards, paired runs, verdicts by a rule that was fixed beforehand."""
