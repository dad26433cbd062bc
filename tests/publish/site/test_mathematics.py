"""Formulas become MathML that says what TeX says."""

import pytest

from minidit.errors import MiniditError
from minidit.publish.site.mathematics import mathml


def test_bars_do_not_stretch_and_stand_close():
    for tex, sign in ((r"|x|", "|"), (r"\bigl|x\bigr|^2", "|"), (r"\lVert x \rVert", "‖")):
        found = mathml(tex)
        assert found.count(f'lspace="0" rspace="0" form="prefix">{sign}</mo>') == 2
        assert "\\" not in found


def test_functions_have_room():
    assert mathml(r"\nabla \log p_t(x)").count("<mspace") == 2
    assert "<mspace" not in mathml(r"f = \log(x)")


def test_a_sign_is_no_difference():
    assert 'form="prefix" lspace="0" rspace="0">&#x02212;' in mathml("s = -x")
    assert 'form="prefix"' not in mathml("s - x")


def test_primes_and_accents():
    assert "<msup>" not in mathml("g'")
    for tex in (r"\bar\alpha_k", r"\dot x", r"\hat q", r"\tilde\beta"):
        assert '<mover accent="true">' in mathml(tex), tex


def test_a_formula_of_its_own_is_told_apart():
    assert 'display="block"' in mathml("x", display=True) and 'display="inline"' in mathml("x")


@pytest.mark.parametrize(("tex", "words"), [(r"\left( x", "cannot be read"), (r"\foo x", "not known")])
def test_what_cannot_be_read_is_told(tex, words):
    with pytest.raises(MiniditError, match=words):
        mathml(tex)
