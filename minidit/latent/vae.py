"""Our own autoencoder: sd-vae in small. Convolutions halve the image; others double it again."""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.latent.files import sha256_of
from minidit.latent.given import check_images, check_latents, check_noise
from minidit.latent.posterior import Posterior
from minidit.latent.standard import Standard

GROUP = 4  # channels that one group norm looks at together


@dataclass(frozen=True)
class VAEConfig:
    """factor: pixels along a side for one latent, 2, 4 or 8. channels: numbers in a latent.

    width: channels at the full resolution; each halving doubles them, up to four times as many.
    decoder_width: the same for the decoder; 0 is as wide as the encoder.
    """

    image_channels: int = 3
    factor: int = 4
    channels: int = 4
    width: int = 16
    decoder_width: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.factor not in (2, 4, 8):
            raise MiniditError(f"vae.factor is {self.factor}; it must be 2, 4 or 8.")
        for name in ("image_channels", "channels"):
            if getattr(self, name) < 1:
                raise MiniditError(f"vae.{name} is {getattr(self, name)}; it must be at least 1.")
        for name, least in (("width", GROUP), ("decoder_width", 0)):
            if getattr(self, name) < least or getattr(self, name) % GROUP:
                raise MiniditError(
                    f"vae.{name} is {getattr(self, name)}; it must be a multiple of {GROUP}, the channels of "
                    "a group norm."
                )

    def widths(self, width: int) -> list[int]:
        """Channels at each resolution, the full one first: factor 8 and width 16 give 16, 32, 64, 64."""
        halvings = self.factor.bit_length() - 1
        return [width * min(2**level, 4) for level in range(halvings + 1)]


class Residual(nn.Module):
    """Two convolutions beside a straight way: x + conv(silu(norm(conv(silu(norm(x))))))."""

    def __init__(self, width: int):
        super().__init__()
        self.branch = nn.Sequential(*_ready(width), _conv(width, width), *_ready(width), _conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(b, width, h, w) -> the same."""
        return x + self.branch(x)


class Down(nn.Module):
    """Half the side, other channels: a convolution that steps by two."""

    def __init__(self, old: int, new: int):
        super().__init__()
        self.conv = nn.Conv2d(old, new, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, old, h, w) -> (b, new, h / 2, w / 2)."""
        return self.conv(x)


class Up(nn.Module):
    """Twice the side: every place is repeated and then smoothed, which leaves no checkerboard behind."""

    def __init__(self, old: int, new: int):
        super().__init__()
        self.conv = _conv(old, new)

    def forward(self, x: Tensor) -> Tensor:
        """(b, old, h, w) -> (b, new, 2 h, 2 w)."""
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class VAE(nn.Module):
    """An encoder to a `Posterior` and a decoder; as a Coder it stores the statistics of its latents."""

    name = "kl-vae"

    def __init__(self, config: VAEConfig):
        super().__init__()
        self.config, self.channels, self.factor = config, config.channels, config.factor
        self.image_channels = config.image_channels
        self.encoder = _encoder(config)
        self.decoder = _decoder(config)
        self.register_buffer("latent_mean", torch.zeros(config.channels))
        self.register_buffer("latent_std", torch.ones(config.channels))

    @property
    def standard(self) -> Standard:
        """The statistics of its latents on the training images; 0 and 1 until they are measured."""
        return Standard(self.latent_mean, self.latent_std)

    @standard.setter
    def standard(self, found: Standard) -> None:
        self.latent_mean.copy_(found.mean)
        self.latent_std.copy_(found.std)

    def posterior(self, images: Tensor) -> Posterior:
        """Images (b, image_channels, h, w) in [-1, 1] -> a normal for each number of the latent.

        Raises:
            MiniditError: images of another shape, or with sides that `factor` does not divide.
        """
        check_images(self, images)
        return Posterior.of(self.encoder(images))

    def reconstruct(self, latents: Tensor) -> Tensor:
        """Latents (b, channels, h, w) -> images (b, image_channels, f h, f w), not clamped: for training."""
        return self.decoder(latents)

    @torch.no_grad()
    def encode(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """See Coder: the posterior's mean, or with noise a draw."""
        found = self.posterior(images)
        if noise is None:
            return found.mean
        check_noise(self, noise, found.mean)
        return found.sample(noise)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """See Coder."""
        check_latents(self, latents)
        return self.reconstruct(latents).clamp(-1, 1)

    def sha256(self) -> str:
        """See Coder."""
        return sha256_of(self)


def _ready(width: int) -> tuple[nn.Module, nn.Module]:
    """What stands before each convolution inside: all groups on one scale, then a bend."""
    return nn.GroupNorm(width // GROUP, width), nn.SiLU()


def _conv(old: int, new: int) -> nn.Conv2d:
    return nn.Conv2d(old, new, 3, padding=1)


def _encoder(config: VAEConfig) -> nn.Sequential:
    widths = config.widths(config.width)
    layers: list[nn.Module] = [_conv(config.image_channels, widths[0])]
    for old, new in pairwise(widths):
        layers += [Residual(old), Down(old, new)]
    return nn.Sequential(
        *layers, Residual(widths[-1]), *_ready(widths[-1]), _conv(widths[-1], 2 * config.channels)
    )


def _decoder(config: VAEConfig) -> nn.Sequential:
    widths = config.widths(config.decoder_width or config.width)[::-1]
    layers: list[nn.Module] = [_conv(config.channels, widths[0]), Residual(widths[0])]
    for old, new in pairwise(widths):
        layers += [Up(old, new), Residual(new)]
    return nn.Sequential(*layers, *_ready(widths[-1]), _conv(widths[-1], config.image_channels))
