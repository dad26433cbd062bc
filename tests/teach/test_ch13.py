"""What the checks of chapter 13 hold for right is what the library does; their inputs part the mistakes."""

from itertools import product

import pytest
import torch

from minidit.model.attention import Attention
from minidit.model.mlp import mlp
from minidit.model.norm import norm
from minidit.model.rope import axial, rotate
from minidit.teach.checks.ch13 import rms_norm, swiglu_width, turned
from minidit.teach.checks.ch13_effects import _design, contrast, partner
from minidit.teach.checks.ch13_holm import BONFERRONI, NONE, STOPS, holm


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_rms_norm_is_the_library_s():
    x, gain = torch.randn(2, 3, 8, generator=drawn(0)), torch.ones(8)
    torch.testing.assert_close(rms_norm(x, gain, 1e-6), norm("rms", 8)(x))


@pytest.mark.parametrize(("dim", "ratio"), [(32, 4.0), (64, 4.0), (48, 3.0), (1024, 4.0)])
def test_the_width_is_the_library_s_without_biases(dim, ratio):
    layer = mlp("swiglu", dim, ratio, bias=False)
    assert layer.down.in_features == swiglu_width(dim, int(ratio * dim))
    plain = sum(p.numel() for p in mlp("gelu", dim, ratio, bias=False).parameters())
    ours = sum(p.numel() for p in layer.parameters())
    assert plain - 3 * dim < ours <= plain


def test_a_kept_token_is_turned_as_in_the_whole_image():
    x, kept = torch.randn(1, 1, 20, 8, generator=drawn(1)), torch.tensor([3, 7, 12, 19])
    whole = rotate(x, axial(4, 5, 8))[0, 0, kept]
    torch.testing.assert_close(turned(x[0, 0, kept], kept // 5, kept % 5).float(), whole)


def test_values_are_not_turned_by_the_library():
    layer = Attention(8, heads=1)
    with torch.no_grad():
        layer.qkv.weight[:16] = 0  # no queries, no keys: every token heeds all alike, wherever it stands
        layer.qkv.bias.zero_()
        x = torch.randn(1, 6, 8, generator=drawn(2))
        torch.testing.assert_close(layer(x, axial(2, 3, 8)), layer(x))


@pytest.mark.parametrize("half", [False, True])
def test_contrasts_are_twice_the_slopes_of_least_squares(half):
    signs = _design(5, half, drawn(3))
    y = torch.randn(len(signs), generator=drawn(4)).double()
    words = [(k,) for k in range(5)] + [(j, k) for j, k in product(range(5), repeat=2) if j < k]
    columns = torch.stack([torch.ones_like(y), *[signs[:, list(word)].prod(1) for word in words]], 1)
    slopes = torch.linalg.lstsq(columns, y).solution[1:]
    torch.testing.assert_close(2 * slopes, torch.stack([contrast(signs, y, word) for word in words]))


def test_partners_have_one_column_in_a_half():
    signs = dict(zip("ABCDE", _design(5, True, drawn(5)).T, strict=True))

    def column(word):
        return torch.stack([torch.ones(16).double(), *[signs[letter] for letter in word]]).prod(0)

    for effect in ("A", "AB", "BCD", "ABCDE", ""):
        same = column(effect) * column(partner(effect, "ABCDE"))
        assert len(same.unique()) == 1
    assert partner("BC", "ABDE") == "ACDE" and partner("AB", "AB") == ""


def test_holm_s_families_do_what_their_names_say():
    assert holm(BONFERRONI, 0.05) == [True, True, False, False, False]
    assert sum(p < 0.01 for p in BONFERRONI) == 1
    assert holm(STOPS, 0.05) == [True, False, False, False, False]
    assert holm(NONE, 0.05) == [False] * 5 and NONE[1] < 0.05 / 4
