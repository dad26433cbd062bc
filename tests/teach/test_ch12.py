"""What the checks of chapter 12 hold for right is what the library does."""

import math

import pytest
import torch
from torch.testing import assert_close

from minidit.flow import (
    PATHS,
    SDE,
    Diffusion,
    Flow,
    GaussianMixture,
    euler,
    euler_maruyama,
    gaussian,
    guide,
    heun,
    times,
)
from minidit.flow.prediction import turn
from minidit.flow.weighting import error_ratio
from minidit.streams import Streams
from minidit.teach.checks.ch12 import _as_noise, back, posterior_variance
from minidit.teach.checks.ch12_clock import snr, through
from minidit.teach.checks.ch12_count import CASES, decided, metrics, most_steps, two_sided
from minidit.teach.checks.ch12_range import Place, mean_squares

T = torch.tensor([0.35, 0.45, 0.7], dtype=torch.float64)


@pytest.mark.parametrize("path", list(PATHS))
@pytest.mark.parametrize("kind", ["noise", "data", "score", "velocity"])
def test_the_yardstick_is_the_library_s(path, kind):
    p, errors = PATHS[path], torch.ones(3, dtype=torch.float64)
    ours = _as_noise(kind, errors, p.alpha(T), p.sigma(T), turn(p, T))
    assert_close(ours, error_ratio(p, kind, "noise", T).square())


@pytest.mark.parametrize("k", [0, 1, 500, 999])
def test_a_step_of_ddpm_is_the_library_s(k):
    diffusion = Diffusion.linear()
    x, noise = torch.randn(2, 1, 3, 1, 1, generator=torch.Generator().manual_seed(k), dtype=torch.float64)
    there = torch.tensor([k])
    mean, log_variance = diffusion.reverse(noise, x, there)
    assert_close(back(x, noise, k, diffusion.betas, k + 1, k), mean)
    if k:
        assert_close(posterior_variance(k, diffusion.betas), log_variance.exp().squeeze())


@pytest.mark.parametrize("path", list(PATHS))
def test_the_signal_to_noise_ratio_is_the_library_s(path):
    assert_close(snr(path, T), PATHS[path].alpha(T) / PATHS[path].sigma(T))


def test_a_network_through_another_clock_is_the_best_network_of_our_path():
    eye = torch.eye(2, dtype=torch.float64)
    mixture = GaussianMixture(
        torch.tensor([0.4, 0.6]).double(),
        torch.tensor([[1.0, 0.0], [-1.0, 0.5]]).double(),
        0.1 * torch.stack([eye, eye]),
    )
    inner = mixture.network(Flow("gvp", "noise"))
    x = torch.randn(3, 2, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ours = through(lambda x, s: inner(x, 1 - s / 1000), x, T)
    assert_close(ours, mixture.network(Flow())(x, T), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("guided", [False, True])
def test_so_many_steps_cost_no_more_than_the_budget(guided):
    asked = []

    def v(x, t, condition=None):
        asked.extend([1] * (len(x) // 2))  # two images: a guided question is asked for four at once
        return 0 * x

    x, budget = torch.zeros(2, 1, 1, 1), 31
    f = guide(v, 2.0) if guided else v
    samplers = {
        "euler": lambda n: euler(f, x, times(n), torch.zeros(2).long()),
        "heun": lambda n: heun(f, x, times(n), torch.zeros(2).long()),
        "euler-maruyama": lambda n: euler_maruyama(
            f, x, times(n), gaussian(x, Streams(0)), torch.zeros(2).long(), sde=SDE("linear")
        ),
    }
    for name, sampler in samplers.items():
        for extra in (0, 1):
            asked.clear()
            list(sampler(most_steps(name, budget, guided) + extra))
            assert (len(asked) <= budget) is (extra == 0)


def test_each_case_of_holm_parts_its_wrong_rules_from_the_right_one():
    draw = torch.Generator().manual_seed(0)
    for case in CASES:
        t = metrics(case, draw)
        right = decided(two_sided(t, case.seeds - 1), case.alpha)
        wrong = [rule(t, case.seeds) for rule in case.wrong.values()]
        assert right not in wrong and len(set(map(tuple, wrong))) == len(wrong)


def test_the_sizes_of_targets_are_those_of_the_library_s_targets():
    draw = torch.Generator().manual_seed(0)
    data = 0.6 * torch.randn(200_000, generator=draw).double() + 0.2
    noise, path = torch.randn(200_000, generator=draw).double(), PATHS["gvp"]
    for t in T:
        at = [part(t[None]) for part in (path.alpha, path.sigma, path.alpha_dot, path.sigma_dot)]
        sizes = mean_squares(Place(*at, float(data.square().mean())))
        for kind, size in sizes._asdict().items():
            target = Flow("gvp", kind).target(data[None], noise[None], t[None])
            assert math.isclose(target.square().mean(), size, rel_tol=0.02)
