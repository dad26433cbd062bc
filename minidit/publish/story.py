"""The story of the claims: sentences written by hand, whose verdicts and numbers come from the evidence.

In `book/story.md` {C03.a refuted} becomes the verdict's word, and is a fault where the verdict is another;
{C03.a change} becomes the effect and {C03.a interval} its interval, in the direction that was measured.
{C02 base ablation.attention} becomes the mean of a readout over an arm's seeds.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from minidit.claims.verdict import Verdict
from minidit.errors import MiniditError
from minidit.publish.case import Case
from minidit.teach.numbers import decimals, measured, short

STORY = "story.md"
WORDS = ("supported", "refuted", "inconclusive")
PLACE = re.compile(r"\{(C\d\d)\.([a-z]) ([a-z]+)\}")
READOUT = re.compile(r"\{(C\d\d) ([^\s{}]+) ([^\s{}]+)\}")
SCALE = "cpu"  # where every claim was tried


def story(book: Path, cases: list[Case]) -> str:
    """The story of `book`, Markdown, with its places filled; empty where the book tells none.

    Raises:
        MiniditError: a place without evidence, or a sentence that rests on another verdict than the
            evidence gives.
    """
    known = {case.card.id: case for case in cases}
    filled = PLACE.sub(lambda place: _filled(known, *place.groups()), _template(book))
    return READOUT.sub(lambda place: _mean(known, *place.groups()), filled)


def in_order(book: Path, cases: list[Case]) -> list[Case]:
    """The cases in the order in which the story first names them; those it never names come last."""
    text = _template(book) + " ".join(sorted(case.card.id for case in cases))
    return sorted(cases, key=lambda case: text.index(case.card.id))


def _template(book: Path) -> str:
    path = book / STORY
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _filled(cases: Mapping[str, Case], claim: str, letter: str, what: str) -> str:
    case, name = cases.get(claim), f"{claim}.{letter}"
    rows = () if case is None else (*case.counts, *case.verdicts.get(SCALE, ()))
    found = next((row for row in rows if row.name == name), None)
    if found is None:
        raise MiniditError(
            f"{STORY} speaks of {name}, of which there is no verdict: run it, or leave it out."
        )
    if what in WORDS:
        if found.word != what:
            raise MiniditError(
                f"{STORY} calls {name} {what}, and the evidence says {found.word}: write the sentence anew."
            )
        return f"[{name}](#{claim.lower()}), {what}"
    if what not in ("change", "interval") or found.low is None:
        raise MiniditError(
            f"{STORY} asks for the {what} of {name}; a verdict from runs has: change, interval, "
            f"{', '.join(WORDS)}."
        )
    return _number(case, found, letter, what)


def _mean(cases: Mapping[str, Case], claim: str, arm: str, readout: str) -> str:
    trial = cases[claim].trials.get(SCALE) if claim in cases else None
    runs = [run for run in trial.runs if (run.role, run.arm) == ("main", arm)] if trial else []
    if not runs or any(readout not in run.readouts for run in runs):
        raise MiniditError(f"{STORY} asks for {readout} of {arm} in {claim}, of which there is no evidence.")
    return short(fmean(run.readouts[readout] for run in runs))


def _number(case: Case, found: Verdict, letter: str, what: str) -> str:
    """The effect, or its interval, with its sign and its unit."""
    one = next(one for one in case.card.hypotheses if one.id == letter)
    unit = " %" if one.unit == "percent" else ""
    low, mean, high = decimals(*measured(one.direction, found.low, found.mean, found.high))
    return f"{mean}{unit}" if what == "change" else f"{low} to {high}{unit}"
