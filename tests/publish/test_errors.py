"""Every error of the library stands on the page, in words that a search finds."""

import re
from functools import cache

import pytest
import torch

import minidit
from minidit.errors import MiniditError
from minidit.flow.guidance import guide
from minidit.publish.errors import errors_page
from minidit.publish.messages import PACKAGE, raises

page, found = cache(errors_page), cache(raises)


def rows(text):
    return re.findall(r"^- `+ ?(.*?) ?`+\\\n  from `(\S+)`$", text, flags=re.M)


def pattern(row):
    """A message of the page as a pattern: what is filled in may be anything."""
    parts = re.split(r"‹[^›]*›|\[[^]]*\]", row)
    return ".*?".join(map(re.escape, parts))


def test_every_raise_is_found():
    line = re.compile(r"^\s*raise (?:MiniditError|TrainingDiverged)\(", flags=re.M)
    counted = {path: len(line.findall(path.read_text("utf-8"))) for path in PACKAGE.rglob("*.py")}
    assert len(found()) == sum(counted.values()) > 300
    assert {path: sum(one.path == path for one in found()) for path in counted} == counted


def test_nearly_every_raise_says_something_of_its_own():
    silent = [one for one in found() if not any(message.says_something for message in one.messages)]
    assert len(silent) <= 6, [(one.path.name, one.line) for one in silent]  # they pass on what another said


@pytest.mark.parametrize(
    ("fault", "room"),
    [
        (lambda: minidit.build("DiT-S/2", dim=10), "model"),
        (lambda: minidit.build("DiT-S/2", depht=3), "model"),
        (lambda: minidit.build("DiT-Q/2"), "model"),
        (lambda: minidit.build("DiT-S/2", norm="batch"), "model"),
        (lambda: minidit.build("DiT-S/2", route="3-40@0.5"), "model"),
        (lambda: guide(lambda x, t, c: x, -1.0), "flow"),
        (lambda: guide(lambda x, t, c: x, 2.0, interval=(0.5, 0.5)), "flow"),
        (lambda: minidit.experiment("digit"), "training"),
        (lambda: minidit.experiment("digits", ["training.steps"]), "training"),
        (lambda: minidit.hint("99.9"), "teach"),
    ],
)
def test_a_message_that_a_person_meets_is_there(fault, room):
    with pytest.raises(MiniditError) as error:
        fault()
    said = " ".join(str(error.value).split())
    section = page().split(f"\n## {room}\n")[1].split("\n## ")[0]
    assert any(re.fullmatch(pattern(text), said) for text, _ in rows(section)), said


def test_the_refusals_of_a_forward_pass_are_there():
    model = minidit.build("DiT-S/2", dim=16, heads=2, depth=1, input_size=4)
    with pytest.raises(MiniditError) as error:
        model(torch.zeros(2, 4, 4, 4), torch.zeros(3))
    assert any(re.fullmatch(pattern(text), str(error.value)) for text, _ in rows(page()))


def test_what_is_filled_in_has_a_plain_name():
    text = page()
    inside = re.findall(r"‹([^›]*)›", text)
    assert len(inside) > 300 and "shape of t" in inside
    assert not [words for words in inside if re.search(r"[\[\](){}'\"=]|None|^$|  ", words)]
    assert text.count("\n- ") == len(rows(text)) > 300


LIBRARY = '''
from minidit.errors import MiniditError

LEAST = 3
NAMES = ("a", "b")


def first(x, names, self):
    many = f"; choose from {', '.join(names)}" if names else ""
    raise MiniditError(
        f"There are {len(x)} of {x.shape[0]} with {tuple(x.shape)}, "
        f"at least {LEAST} are wanted by `{self.own_name}`{many}."
    )


def second(card):
    for fault in (*_faults(card), *card.others):
        raise MiniditError(f"{card.path.name}: {fault}")
    if card:
        raise MiniditError(_reason(card)) from None
    raise TrainingDiverged("It has " + ("grown" if card else "shrunk") + " too much to go on.")


def _faults(card):
    if card.id:
        yield f"the id {card.id!r} is not one of {NAMES[0]}."
    yield bool(card), "it has no hypothesis at all."


def _reason(card):
    """Says why."""
    if card.old:
        return "The card is too old to be read."
    return f"The card has {max(card.sizes)} as its largest size."


raise ValueError("of another kind")
'''


def test_ways_to_write_a_message(tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "file.py").write_text(LIBRARY, encoding="utf-8")
    text = errors_page(tmp_path)
    name = f"{tmp_path.name}.room.file"
    assert text.split("\n## ")[1] == (
        "room\n\n"
        "- `` There are ‹number of x› of ‹length of x› with ‹shape of x›, at least 3 are wanted by "
        "`‹own name›`[; choose from ‹names›]. ``\\\n"
        f"  from `{name}.first`\n"
        "- `the id ‹id of card› is not one of ‹NAMES›.`\\\n"
        f"  from `{name}._faults`\n"
        "- `it has no hypothesis at all.`\\\n"
        f"  from `{name}._faults`\n"
        "- `The card is too old to be read.`\\\n"
        f"  from `{name}._reason`\n"
        "- `The card has ‹largest sizes of card› as its largest size.`\\\n"
        f"  from `{name}._reason`\n"
        "- `It has [grown | shrunk] too much to go on.`\\\n"
        f"  from `{name}.second`\n"
    )
    assert len(raises(tmp_path)) == 4
