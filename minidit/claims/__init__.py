"""Claims on trial: cards, paired runs, verdicts."""
