"""A card is read whole, or refused in a sentence that says what to do."""

import hashlib

import pytest

from minidit import MiniditError
from minidit.claims.cards import cards, find, read
from minidit.claims.readouts import READOUTS

HYPOTHESIS = 'arm = "norm=rms"\ndelta = 1.0\nspread = 1.0'
FACTOR = '[[factor]]\nkey = "model.norm"\narms = ["rms"]\n'
SIZES = "".join(f'[[size]]\nname = "d{d}"\nsettings = {{ "model.dim" = {d} }}\n' for d in (32, 48, 96))


def test_a_card_is_read_whole(write):
    path = write()
    card = read(path)
    assert (card.id, card.slug, card.kind, card.readouts) == ("C99", "C99_small", "paired", ("velocity",))
    assert card.quotes[0].seen == "article" and card.threats == ("it is tiny",)
    assert card.hypotheses[0].than == "base" and card.hypotheses[0].unit == "percent"
    assert card.factors[0].arms == ("rms",) and card.match is None and card.tune is None
    assert card.scale("cpu").settings["model.dim"] == 16 and card.scale("cpu").budget_core_minutes == 1.0
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_book_s_cards_are_sound_and_ask_for_what_can_be_read():
    found = {card.id: card for card in cards()}
    assert {"C06", "C16"} <= set(found)
    for card in found.values():
        assert set((*card.readouts, *card.along)) <= set(READOUTS)
    assert find("c16").title == found["C16"].title


TOLD = (
    '[[factor]]\nkey = "told"\narms = [{ name = "tokens", "model.norm" = "rms", "model.mlp" = "swiglu" }]\n'
)
MLP = '[[factor]]\nkey = "model.mlp"\narms = ["swiglu"]\n'

