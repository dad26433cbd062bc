"""The verdicts of a claim, as a chapter tells them: the hypothesis, the word, the numbers, every seed."""

from textwrap import fill

from minidit.claims.card import Hypothesis
from minidit.claims.tried import Tried, tried
from minidit.claims.verdict import Verdict
from minidit.teach.dots import dots
from minidit.teach.numbers import decimals, measured, short
from minidit.teach.show import show

WIDTH = 110


def tell(name: str, *groups: str) -> None:
    """Print the verdicts of the claim called `name`, and show its seeds.

    groups: letters of hypotheses, such as "ab", "cd", a picture each; without any, one picture of all.

    Raises:
        MiniditError: there is no such claim, or no evidence of it.
    """
    case = tried(name)
    verdicts(case)
    for letters in groups or (None,):
        show_seeds(name, letters)


def show_seeds(name: str, letters: str | None = None) -> None:
    """Show the seeds of a claim's hypotheses, or of those with these letters."""
    case = tried(name) if letters is None else tried(name).only(letters)
    words = ", ".join(f"{letter} {word}" for letter, word in case.words.items())
    show(dots(*case), alt=f"Rows of dots for {name}, a dot a seed, each with its interval: {words}.")


def verdicts(case: Tried) -> None:
    """Print each hypothesis of `tried("C06")`, or of `tried("C06").only("ab")`, with what the rule says.

    Effects are told as they were measured: negative means lower. An interval stands at the level that Holm's
    correction chose. A number that was counted has no interval.
    """
    for one, found in zip(case.card.hypotheses, case.verdicts, strict=True):
        print(fill(f"{found.name}  {one.text}", WIDTH, subsequent_indent="       "))
        print(f"       {found.word.upper()}{_numbers(one, found)}\n")


def _numbers(one: Hypothesis, found: Verdict) -> str:
    if found.word == "stale":
        return f": {found.reason}"
    if found.low is None:
        return f": counted, {short(found.mean)}"
    unit = " %" if one.unit == "percent" else ""
    low, mean, high = decimals(*measured(one.direction, found.low, found.mean, found.high))
    at = f"{100 * found.level:.4g} % interval {low} to {high}"
    return f": {mean}{unit}, {at}; {len(found.differences)} seeds"
