"""What every autoencoder of the book can do: pixels to latents, and back."""

from typing import Protocol

from torch import Tensor

from minidit.latent.standard import Standard


class Coder(Protocol):
    """An autoencoder with frozen weights, trained here or published.

    name: what a person calls it, such as "sd-vae". channels: of a latent. factor: pixels along a side for
    one latent. image_channels: 3, or 1 for grey images. standard: the statistics of its latents, where they
    are stored with it.
    """

    name: str
    channels: int
    factor: int
    image_channels: int
    standard: Standard | None

    def encode(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Images (b, image_channels, h, w) in [-1, 1] -> latents (b, channels, h / factor, w / factor).

        Without noise the mean of the posterior, which is always the same; with noise, standard normal and
        of the latents' shape, a draw from it. A coder without a posterior refuses noise.
        """

    def decode(self, latents: Tensor) -> Tensor:
        """Latents as `encode` makes them -> images in [-1, 1]."""

    def sha256(self) -> str:
        """A name for the weights: latents of other weights are stale."""
