"""The tiny autoencoder: convolutions of 64 channels, no posterior, seventeen times cheaper than sd-vae's.

Source: TAESD by Ollin Boer Bohan (github.com/madebyollin/taesd). It speaks sd-vae's latents, already times
0.18215; TAEF2 those of FLUX.2. Layers stand in the order of the published files and have their names.
"""

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.latent.files import sha256_of
from minidit.latent.given import check_images, check_latents

WIDTH = 64


def _conv(inputs: int, outputs: int, **settings: int | bool) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, **settings)


class SoftClamp(nn.Module):
    """Keeps latents between -3 and 3, softly: 3 tanh(x / 3)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return 3 * torch.tanh(x / 3)


class Block(nn.Module):
    """Three convolutions beside an identity; with `pool`, before them a wide 1 x 1 branch, normalised.

    The norm's four groups span the whole picture: through it a place hears of all the others.
    """

    def __init__(self, pool: bool = False):
        super().__init__()
        self.conv = nn.Sequential(
            _conv(WIDTH, WIDTH), nn.ReLU(), _conv(WIDTH, WIDTH), nn.ReLU(), _conv(WIDTH, WIDTH)
        )
        self.pool = None
        if pool:
            self.pool = nn.Sequential(
                nn.Conv2d(WIDTH, 4 * WIDTH, 1, bias=False),
                nn.GroupNorm(4, 4 * WIDTH),
                nn.ReLU(),
                nn.Conv2d(4 * WIDTH, WIDTH, 1, bias=False),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(b, 64, h, w) -> the same shape."""
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(x + self.conv(x))


def tiny_encoder(channels: int, pool: bool) -> nn.Sequential:
    """(b, 3, h, w) in [0, 1] -> (b, channels, h / 8, w / 8); `pool` in the lowest blocks."""
    layers = [_conv(3, WIDTH), Block()]
    for lowest in (False, False, True):
        layers += [_conv(WIDTH, WIDTH, stride=2, bias=False), *(Block(pool and lowest) for _ in range(3))]
    return nn.Sequential(*layers, _conv(WIDTH, channels))


def tiny_decoder(channels: int, pool: bool) -> nn.Sequential:
    """(b, channels, h / 8, w / 8) -> (b, 3, h, w), about [0, 1]."""
    layers = [SoftClamp(), _conv(channels, WIDTH), nn.ReLU()]
    for lowest in (True, False, False):
        layers += [*(Block(pool and lowest) for _ in range(3))]
        layers += [nn.Upsample(scale_factor=2), _conv(WIDTH, WIDTH, bias=False)]
    return nn.Sequential(*layers, Block(), _conv(WIDTH, 3))


class TinyCoder(nn.Module):
    """A `Coder` of two tiny networks. It has no posterior: an image has one latent."""

    factor = 8
    image_channels = 3
    standard = None

    def __init__(self, name: str, channels: int, pool: bool):
        super().__init__()
        self.name, self.channels = name, channels
        self.encoder = tiny_encoder(channels, pool)
        self.decoder = tiny_decoder(channels, pool)

    @torch.no_grad()
    def encode(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """(b, 3, h, w) in [-1, 1] -> (b, channels, h / 8, w / 8).

        Raises:
            MiniditError: images of another shape, or noise, which has nothing to be added to.
        """
        if noise is not None:
            raise MiniditError(f"{self.name} has no posterior to draw from: encode without noise.")
        check_images(self, images)
        return self.encoder((images + 1) / 2)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """(b, channels, h, w) -> images (b, 3, 8 h, 8 w) in [-1, 1]."""
        check_latents(self, latents)
        return (2 * self.decoder(latents) - 1).clamp(-1, 1)

    def sha256(self) -> str:
        """Of the weights of both networks."""
        return sha256_of(self)


def tiny_coder(name: str) -> TinyCoder:
    """The network of "taesd" or "taef2", with weights that are not trained."""
    return {
        "taesd": lambda: TinyCoder("taesd", channels=4, pool=False),
        "taef2": lambda: TinyCoder("taef2", channels=32, pool=True),
    }[name]()
