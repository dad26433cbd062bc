"""The denoising error against closed forms: one number for one function, whatever its path and its words."""

import math

import pytest
import torch

from minidit.data import Data, Images
from minidit.flow import PATHS, PREDICTIONS, Flow, convert
from minidit.measure import denoising_readout


@pytest.fixture(scope="module")
def points() -> Data:
    """1024 images a set of independent normal pixels of spread 0.2, of which the best guess is known."""
    x = 0.2 * torch.randn(2048, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    return Data(*(Images(half, torch.zeros(1024, dtype=torch.long), ("one",)) for half in x.split(1024)))


def best(path, prediction):
    """E[noise | x] = sigma x / (alpha^2 spread^2 + sigma^2), said in another word."""

    def f(x, t, condition):
        at = t.view(-1, 1, 1, 1)
        alpha, sigma = PATHS[path].alpha(at), PATHS[path].sigma(at)
        return convert(PATHS[path], sigma * x / (alpha**2 * 0.04 + sigma**2), x, t, "noise", prediction)

    return f


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_best_guess_has_the_error_that_theory_gives_on_every_path(points, path, prediction):
    values = denoising_readout(Flow(path, prediction), best(path, prediction), points)
    # the variance of noise given x is that of alpha x_1 / (that + sigma^2) = sigmoid(log-SNR + log 0.04)
    log_snr = torch.linspace(-6, 6, 6001, dtype=torch.float64)
    error = (log_snr + math.log(0.04)).sigmoid()
    assert values["held_out"] == pytest.approx(error.mean().item(), rel=0.03)
    for k in range(6):
        part = error[(log_snr >= 2 * k - 6) & (log_snr <= 2 * k - 4)]
        assert values[f"s{k + 1}"] == pytest.approx(part.mean().item(), rel=0.12)


def test_equal_functions_on_different_paths_have_equal_errors(points):
    found = [denoising_readout(Flow(path, "noise"), best(path, "noise"), points) for path in PATHS]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-3)


def test_a_worse_guess_is_worse_where_it_is_worse(points):
    good, flow = best("linear", "noise"), Flow("linear", "noise")

    def blind_near_the_data(x, t, condition):
        return torch.where(t.view(-1, 1, 1, 1) > 0.9, 0.0, good(x, t, condition))

    right, wrong = (denoising_readout(flow, f, points) for f in (good, blind_near_the_data))
    assert wrong["s6"] > right["s6"] + 0.01 and wrong["s1"] == right["s1"] and wrong["s4"] == right["s4"]
    assert wrong["held_out"] > right["held_out"]
