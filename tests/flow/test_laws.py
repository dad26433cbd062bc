"""Every sampler, given the best network of a Gaussian mixture, draws that mixture.

Six statistics a sampler: two means, three covariances, the weight of a mode. All are held to one bound,
so wide that 99.9 % of all runs of the whole file would pass it (Bonferroni over all statistics).
"""

import pytest
import torch
from scipy.stats import norm

from minidit import Flow, Streams
from minidit.flow import (
    DIFFUSIONS,
    PATHS,
    SDE,
    Diffusion,
    GaussianMixture,
    ancestral,
    ddim,
    euler,
    euler_maruyama,
    gaussian,
    heun,
    last,
    sde_times,
    solve,
    stochastic_heun,
    times,
)

MIXTURE = GaussianMixture(
    torch.tensor([0.3, 0.7], dtype=torch.float64),
    torch.tensor([[1.2, -0.8], [-0.9, 0.6]], dtype=torch.float64),
    torch.tensor([[[0.10, 0.05], [0.05, 0.08]], [[0.20, -0.06], [-0.06, 0.05]]], dtype=torch.float64),
)
SIZE, STREAMS = 3000, Streams(0)
NOISE = torch.randn(SIZE, 2, 1, 1, dtype=torch.float64, generator=STREAMS("start"))

ODES = {  # name: steps and sampler
    "euler": lambda v: euler(v, NOISE, times(250)),
    "heun": lambda v: heun(v, NOISE, times(40)),
    "rk4": lambda v: solve(v, NOISE, times(25), method="rk4"),
    "dopri5": lambda v: solve(v, NOISE, times(1)),
}
SDES = {"euler_maruyama": (euler_maruyama, 250), "stochastic_heun": (stochastic_heun, 100)}
SAMPLERS = len(PATHS) * (len(ODES) + (len(DIFFUSIONS) + 1) * len(SDES)) + 3
BOUND = norm.isf(0.001 / (6 * SAMPLERS) / 2)  # 4.6 standard errors


def statistics(x):
    """One row for each image, (n, 6): the numbers whose means are compared."""
    flat = x.flatten(1)
    centred = flat - MIXTURE.mean()
    products = (centred[:, :, None] * centred[:, None, :]).flatten(1)[:, [0, 1, 3]]
    return torch.cat([flat, products, MIXTURE.modes(x)[:, 1:]], dim=1)


SPREAD = statistics(MIXTURE.sample(100_000, STREAMS("spread"))).std(0)
EXPECTED = torch.cat([MIXTURE.mean(), MIXTURE.covariance().flatten()[[0, 1, 3]], MIXTURE.weights[1:]])


def errors(x):
    """How many standard errors each statistic of a sample is away from the truth, (6,)."""
    return (statistics(x).mean(0) - EXPECTED) / SPREAD * len(x) ** 0.5


def assert_drawn_from_the_mixture(x):
    found = errors(x)
    assert found.abs().max() < BOUND, found.tolist()


def test_the_yardstick_passes_the_truth_and_refuses_what_is_nearly_true():
    truth = MIXTURE.sample(SIZE, STREAMS("truth"))
    assert_drawn_from_the_mixture(truth)
    for wrong in (truth + 0.1, 1.1 * truth, truth[truth[:, 0, 0, 0] < 1.5]):
        assert errors(wrong).abs().max() > BOUND


@pytest.mark.parametrize("sampler", ODES)
@pytest.mark.parametrize("path", PATHS)
def test_the_ode(path, sampler):
    flow = Flow(path=path)
    assert_drawn_from_the_mixture(last(ODES[sampler](flow.velocity(MIXTURE.network(flow)))))


@pytest.mark.parametrize("sampler", SDES)
@pytest.mark.parametrize("diffusion", DIFFUSIONS)
@pytest.mark.parametrize(
    "path",
    ["linear", pytest.param("gvp", marks=pytest.mark.slow), pytest.param("vp", marks=pytest.mark.slow)],
)
def test_the_sde(path, diffusion, sampler):
    flow, (run, steps) = Flow(path=path), SDES[sampler]
    v, draws = flow.velocity(MIXTURE.network(flow)), gaussian(NOISE, STREAMS, f"{path} {diffusion} {sampler}")
    grid, sde = sde_times(steps), SDE(path, diffusion)
    assert_drawn_from_the_mixture(last(run(v, NOISE, grid, draws, sde=sde, last_step="tweedie")))


@pytest.mark.parametrize("sampler", SDES)
@pytest.mark.parametrize("path", PATHS)
def test_sits_last_step(path, sampler):
    """Along the drift some noise of the last 0.04 stays; beside the spread of this mixture it is not seen."""
    flow, (run, steps) = Flow(path=path), SDES[sampler]
    v, draws = flow.velocity(MIXTURE.network(flow)), gaussian(NOISE, STREAMS, f"mean {path} {sampler}")
    assert_drawn_from_the_mixture(
        last(run(v, NOISE, sde_times(steps), draws, sde=SDE(path), last_step="mean"))
    )


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "ddim with noise"])
def test_the_diffusion(sampler):
    process, draws = Diffusion.linear().respace("250"), gaussian(NOISE, STREAMS, sampler)

    def f(x, t, condition):
        abar = process.abar[(process.time(torch.arange(250)) - t[0]).abs().argmin()]
        data = MIXTURE.denoise(x, abar.sqrt()[None], (1 - abar).sqrt()[None])
        return (x - abar.sqrt() * data) / (1 - abar).sqrt()

    run = {
        "ancestral": lambda: ancestral(f, NOISE, process, draws),
        "ddim": lambda: ddim(f, NOISE, process),
        "ddim with noise": lambda: ddim(f, NOISE, process, eta=0.5, draws=draws),
    }[sampler]
    assert_drawn_from_the_mixture(last(run()))
