"""Decoding in tiles: exact where decoding is local, without seams where it is not."""

import pytest
import torch
import torch.nn.functional as F

from minidit.errors import MiniditError
from minidit.latent.tiled import decode_tiled
from minidit.latent.vae import VAE, VAEConfig


class Local:
    """Every latent becomes a square of its own: decoding sees no neighbours."""

    channels, factor, image_channels = 3, 4, 3
    largest = 0

    def decode(self, latents):
        self.largest = max(self.largest, *latents.shape[-2:])
        return F.interpolate(latents, scale_factor=self.factor)


@pytest.mark.parametrize("size", [(8, 8), (21, 30), (5, 17), (16, 9)])
def test_a_local_decoder_gives_the_same(size):
    coder, x = Local(), torch.randn(2, 3, *size)
    made = decode_tiled(coder, x, tile=8, overlap=3)
    assert torch.allclose(made, coder.decode(x), atol=1e-5)


def test_no_tile_is_larger_than_asked():
    coder = Local()
    decode_tiled(coder, torch.zeros(1, 3, 40, 25), tile=8, overlap=2)
    assert coder.largest == 8


def test_seams_are_blended():
    class Uneven(Local):
        def decode(self, latents):
            return super().decode(latents) + latents.mean()

    x = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)
    step = decode_tiled(Uneven(), x, tile=8, overlap=4)[..., 0, :].diff().abs().max()
    jump = decode_tiled(Uneven(), x, tile=8, overlap=1)[..., 0, :].diff().abs().max()
    assert step < jump


def test_close_to_decoding_the_whole():
    torch.manual_seed(0)
    coder, x = VAE(VAEConfig(factor=2, width=8)), torch.randn(1, 4, 40, 24)
    apart = (decode_tiled(coder, x, tile=16, overlap=8) - coder.decode(x)).abs()
    assert apart.mean() < 0.05


@pytest.mark.parametrize("overlap", [0, 8, 9])
def test_tiles_that_do_not_overlap_are_refused(overlap):
    with pytest.raises(MiniditError, match="overlap"):
        decode_tiled(Local(), torch.zeros(1, 3, 9, 9), tile=8, overlap=overlap)
