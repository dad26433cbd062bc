"""One kind of error for everything that a person can put right."""


class MiniditError(ValueError):
    """Bad input, told in a sentence: what was wrong, what was expected, what to do.

    The command line prints the sentence and exits with status 2; a notebook shows it as it is.
    """


class TrainingDiverged(MiniditError):
    """The loss or the gradient is no longer a finite number."""
