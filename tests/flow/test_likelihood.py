"""Densities that are known: the flow must give them back, and count its own noise honestly."""

import math

import pytest
import torch

from minidit import Flow, MiniditError
from minidit.flow import (
    GaussianMixture,
    exact_trace,
    heun,
    hutchinson,
    last,
    log_likelihood,
    rademacher,
    times,
)

MIXTURE = GaussianMixture(
    torch.tensor([0.3, 0.7], dtype=torch.float64),
    torch.tensor([[1.0, -1.0], [-1.0, 0.5]], dtype=torch.float64),
    0.1 * torch.eye(2, dtype=torch.float64).expand(2, 2, 2),
)
V = Flow().velocity(MIXTURE.network(Flow()))
X = MIXTURE.sample(20, torch.Generator().manual_seed(0))


def test_the_density_of_a_mixture():
    found = log_likelihood(V, X, times(200), exact_trace())
    torch.testing.assert_close(found.log_density, MIXTURE.log_density(X), rtol=0, atol=2e-3)
    assert found.evaluations == 400 and found.log_density.std() > 0.3


def gaussian_64():
    """One normal distribution of 64 numbers whose velocity mixes them all."""
    generator = torch.Generator().manual_seed(5)
    root = torch.randn(64, 64, dtype=torch.float64, generator=generator) / 8
    covariance = 0.3 * root @ root.T + 0.1 * torch.eye(64, dtype=torch.float64)
    mean = torch.randn(1, 64, dtype=torch.float64, generator=generator)
    return GaussianMixture(torch.ones(1, dtype=torch.float64), mean, covariance[None])


def test_the_exact_trace_up_to_64_numbers():
    data = gaussian_64()
    x = data.sample(2, torch.Generator().manual_seed(1))
    v = Flow().velocity(data.network(Flow()))
    found = log_likelihood(v, x, times(40), exact_trace())
    torch.testing.assert_close(found.log_density, data.log_density(x), rtol=0, atol=0.02)  # of about -60


def test_hutchinsons_mean_over_256_probes_is_the_trace_within_its_standard_error():
    data = gaussian_64()
    x = data.sample(6, torch.Generator().manual_seed(2))
    v = Flow().velocity(data.network(Flow()))
    _, exact = exact_trace()(v, x, 0.6, None)
    probes = rademacher(256, x, torch.Generator().manual_seed(3))
    each = torch.stack([hutchinson(probe[None])(v, x, 0.6, None)[1] for probe in probes])  # (256, batch)
    _, mean = hutchinson(probes)(v, x, 0.6, None)
    torch.testing.assert_close(mean, each.mean(0))
    error = each.std(0) / 16
    assert (error > 0).all() and ((mean - exact).abs() < 2.64 * error).all()  # 95 % for six images together
    assert (error < 0.05 * exact.abs()).all()


def test_a_likelihood_with_few_probes_is_right_on_average_and_repeats():
    probes = rademacher(4, X, torch.Generator().manual_seed(6))
    one, again = (log_likelihood(V, X, times(100), hutchinson(probes)).log_density for _ in range(2))
    assert torch.equal(one, again)
    off = one - MIXTURE.log_density(X)
    assert off.abs().max() > 1e-3 and off.mean().abs() < 3 * off.std() / 20**0.5


def test_probes_are_signs():
    probes = rademacher(100, X, torch.Generator().manual_seed(0))
    assert probes.shape == (100, *X.shape) and probes.dtype == X.dtype
    assert set(probes.unique().tolist()) == {-1.0, 1.0} and abs(float(probes.mean())) < 0.1


def test_images_are_encoded_and_found_again():
    """A falling grid goes from data to noise; the likelihood hands out the same noise."""
    grid = times(400)
    noise = last(heun(V, X, grid.flip(0)))
    torch.testing.assert_close(last(heun(V, noise, grid)), X, rtol=0, atol=1e-3)
    torch.testing.assert_close(log_likelihood(V, X, grid, exact_trace()).noise, noise)


def test_it_works_where_gradients_are_off():
    with torch.no_grad():
        quiet = log_likelihood(V, X, times(3), exact_trace())
    found = log_likelihood(V, X, times(3), exact_trace())
    assert torch.equal(quiet.log_density, found.log_density)
    assert not found.log_density.requires_grad and not found.noise.requires_grad  # nor where they are on


def test_the_condition_is_handed_on():
    seen = []

    def v(x, t, condition):
        seen.append(condition)
        return V(x, t)

    log_likelihood(v, X, times(2), exact_trace(), condition=torch.tensor([4]))
    assert all(int(c) == 4 for c in seen) and len(seen) == 4


def test_bits_per_dim():
    found = log_likelihood(V, X, times(3), exact_trace())
    torch.testing.assert_close(found.bits_per_dim(), -found.log_density / (2 * math.log(2)))


def test_a_falling_grid_is_refused():
    with pytest.raises(MiniditError, match="a grid that rises"):
        log_likelihood(V, X, times(3).flip(0), exact_trace())


def test_missing_and_foreign_probes_are_refused():
    with pytest.raises(MiniditError, match="given 0 probes"):
        hutchinson(rademacher(0, X, torch.Generator()))
    other = rademacher(2, X[:7], torch.Generator())
    with pytest.raises(MiniditError, match=r"of shape \(7, 2, 1, 1\), and these have \(20, 2, 1, 1\)"):
        log_likelihood(V, X, times(3), hutchinson(other))


def test_large_exact_traces_are_refused():
    with pytest.raises(MiniditError, match="at most 64"):
        log_likelihood(V, torch.zeros(1, 65, 1, 1), times(2), exact_trace())
