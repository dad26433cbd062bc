"""SDE samplers: one evaluation a drift, SiT's numbers, every form, exact continuation."""

import itertools
import math

import pytest
import torch

from minidit import Flow, MiniditError, Streams
from minidit.flow import (
    DIFFUSIONS,
    PATHS,
    SDE,
    GaussianMixture,
    convert,
    euler,
    euler_maruyama,
    gaussian,
    last,
    sde_times,
    stochastic_heun,
)
from minidit.flow.stochastic import LAST_STEPS, score

MIXTURE = GaussianMixture(
    torch.tensor([0.3, 0.7], dtype=torch.float64),
    torch.tensor([[1.0, -1.0], [-1.0, 0.5]], dtype=torch.float64),
    0.1 * torch.eye(2, dtype=torch.float64).expand(2, 2, 2),
)
START = torch.randn(30, 2, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
DRAWS = gaussian(START, Streams(0))
LINEAR = Flow().velocity(MIXTURE.network(Flow()))
SIT = SDE("linear")  # the noise of SiT's scripts: w = sigma


def velocity(path):
    flow = Flow(path=path)
    return flow.velocity(MIXTURE.network(flow))


def test_sits_grid():
    grid = sde_times(250)
    assert len(grid) == 251 and grid[0] == 0 and grid[-1] == 1
    torch.testing.assert_close(grid[:-1].diff(), torch.full((249,), 0.96 / 249, dtype=torch.float64))
    assert float(grid[-1] - grid[-2]) == pytest.approx(0.04)


def test_sits_forms_on_its_three_paths():
    t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    at = lambda path, form, t: SDE(path, form).w(float(t))  # noqa: E731
    for time in t:
        u = 1 - float(time)
        expected = {
            "sigma": u,
            "sbdm": u / float(time),
            "linear": u,
            "constant": 1,
            "decreasing": 0.25 * (math.cos(math.pi * float(time)) + 1) ** 2,
            "increasing-decreasing": math.sin(math.pi * float(time)) ** 2,
        }
        assert {form: at("linear", form, time) for form in DIFFUSIONS} == pytest.approx(expected)
        assert at("vp", "sbdm", time) == pytest.approx((0.1 + 19.9 * u) / 2)
        assert at("gvp", "sbdm", time) == pytest.approx(math.pi / 2 / math.tan(math.pi / 2 * float(time)))
        assert at("gvp", "sigma", time) == pytest.approx(math.cos(math.pi / 2 * float(time)))
    assert SDE("linear", "sigma", norm=3.0).w(0.25) == pytest.approx(2.25)


@pytest.mark.parametrize("path", PATHS)
def test_the_score_is_read_from_the_velocity(path):
    """The score of the mixture's noisy images, by autograd, is what the SDE reads."""
    t = 0.4
    one = torch.full((1,), t, dtype=torch.float64)
    alpha, sigma = PATHS[path].alpha(one), PATHS[path].sigma(one)
    eye = torch.eye(2, dtype=torch.float64)
    noisy = GaussianMixture(
        MIXTURE.weights, alpha * MIXTURE.means, alpha**2 * MIXTURE.covariances + sigma**2 * eye
    )
    x = START.clone().requires_grad_()
    (truth,) = torch.autograd.grad(noisy.log_density(x).sum(), x)
    v = velocity(path)(START, one.expand(30))
    torch.testing.assert_close(score(PATHS[path], v, START, one.expand(30)), truth)
    torch.testing.assert_close(SDE(path).drift(v, START, t), v + SDE(path).w(t) * truth)
    # the same as prediction.py has it, to the last bit
    assert torch.equal(
        score(PATHS[path], v, START, one.expand(30)),
        convert(PATHS[path], v, START, one.expand(30), "velocity", "score"),
    )


def test_the_euler_step_is_sits():
    """One step by hand: x + (v + w s) dt + sqrt(2 w dt) z, then the last one without noise."""
    v, grid = LINEAR, torch.tensor([0.3, 0.5, 1.0], dtype=torch.float64)
    start, middle, end = (state.x for state in euler_maruyama(v, START, grid, DRAWS, sde=SIT))

    def drift(x, t):
        velocity = v(x, torch.full((30,), t, dtype=torch.float64))
        return velocity + (1 - t) * (t * velocity - x) / (1 - t)

    assert start is START
    by_hand = START + 0.2 * drift(START, 0.3) + math.sqrt(2 * 0.7 * 0.2) * DRAWS(2)
    torch.testing.assert_close(middle, by_hand)
    torch.testing.assert_close(end, middle + 0.5 * drift(middle, 0.5))


def test_heuns_step_is_sits():
    v, grid = LINEAR, torch.tensor([0.3, 0.5, 1.0], dtype=torch.float64)
    _, middle, _ = (state.x for state in stochastic_heun(v, START, grid, DRAWS, sde=SIT))

    def drift(x, t):
        velocity = v(x, torch.full((30,), t, dtype=torch.float64))
        return velocity + (t * velocity - x)

    noisy = START + math.sqrt(2 * 0.7 * 0.2) * DRAWS(2)
    first = drift(noisy, 0.3)
    torch.testing.assert_close(middle, noisy + 0.1 * (first + drift(noisy + 0.2 * first, 0.5)))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("rule", LAST_STEPS)
def test_the_last_step_follows_its_rule(rule, path):
    grid, t = torch.tensor([0.96, 1.0], dtype=torch.float64), torch.full((30,), 0.96, dtype=torch.float64)
    alpha, sigma = float(PATHS[path].alpha(t)[0]), float(PATHS[path].sigma(t)[0])
    v = velocity(path)(START, t)
    read = score(PATHS[path], v, START, t)
    expected = {
        "mean": START + 0.04 * (v + sigma * read),
        "euler": START + 0.04 * v,
        "tweedie": START / alpha + sigma**2 / alpha * read,
        "none": START + 0.04 * (v + sigma * read) + math.sqrt(2 * sigma * 0.04) * DRAWS(1),
    }
    for sampler in (euler_maruyama, stochastic_heun) if rule != "none" else (euler_maruyama,):
        x = last(sampler(velocity(path), START, grid, DRAWS, sde=SDE(path), last_step=rule))
        torch.testing.assert_close(x, expected[rule])


def test_along_the_drift_the_last_step_overshoots_and_tweedie_arrives():
    """One data point: its noisy images are told apart exactly, so what is left at the end is noise."""
    point, grid = torch.full_like(START, 0.5), torch.tensor([0.9, 1.0], dtype=torch.float64)
    v = lambda x, t, c: (point - x) / (1 - t)[:, None, None, None]  # noqa: E731
    noisy = 0.9 * point + 0.1 * START
    end = lambda sde, rule: last(euler_maruyama(v, noisy, grid, DRAWS, sde=sde, last_step=rule))  # noqa: E731
    torch.testing.assert_close(end(SIT, "tweedie"), point)
    for sde in (SIT, SDE("linear", "constant", norm=0.02)):
        left = 0.1 * START * (-sde.w(0.9) * 0.1 / 0.1**2)  # w dt / sigma^2 of the noise, the sign turned
        torch.testing.assert_close(end(sde, "mean"), point + left)


@pytest.mark.parametrize("sampler", [euler_maruyama, stochastic_heun])
def test_a_falling_grid_is_refused(sampler):
    with pytest.raises(MiniditError, match="on a grid that rises"):
        last(sampler(LINEAR, START, sde_times(5).flip(0), DRAWS, sde=SIT))


@pytest.mark.parametrize("sampler", [euler_maruyama, stochastic_heun])
def test_the_path_of_the_velocity_is_never_guessed(sampler):
    with pytest.raises(TypeError, match="path"):
        SDE()
    with pytest.raises(TypeError, match="sde"):
        last(sampler(LINEAR, START, sde_times(5), DRAWS))


@pytest.mark.parametrize(("sampler", "cost"), [(euler_maruyama, 20), (stochastic_heun, 39)])
def test_one_evaluation_a_drift(sampler, cost):
    calls = []

    def v(x, t, condition):
        calls.append(condition)
        return LINEAR(x, t)

    states = list(sampler(v, START, sde_times(20), DRAWS, sde=SIT, condition=torch.tensor([3])))
    assert len(calls) == states[-1].evaluations == cost
    assert all(int(c) == 3 for c in calls) and [s.t for s in states] == sde_times(20).tolist()


@pytest.mark.parametrize("rule", LAST_STEPS)
@pytest.mark.parametrize("sampler", [euler_maruyama, stochastic_heun])
@pytest.mark.parametrize(("path", "diffusion"), list(itertools.product(PATHS, DIFFUSIONS)))
def test_every_form_on_every_path_gives_finite_images(path, diffusion, sampler, rule):
    """In the published code SBDM is not a number on straight paths, and two forms raise."""
    start = START.float()
    grid = torch.linspace(0, 1, 26) if rule == "none" else sde_times(25)
    draws = gaussian(start, Streams(0))
    x = last(sampler(velocity(path), start, grid, draws, sde=SDE(path, diffusion), last_step=rule))
    assert x.dtype == torch.float32 and x.isfinite().all() and x.abs().max() < 10


@pytest.mark.parametrize("sampler", [euler_maruyama, stochastic_heun])
def test_without_noise_the_sde_is_the_ode(sampler):
    grid, quiet = sde_times(20), SDE("linear", norm=0.0)
    x = last(sampler(LINEAR, START, grid, DRAWS, sde=quiet, last_step="euler"))
    if sampler is euler_maruyama:
        torch.testing.assert_close(x, last(euler(LINEAR, START, grid)))
    else:
        torch.testing.assert_close(x, last(euler(LINEAR, START, sde_times(400))), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("sampler", [euler_maruyama, stochastic_heun])
def test_resuming_from_any_state(sampler):
    grid = sde_times(7)
    states = list(sampler(LINEAR, START, grid, DRAWS, sde=SIT))
    for k, state in enumerate(states):
        assert torch.equal(last(sampler(LINEAR, state.x, grid[k:], DRAWS, sde=SIT)), states[-1].x)


def test_equal_seeds_give_equal_images_and_others_others():
    one, again, other = (
        last(euler_maruyama(LINEAR, START, sde_times(7), gaussian(START, Streams(seed)), sde=SIT))
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_the_noise_of_each_step_is_new_and_does_not_depend_on_the_type():
    assert not torch.equal(DRAWS(3), DRAWS(4))
    torch.testing.assert_close(DRAWS(3).float(), gaussian(START.float(), Streams(0))(3))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: SDE(path="curved"), "path is 'curved'"),
        (lambda: SDE("linear", diffusion="SBDM"), "diffusion is 'SBDM'"),
        (lambda: SDE("linear", norm=-1.0), "norm is -1"),
        (lambda: sde_times(1), "at least 2 steps"),
        (lambda: sde_times(10, last=0.0), "between 0 and 1"),
        (
            lambda: last(euler_maruyama(LINEAR, START, sde_times(3), DRAWS, sde=SIT, last_step="leap")),
            "last_step is 'leap'",
        ),
        (
            lambda: last(stochastic_heun(LINEAR, START, sde_times(3), DRAWS, sde=SIT, last_step="")),
            "last_step is ''",
        ),
    ],
)
def test_impossible_requests_are_refused(attempt, words):
    with pytest.raises(MiniditError, match=words):
        attempt()
