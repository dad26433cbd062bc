"""One kind of error for everything that a person can put right."""

from collections.abc import Iterable
from difflib import get_close_matches


class MiniditError(ValueError):
    """Bad input, told in a sentence: what was wrong, what was expected, what to do.

    The command line prints the sentence and exits with status 2; a notebook shows it as it is.
    """


class TrainingDiverged(MiniditError):
    """The loss or the gradient is no longer a finite number."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence, " Did you mean ...?", with the known word nearest to `word`; nothing where none is near."""
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""
