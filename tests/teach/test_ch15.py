"""What the checks of chapter 15 hold for right is what PyTorch does, and what a published count says."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.utils.flop_counter import FlopCounterMode

from minidit.measure.frechet import frechet_distance
from minidit.teach.checks.ch15 import ways
from minidit.teach.checks.ch15_conv import SD_VAE, counted
from minidit.teach.checks.ch15_costs import shares
from minidit.teach.checks.ch15_judge import crowd
from minidit.teach.checks.ch15_posterior import _nats, terms
from minidit.teach.checks.ch15_tiles import Way, _decoder, starts, tiled, weight


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_way_back_is_the_inverse_and_training_latents_get_mean_0_and_deviation_1():
    x = 3 + 2 * torch.randn(5, 3, 2, 7, generator=draw()).double()
    there = ways(x, x, x, 0)["for the network"]
    torch.testing.assert_close(there.mean((0, 2, 3)), torch.zeros(3).double())
    torch.testing.assert_close(there.std((0, 2, 3), correction=0), torch.ones(3).double())
    torch.testing.assert_close(ways(x, x, there, 0)["for the decoder"], x)


def test_the_divergence_is_that_of_torch():
    mean, logvar = torch.randn(2, 4, 3, 2, 5, generator=draw()).double()
    right = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(torch.zeros_like(mean), 1.0))
    torch.testing.assert_close(terms(mean, logvar), right)
    torch.testing.assert_close(_nats(terms(mean, logvar)), right.sum((1, 2, 3)).mean())


def test_the_crowd_s_distance_is_frechet_s_where_features_are_independent():
    a, b = torch.randn(2, 20_000, 2, generator=draw()).double()
    b = 1.5 * b + 0.7
    assert crowd(a, b).item() == pytest.approx(float(frechet_distance(a, b)), rel=0.02)


@pytest.mark.parametrize("conv", [(11, 16, 6, 9, 5, 2, 1, 3), (9, 12, 4, 8, 3, 1, 2, 1), *SD_VAE.values()])
def test_a_convolution_costs_what_torch_counts(conv):
    h, w, channels, filters, kernel, stride, padding, groups = conv
    with torch.device("meta"):
        layer = torch.nn.Conv2d(channels, filters, kernel, stride, padding, groups=groups, bias=False)
        image = torch.empty(1, channels, h, w)
    with FlopCounterMode(display=False) as counter:
        layer(image)
    assert counter.get_total_flops() == 2 * counted(conv)


def test_the_share_of_sd_vae_beside_dit_xl_2():
    encode, decode, forward = 272.72, 622.19, 237.28  # GFLOPs at 256 x 256, a MAC is two
    found = shares(encode, decode, forward, epochs=80, steps=250, guided=True)
    assert found["training"] == pytest.approx(0.277, abs=0.001)
    assert found["kept"] < 0.005 and found["sampling"] == pytest.approx(0.0052, abs=0.0002)


def test_tiles_of_a_decoder_that_hears_nothing_give_the_whole():
    z = torch.randn(2, 3, 11, 14, generator=draw()).double()
    decode = _decoder(3, 2, False, draw())
    torch.testing.assert_close(tiled(z, decode, 5, 2, 2), decode(z))
    heard = _decoder(3, 2, True, draw())
    assert not torch.allclose(tiled(z, heard, 5, 2, 2), tiled(z, heard, 5, 2, 2, Way(ramp="flat")))


def test_tiles_end_at_the_border_and_neighbours_weigh_1_together():
    assert starts(11, 5, 3) == [0, 3, 6] and starts(12, 5, 3) == [0, 3, 6, 7] and starts(4, 5, 3) == [0]
    one = weight(10, 4)
    torch.testing.assert_close(one[-4:] + one[:4], torch.ones(4).double())
