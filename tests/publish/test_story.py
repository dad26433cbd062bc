"""The story takes its words and numbers from the evidence, and refuses to say what it does not say."""

import sys
from pathlib import Path
from statistics import fmean

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))  # the made-up claims

from synthetic import METRIC, Case, moved

from minidit.claims.trial import Trial
from minidit.errors import MiniditError
from minidit.publish.claims import page
from minidit.teach.numbers import short

AFFINE = {"norm_affine=true": {METRIC: moved([-1, -2, -3, -4, -5])}}


def told(folder, words):
    Case(values=AFFINE).write(folder)
    (folder / "story.md").write_text(f"## In one page\n\n{words}\n\n", encoding="utf-8")
    return page(folder)


def test_words_and_numbers_come_from_the_evidence(tmp_path):
    text = told(tmp_path, "It helps by {C90.a change} ({C90.a interval}; {C90.a supported}).")
    # 95 %: 3 +- 1.963, as it was measured: minus is lower
    assert "It helps by -3.0 % (-5.0 to -1.0 %; [C90.a](#c90), supported)." in text
    assert text.index("In one page") < text.index("## How a verdict is made") < text.index("## All claims")


def test_a_readout_is_its_mean_over_the_seeds(tmp_path):
    one, other = (told(tmp_path, f"It is {{C90 {arm} {METRIC}}}.") for arm in ("base", "norm_affine=true"))
    trial = Trial.read(tmp_path / "evidence" / "C90.cpu.json")
    for text, arm in ((one, "base"), (other, "norm_affine=true")):
        values = [run.readouts[METRIC] for run in trial.runs if (run.role, run.arm) == ("main", arm)]
        assert f"It is {short(fmean(values))}." in text


def test_claims_stand_in_the_order_of_the_story(tmp_path):
    for name in ("C91", "C92"):
        Case(id=name, values=AFFINE).write(tmp_path)
    text = told(tmp_path, "First {C92.a supported}, then {C90.a supported}.")  # and nothing of C91
    assert text.index("## C92:") < text.index("## C90:") < text.index("## C91:")
    assert text.index("[C92](#c92)") < text.index("[C90](#c90)") < text.index("[C91](#c91)")


def test_a_book_without_a_story_has_none(tmp_path):
    Case(values=AFFINE).write(tmp_path)
    assert "<!--" not in page(tmp_path)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("{C90.a refuted}", "calls C90.a refuted, and the evidence says supported: write"),
        ("{C90.b supported}", "speaks of C90.b, of which there is no verdict"),
        ("{C91.a change}", "speaks of C91.a, of which there is no verdict"),
        ("{C90 base nothing}", "asks for nothing of base in C90, of which there is no evidence"),
        ("{C91 base velocity.held_out}", "of base in C91, of which there is no evidence"),
        ("{C90.a effect}", "asks for the effect of C90.a; a verdict from runs has: change, interval, supp"),
    ],
)
def test_a_sentence_without_evidence_is_refused(tmp_path, place, says):
    with pytest.raises(MiniditError, match=says):
        told(tmp_path, place)
