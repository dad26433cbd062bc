"""What the checks of chapter 10 hold for right is what the library does."""

import pytest
import torch

from minidit.model import ModelConfig, build
from minidit.model.attention import attention_map
from minidit.teach.checks.ch10 import _ends, _one_off, _resamplings
from minidit.teach.checks.ch10_chance import LOSES, LOWEST, MEDIAN, _plain, _roulette, _telling
from minidit.teach.checks.ch10_shift import left_over, wide

TOKENS = {"time_as": "token", "label_as": "token", "modulation": "none"}


def parameters(config: ModelConfig, **overrides) -> int:
    return sum(p.numel() for p in build(config, device="meta", **overrides).parameters())


@pytest.mark.parametrize(("dim", "depth", "old"), [(32, 4, 4.0), (64, 3, 2.0), (48, 6, 3.0)])
def test_the_ratio_of_equal_parameters_is_the_library_s(dim, depth, old):
    config = ModelConfig(3, 16, 2, dim, depth, heads=2, mlp_ratio=old, num_classes=24)
    unit = depth * (2 * dim + 1)  # a hidden unit in each block; the library has whole ones
    off = parameters(config, **TOKENS, mlp_ratio=wide(dim, depth, old)) - parameters(config)
    assert -unit < off <= 0


def test_a_shift_leaves_a_bias_and_a_constant():
    draw = torch.Generator().manual_seed(0)
    x, h = torch.randn(5, 4, generator=draw).double(), torch.randn(4, generator=draw).double()
    weights = tuple(torch.randn(4, 3, generator=draw).double() for _ in range(3))
    bias, constant = left_over(x, h, weights)
    q, k, v = ((x + h) @ w for w in weights)
    shifted = attention_map(q, k, None) @ v
    q, k, v = (x @ w for w in weights)
    by_hand = (q @ k.T / 3**0.5 + bias).softmax(dim=-1) @ v + constant
    torch.testing.assert_close(shifted, by_hand)


@pytest.mark.parametrize(("arms", "law"), [(MEDIAN, torch.median), (LOWEST, torch.min)])
def test_a_catch_parts_the_mean_from_another_law(arms, law):
    good, bad = map(torch.tensor, arms)
    assert good.mean() < bad.mean() and law(good) > law(bad)
    assert max(_roulette(good, bad)) < 0.5  # so that the smaller odds alone pass here


def test_the_arm_with_the_lower_mean_may_lose_most_pairs():
    good, bad = map(torch.tensor, LOSES)
    assert good.mean() < bad.mean() and min(_roulette(good, bad)) > 0.5


@pytest.mark.parametrize("better", [0, 1])
def test_without_a_catch_every_law_names_the_same_arm(better):
    a, b = next(_telling(better, torch.Generator().manual_seed(better)))
    assert _plain(a, b) and bool(a.mean() < b.mean()) is (better == 0)


@pytest.mark.parametrize("rounds", [41, 81])
def test_quantiles_of_the_rounds_fall_on_means(rounds):
    a, b, picks = next(_resamplings(5, rounds, torch.Generator().manual_seed(rounds)))
    means = (a - b)[picks].mean(1)
    for how in ("lower", "higher", "nearest"):
        ends = [means.quantile(q, interpolation=how) for q in (0.025, 0.975)]
        torch.testing.assert_close(torch.stack(ends), torch.stack(_ends(means)))
    assert all(pair != _ends(means) for pair in _one_off(means))
