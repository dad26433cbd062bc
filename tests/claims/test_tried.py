"""A claim as a chapter reads it: the words, the numbers of every seed, and what is printed."""

import pytest

from minidit.claims import tried
from minidit.errors import MiniditError
from minidit.teach.verdicts import verdicts


def test_words_and_numbers_are_those_of_the_evidence():
    case = tried("C01")
    assert case.words["a"] == "refuted" and case.words["d"] == "supported"
    values = case.of("placement=post,gate=false,zero_init=none")
    other = case.of("gate=false,zero_init=none")
    d = case.verdicts[3]
    assert list(values) == list(other) == [0, 1, 2, 3, 4]
    assert d.differences == pytest.approx({s: 100 * (values[s] / other[s] - 1) for s in values})


def test_only_some_hypotheses_and_their_verdicts_stay_those_of_the_whole_card():
    case = tried("C01")
    some = case.only("ge")
    assert list(some.words) == ["e", "g"]
    assert some.verdicts == (case.verdicts[4], case.verdicts[6])


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: tried("C01", "a100"), "minidit claims run C01 --scale a100"),
        (lambda: tried("C01").only("az"), "no hypothesis 'z'; it has a, b"),
        (lambda: tried("C01").of("depth=7"), "no arm 'depth=7'. Its arms are: base; depth=16"),
        (lambda: tried("C01").of("base", "quality.gap"), "did not read 'quality.gap'. It read velocity"),
    ],
)
def test_what_is_not_there_is_said(ask, words):
    with pytest.raises(MiniditError, match=words):
        ask()


def test_verdicts_print_the_measured_direction(capsys):
    verdicts(tried("C01").only("adg"))
    counted, raised, lowered = capsys.readouterr().out.strip().split("\n\n")
    assert counted.endswith("REFUTED: counted, 2")
    assert "SUPPORTED: +52 %, 99 % interval +38 to +65; 5 seeds" in raised
    assert "REFUTED: -0.0055 %" in lowered  # "lower" is claimed, and a hair lower it is
