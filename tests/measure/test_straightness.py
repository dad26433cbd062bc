"""The bend of paths whose velocity is known in closed form."""

import pytest
import torch

from minidit import MiniditError
from minidit.flow import Flow, GaussianMixture
from minidit.measure import bend

NOISE = torch.randn(200, 2, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def wide(t):
    return t.view(-1, 1, 1, 1)


def test_straight_paths_at_an_even_pace_do_not_bend():
    assert bend(lambda x, t, c: torch.ones_like(x), NOISE) == pytest.approx(0, abs=1e-12)
    assert bend(lambda x, t, c: 3 - 0 * x, NOISE[:1], steps=2) == pytest.approx(0, abs=1e-12)


def test_an_uneven_pace_counts():
    """v = 2t: the way is 1, and the mean of (1 - 2t)^2 is a third."""
    assert bend(lambda x, t, c: 0 * x + 2 * wide(t), NOISE, steps=1000) == pytest.approx(1 / 3, rel=5e-3)


def test_half_a_circle():
    """Speed pi on a circle of radius 1: the way is 2, and E|v|^2 - |way|^2 = pi^2 - 4."""
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)

    def v(x, t, c):
        return torch.pi * torch.einsum("ij,bjhw->bihw", turn, x)

    found = bend(v, NOISE / NOISE.flatten(1).norm(dim=1).view(-1, 1, 1, 1), steps=4000)
    assert found == pytest.approx((torch.pi**2 - 4) / 4, rel=2e-3)


def test_the_unit_of_length_does_not_matter():
    def v(x, t, c, scale=1.0):
        return torch.cos(3 * wide(t)) * x + scale

    small = bend(v, NOISE)
    assert bend(lambda x, t, c: v(x, t, c, 50.0), 50 * NOISE) == pytest.approx(small)


def test_one_normal_distribution_bends_by_its_closed_form():
    """Data N(0, b^2): x_t = r(t) x_0 with r^2 = t^2 b^2 + (1 - t)^2, so bend is E r'^2 / (b - 1)^2 - 1."""
    b, t = 3.0, torch.linspace(0, 1, 200_001, dtype=torch.float64)
    r = (t**2 * b**2 + (1 - t) ** 2).sqrt()
    expected = torch.trapezoid(((t * b**2 - (1 - t)) / r).square(), t) / (b - 1) ** 2 - 1
    one = torch.ones(1, dtype=torch.float64)
    data = GaussianMixture(one, torch.zeros(1, 2).double(), b**2 * torch.eye(2).double()[None])
    found = bend(Flow().velocity(data.network(Flow())), NOISE, steps=2000)
    assert found == pytest.approx(expected.item(), rel=0.02)


def test_bad_input_is_refused():
    with pytest.raises(MiniditError, match="one step is always straight"):
        bend(lambda x, t, c: x, NOISE, steps=1)
    with pytest.raises(MiniditError, match="end where they began"):
        bend(lambda x, t, c: 0 * x, NOISE)
