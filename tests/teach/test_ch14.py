"""What the checks of chapter 14 hold for right is what the library does."""

import numpy as np
import pytest
import torch

from minidit.flow.flow import Flow
from minidit.flow.mixture import GaussianMixture
from minidit.measure.ledger import ledger
from minidit.measure.scaling import fit
from minidit.model import ModelConfig
from minidit.teach.checks.ch14 import block_macs, bought, computes
from minidit.teach.checks.ch14_fit import _bent, law_of
from minidit.teach.checks.ch14_floor import _runs, hidden, left
from minidit.teach.checks.ch14_seeds import beyond


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("dim", "depth", "patch"), [(32, 3, 4), (64, 2, 2)])
def test_blocks_cost_what_the_ledger_counts(dim, depth, patch):
    config = ModelConfig(3, 16, patch, dim, depth, heads=2, num_classes=24)
    found = ledger(config)
    macs = sum(found[part].macs for part in ("attention", "mlp", "modulation"))
    assert depth * block_macs(dim, config.tokens) == macs
    budget = 6.0 * macs * 16 * 7.5  # seven steps and a half, of 16 images
    assert bought([(dim, depth, config.tokens)], 16, budget) == pytest.approx([7.5])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_law_is_the_library_s_at_its_exponents(sign):
    c, e, _ = next(_bent(sign, draw(sign + 1)))
    law = fit(c.tolist(), e.tolist())
    found = law_of(c, e, torch.linspace(0.01, 3, 3000).double())
    assert found == pytest.approx((law.floor, law.a, law.b), rel=0.02, abs=0.05)
    assert (law.floor == 0) is (sign < 0)


def test_what_is_hidden_is_the_error_of_the_best_network():
    s, t = 0.6, 0.4
    one = GaussianMixture(*(torch.tensor(x).double() for x in ([1.0], [[0.0]], [[[s**2]]])))
    x_1, eps = one.sample(40_000, draw()), torch.randn(40_000, 1, 1, 1, generator=draw(1)).double()
    told = torch.full((40_000,), t).double()
    x_t = Flow().interpolate(x_1, eps, told)
    error = (one.network(Flow())(x_t, told) - (x_1 - eps)).square().mean()
    expected = hidden(torch.tensor([s]).double(), torch.tensor([t]).double())[0, 0]
    torch.testing.assert_close(error, expected, rtol=0.03, atol=0)
    times = torch.linspace(0, 1, 20_001).double()
    mean = torch.trapezoid(hidden(torch.tensor([s]).double(), times)[:, 0], times)
    assert mean.item() == pytest.approx(np.pi * s / 2, rel=1e-4)


def test_a_line_goes_on_as_numpy_s():
    c, e = computes(5, draw()), torch.tensor([9.0, 7.1, 5.2, 4.4, 3.0]).double()
    slope, height = np.polyfit(c.log().numpy(), e.log().numpy(), 1)
    assert beyond(c, e, 100.0).item() == pytest.approx(np.exp(height + slope * np.log(100.0)))


@pytest.mark.parametrize("sizes", [5, 7, 9])
@pytest.mark.parametrize("levels", [True, False])
def test_runs_level_off_where_they_should(levels, sizes):
    c, e, real = next(_runs(levels, sizes, draw(3)))
    assert bool(left(c, e, real) < 0.5) is levels
    assert left(c, e, 0.0) < 0.5  # whoever forgets the metric's floor sees both level off
    straight = 7 * c**-0.4
    assert left(c, straight, 0.0).item() == pytest.approx(1)
