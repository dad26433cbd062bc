"""Paths, predictions and clocks: algebra that must close, at the ends too."""

import itertools

import pytest
import torch

from minidit import Flow, MiniditError
from minidit.flow import PATHS, PREDICTIONS, GaussianMixture, convert, euler, last, times
from minidit.flow.clock import CLOCKS, ddpm_step, edm_sigma, time_of_ddpm_step, time_of_timestep, timestep
from minidit.flow.prediction import data_and_noise

INSIDE = torch.tensor([0.002, 0.05, 0.31, 0.5, 0.83, 0.998], dtype=torch.float64)
DATA = torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
NOISE = torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
ENDS = {"linear": (0, 1, 1, 0), "gvp": (0, 1, 1, 0), "vp": (0.00657159, 0.99997841, 1, 1.000497e-3)}


@pytest.mark.parametrize("name", PATHS)
def test_the_ends_of_each_path(name):
    path, zero, one = PATHS[name], torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    found = path.alpha(zero), path.sigma(zero), path.alpha(one), path.sigma(one)
    assert [float(value) for value in found] == pytest.approx(ENDS[name], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", PATHS)
def test_derivatives_are_derivatives(name):
    path, h = PATHS[name], 1e-6
    for value, slope in ((path.alpha, path.alpha_dot), (path.sigma, path.sigma_dot)):
        torch.testing.assert_close(
            slope(INSIDE), (value(INSIDE + h) - value(INSIDE - h)) / (2 * h), rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("name", ["gvp", "vp"])
def test_circles_keep_the_variance(name):
    path = PATHS[name]
    torch.testing.assert_close(path.alpha(INSIDE) ** 2 + path.sigma(INSIDE) ** 2, torch.ones_like(INSIDE))


@pytest.mark.parametrize("name", PATHS)
def test_the_way_back_from_sigma_over_alpha_to_the_time(name):
    path = PATHS[name]
    torch.testing.assert_close(path.time(path.sigma(INSIDE) / path.alpha(INSIDE)), INSIDE)


def test_the_vp_path_is_the_limit_of_ddpms_betas():
    log_abar = torch.log1p(-torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)).cumsum(0)
    t = time_of_ddpm_step(torch.tensor([0.0, 99, 499, 999], dtype=torch.float64))
    torch.testing.assert_close(
        2 * PATHS["vp"].alpha(t).log(), log_abar[[0, 99, 499, 999]], rtol=0.01, atol=1e-4
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_data_and_the_noise_are_found_again(path, prediction):
    flow = Flow(path=path, prediction=prediction)
    x = flow.interpolate(DATA, NOISE, INSIDE)
    data, noise = data_and_noise(PATHS[path], prediction, flow.target(DATA, NOISE, INSIDE), x, INSIDE)
    torch.testing.assert_close(data, DATA, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(noise, NOISE, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(PREDICTIONS, 2)))
def test_round_trips_of_any_output_whatever(path, source, target):
    """The output need not be right: the two readings must be inverse for every number."""
    there = convert(PATHS[path], NOISE, DATA, INSIDE, source, target)
    back = convert(PATHS[path], there, DATA, INSIDE, target, source)
    torch.testing.assert_close(back, NOISE, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("source", "target"), list(itertools.product(PREDICTIONS, PREDICTIONS)))
def test_every_reading_is_finite_at_both_ends(path, source, target, dtype):
    t = torch.tensor([0.0, 1.0], dtype=dtype)
    out = convert(PATHS[path], NOISE[:2].to(dtype), DATA[:2].to(dtype), t, source, target)
    assert out.isfinite().all() and out.abs().max() < 1e7


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_a_prediction_read_as_itself_is_not_touched(prediction):
    """Not even by rounding: experiments must repeat bit for bit."""
    assert convert(PATHS["linear"], NOISE, DATA, INSIDE, prediction, prediction) is NOISE


@pytest.mark.parametrize("path", ["linear", "gvp"])
def test_the_limits_at_the_ends(path):
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    x = torch.stack([NOISE[0], DATA[1]])  # the noise at t = 0, the data at t = 1
    data, noise = data_and_noise(PATHS[path], "noise", x, x, ends)  # right at t = 0: the noise is x
    assert data[0].abs().max() == 0 and torch.equal(noise[0], NOISE[0])
    data, noise = data_and_noise(PATHS[path], "data", x, x, ends)  # right at t = 1: the data is x
    assert noise[1].abs().max() == 0 and torch.equal(data[1], DATA[1])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_a_flow_reads_every_prediction_as_the_same_velocity(path, prediction):
    velocity, other = Flow(path=path), Flow(path=path, prediction=prediction)
    x = velocity.interpolate(DATA, NOISE, INSIDE)
    answer = other.target(DATA, NOISE, INSIDE)
    read = other.velocity(lambda x, t, c: answer)(x, INSIDE)
    torch.testing.assert_close(read, velocity.target(DATA, NOISE, INSIDE), rtol=1e-8, atol=1e-8)


# clocks ------------------------------------------------------------------------------------------------


def test_the_numbers_told_on_each_clock():
    t = torch.tensor([0.0, 0.25, 0.999, 1.0], dtype=torch.float64)
    told = {name: CLOCKS[name].told(t, PATHS["linear"]).tolist() for name in CLOCKS}
    assert told["unit"] == [0, 0.25, 0.999, 1]
    assert told["reversed"] == pytest.approx([1, 0.75, 0.001, 0])
    assert told["timestep"] == pytest.approx([1000, 750, 1, 0])
    assert told["step"] == pytest.approx([999, 749, 0, 0], abs=1e-9)
    assert told["sigma"] == pytest.approx([1000, 3, 0.001 / 0.999, 0])


def test_clocks_have_inverses():
    torch.testing.assert_close(time_of_ddpm_step(ddpm_step(INSIDE)), INSIDE)
    torch.testing.assert_close(time_of_timestep(timestep(INSIDE)), INSIDE)
    for path in PATHS.values():
        torch.testing.assert_close(path.time(edm_sigma(INSIDE, path)), INSIDE)


MIXTURE = GaussianMixture(
    torch.tensor([0.3, 0.7], dtype=torch.float64),
    torch.tensor([[1.0, -1.0], [-1.0, 0.5]], dtype=torch.float64),
    0.1 * torch.eye(2, dtype=torch.float64).expand(2, 2, 2),
)
START = torch.randn(64, 2, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def foreign(flow, f):
    """The network f (our time) as its authors would have written it on another clock."""
    path = PATHS[flow.path]

    def on(x, told, condition=None):
        if flow.clock == "sigma":
            t = path.time(told)
            return f(x * path.alpha(t)[:, None, None, None], t)
        if flow.clock == "step":
            return f(x, time_of_ddpm_step(told))
        t = 1 - told / {"reversed": 1, "timestep": 1000}[flow.clock]
        return -f(x, t) if flow.prediction == "velocity" else f(x, t)

    return on


ON_EVERY_PATH = [
    ("reversed", "velocity"),
    ("timestep", "velocity"),
    ("reversed", "noise"),
    ("timestep", "score"),
    ("sigma", "data"),
    ("sigma", "noise"),
]


@pytest.mark.parametrize(
    ("path", "clock", "prediction"),
    [("vp", "step", "noise"), *((path, *pair) for path in PATHS for pair in ON_EVERY_PATH)],
)
def test_one_network_through_two_clocks_gives_the_same_images(path, clock, prediction):
    here = Flow(path=path, prediction=prediction)
    there = Flow(path=path, prediction=prediction, clock=clock)
    f = MIXTURE.network(here)
    grid = times(10)[1:-1]  # between the ends, where no clock is held
    ours = last(euler(here.velocity(f), START, grid))
    theirs = last(euler(there.velocity(foreign(there, f)), START, grid))
    torch.testing.assert_close(theirs, ours, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("clock", "prediction"), [("step", "velocity"), ("sigma", "velocity"), ("sigma", "score")]
)
def test_predictions_without_a_meaning_on_a_clock_are_refused(clock, prediction):
    with pytest.raises(MiniditError, match=f"A {prediction} has no agreed meaning on the clock '{clock}'"):
        Flow(clock=clock, prediction=prediction)


@pytest.mark.parametrize("path", ["linear", "gvp"])
def test_a_step_names_a_noise_level_of_vp_only(path):
    with pytest.raises(MiniditError, match=f"noise levels of the path 'vp', not of '{path}'"):
        Flow(path=path, clock="step", prediction="noise")


def test_the_mixtures_network_refuses_a_foreign_clock():
    with pytest.raises(MiniditError, match="told our time t, and its flow has the clock 'reversed'"):
        MIXTURE.network(Flow(clock="reversed"))


# the mixture -------------------------------------------------------------------------------------------


def test_the_mixtures_network_is_the_mean_of_the_data_given_the_noisy_image():
    """Against the definition: weigh many draws of the data by the density of the noise that fits."""
    data = MIXTURE.sample(400_000, torch.Generator().manual_seed(3)).flatten(1)
    x, alpha, sigma = torch.tensor([[0.3, -0.2]], dtype=torch.float64), 0.6, 0.5
    weight = (-((x - alpha * data) ** 2).sum(1) / (2 * sigma**2)).exp()
    estimate = (weight[:, None] * data).sum(0) / weight.sum()
    scale = torch.ones(1, dtype=torch.float64)
    exact = MIXTURE.denoise(x[:, :, None, None], alpha * scale, sigma * scale).flatten()
    torch.testing.assert_close(exact, estimate, rtol=0, atol=5e-3)


def test_a_sample_of_the_mixture_has_its_moments_and_its_density_sums_to_one():
    x = MIXTURE.sample(200_000, torch.Generator().manual_seed(4)).flatten(1)
    torch.testing.assert_close(x.mean(0), MIXTURE.mean(), rtol=0, atol=0.01)
    torch.testing.assert_close(x.T.cov(), MIXTURE.covariance(), rtol=0, atol=0.015)
    line = torch.linspace(-4, 4, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)[:, :, None, None]
    assert float(MIXTURE.log_density(grid).exp().sum()) * 0.02**2 == pytest.approx(1, abs=1e-6)


def test_a_mixture_that_does_not_fit_together_is_refused():
    with pytest.raises(MiniditError, match="need weights"):
        GaussianMixture(torch.ones(3) / 3, torch.zeros(2, 2), torch.eye(2).expand(2, 2, 2))
    with pytest.raises(MiniditError, match="sum to 1"):
        GaussianMixture(torch.ones(2), torch.zeros(2, 2), torch.eye(2).expand(2, 2, 2))
