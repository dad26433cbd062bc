"""The court: claim cards, paired runs, verdicts by a rule fixed beforehand."""
