"""What every autoencoder offers: images to latents and back."""

from typing import Protocol

from torch import Tensor


class Coder(Protocol):
    """An autoencoder of images, trained here or published."""

    name: str  # what a person calls it: "sd-vae", "taesd", "taef2", "kl-vae"
    channels: int  # of a latent
    factor: int  # pixels along a side for one latent
    image_channels: int  # 3, or 1

    def encode(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """(b, image_channels, h, w) in [-1, 1] -> (b, channels, h / factor, w / factor).

        Without noise the mean of the posterior, which is deterministic; with noise, standard normal and of
        the latents' shape, a draw. A coder without a posterior refuses noise.
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """The inverse way, clamped to [-1, 1]."""
        ...

    def sha256(self) -> str:
        """Of the weights: it says whether stored latents are stale."""
        ...
