"""The verdicts of a claim, as a chapter prints them: the hypothesis, the word, the numbers behind it."""

from textwrap import fill

from minidit.claims.card import Hypothesis
from minidit.claims.tried import Tried
from minidit.claims.verdict import Verdict
from minidit.teach.numbers import decimals, measured, short

WIDTH = 110


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