REFUSED = {
    "no TOML": ([('id = "C99"', "id = C99")], "no TOML that can be read"),
    "an unknown entry": ([("question", "qestion")], "no entry 'qestion'. Did you mean question?"),
    "a missing entry": ([('title = "A small card"', "")], "'title' is missing"),
    "an unknown entry of a table": ([("spread", "spraed")], "hypothesis: there is no entry 'spraed'"),
    "a single table": ([("[[quote]]", "[quote]")], "write it as [[quote]]"),
    "a word for a number": ([("delta = 1.0", 'delta = "big"')], "delta is 'big'"),
    "another file's id": ([('id = "C99"', 'id = "C98"')], "the file C06_its_subject.toml"),
    "an unknown kind": ([('kind = "paired"', 'kind = "pair"')], "kind is 'pair'"),
    "an unseen quote": ([('seen = "article"', 'seen = "rumour"')], "seen as 'rumour'"),
    "no translation": ([('language = "en"', 'language = "zh"')], "has no translation"),
    "no threats": ([('threats = ["it is tiny"]', "threats = []")], "threats is empty"),
    "no way to lose": ([("delta = 1.0", "delta = 0.0")], "the smallest effect that matters"),
    "no spread": ([("spread = 1.0", "")], "spread is missing"),
    "a wrong direction": ([('direction = "lower"', 'direction = "less"')], "direction is 'less'"),
    "a wrong unit": ([(HYPOTHESIS, HYPOTHESIS + '\nunit = "points"')], "unit is 'points'"),
    "a metric nobody reads": ([("velocity.held_out", "quality.frechet")], "add 'quality' to readouts"),
    "a mark nobody takes": ([("velocity.held_out", "velocity.held_out@10%")], "add 'velocity' to along"),
    "an unknown fact": ([("velocity.held_out", "fact.nothing")], "there is no fact.nothing"),
    "an unknown arm": ([('arm = "norm=rms"', 'arm = "norm=ada"')], "there is no arm 'norm=ada'"),
    "itself": ([('arm = "norm=rms"', 'arm = "base"')], "compares base with itself"),
    "two axes": (
        [
            (FACTOR, FACTOR + MLP),
            (HYPOTHESIS, HYPOTHESIS + '\nthan = "mlp=swiglu"'),
        ],
        "differ in two settings",
    ),
    "a cell that is not there": (
        [('kind = "paired"', 'kind = "factorial"'), (FACTOR, FACTOR + MLP), ("norm=rms", "norm=ada")],
        "there is no arm 'norm=ada'",
    ),
    "two cells two factors apart": (
        [
            ('kind = "paired"', 'kind = "factorial"'),
            (FACTOR, FACTOR + MLP),
            ("norm=rms", "norm=rms,mlp=swiglu"),
        ],
        "differ in 2 factors",
    ),
    "a table without a name": (
        [('arms = ["rms"]', 'arms = [{ "model.norm" = "rms", "model.mlp" = "swiglu" }]')],
        "give it a name",
    ),
    "a table beside a value": (
        [(FACTOR, TOLD.replace("arms = [", 'arms = ["rms", ')), ('arm = "norm=rms"', 'arm = "told=tokens"')],
        "all its arms must be",
    ),
    "a tuned setting in a table": (
        [
            (FACTOR, TOLD + '[tune]\nkey = "model.mlp"\ngrid = [1.0, 2.0]\n'),
            ('arm = "norm=rms"', 'arm = "told=tokens"'),
        ],
        "tune.key is model.mlp",
    ),
    "a factor twice": ([(FACTOR, FACTOR * 2)], "a setting stands in two factors"),
    "an unknown fraction": ([('kind = "paired"', 'kind = "paired"\nfraction = "third"')], 'must be "half"'),
    "half of too little": (
        [('kind = "paired"', 'kind = "factorial"\nfraction = "half"'), (FACTOR, FACTOR + MLP)],
        "from five factors of two levels on",
    ),
    "a lone factorial": ([('kind = "paired"', 'kind = "factorial"')], "at least two factors"),
    "a scaling without sizes": ([('kind = "paired"', 'kind = "scaling"')], "a scaling design has [[size]]"),
    "a measurement that trains": ([('kind = "paired"', 'kind = "measurement"')], "trains nothing"),
    "too few seeds": ([("seeds = 3", "seeds = 2")], "2 seeds at scale cpu"),
    "seeds that tune": ([("seeds = 3", "seeds = 3\nfirst_seed = 998")], "begin with 998; 0 to 999 decide"),
    "an unknown scale": ([("[scale.cpu]", "[scale.tpu]")], "scale is 'tpu'"),
    "a wrong match": ([(FACTOR, FACTOR + '[match]\non = "luck"\nvia = "model.dim"\n')], "match.on is 'luck'"),
    "a match that is tried": (
        [(FACTOR, FACTOR + '[match]\non = "time"\nvia = "model.norm"\n')],
        "which is also what is tried",
    ),
    "a grid of one": (
        [(FACTOR, FACTOR + '[tune]\nkey = "training.lr"\ngrid = [1.0]\n')],
        "at least 2 values",
    ),
    "a tuned factor": (
        [(FACTOR, FACTOR + '[tune]\nkey = "model.norm"\ngrid = [1.0, 2.0]\n')],
        "tune.key is model.norm",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_card_that_cannot_be_believed_is_refused(write, case):
    exchanges, words = REFUSED[case]
    with pytest.raises(MiniditError) as error:
        read(write(*exchanges))
    assert words in str(error.value) and "C99_small.toml" in str(error.value)


def test_what_is_not_there_is_told(tmp_path, write):
    with pytest.raises(MiniditError, match="cannot be read"):
        read(tmp_path / "C98_none.toml")
    with pytest.raises(MiniditError, match=r"no card 'C98'. Did you mean C99"):
        write()
        find("C98", tmp_path)
    with pytest.raises(MiniditError, match="not planned at scale 'h100'"):
        read(write()).scale("h100")
