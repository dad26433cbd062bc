"""Say what you expect before you look: a prediction, written down and shown again beside the result."""

from minidit.errors import MiniditError
from minidit.teach.notebook import note, noted, place

FILE = "predictions"
# said only where a cell can be run: a page without a kernel leaves both out
COMMIT = 'Commit yourself: put guess="a" (or another letter) into this cell and run it again.'
NO_GUESS = "You made no prediction."


def predict(name: str, question: str, choices: dict[str, str], guess: str | None = None) -> None:
    """Ask, or write down an answer.

    Args:
        name: of the prediction, such as "ch01.copies".
        question: what will happen?
        choices: {"a": "words", ...}.
        guess: one of the letters; None only asks. The first guess counts; a later one does not replace it.

    Raises:
        MiniditError: the guess is not one of the letters.
    """
    if guess is not None and guess not in choices:
        raise MiniditError(
            f"guess is {guess!r}; it must be one of {', '.join(choices)}, or None to think longer."
        )
    guesses = noted(FILE)
    print(question)
    for letter, words in choices.items():
        print(f"  {letter}) {words}")
    if guess is not None and name not in guesses:
        guesses[name] = guess
        note(FILE, guesses)
    if name in guesses:
        print(f"Your first prediction, {guesses[name]}, stands. It is written down in {place(FILE)}.")
    else:
        print(COMMIT)


def compare(name: str, answer: str, because: str) -> None:
    """Put the result beside the prediction called `name`."""
    guess = noted(FILE).get(name)
    said = {None: NO_GUESS, answer: f"You predicted {answer}: right."}
    print(f"The answer is {answer}: {because}")
    print(said.get(guess, f"You predicted {guess}. What did you think would happen, and why did it not?"))
