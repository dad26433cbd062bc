"""Latents on one scale: every channel with mean 0 and standard deviation 1, as the noise has."""

from dataclasses import dataclass

import torch
from torch import Tensor

from minidit.errors import MiniditError

SMALLEST = 1e-4  # a channel that says less than this is silent, and dividing by it would shout


@dataclass(frozen=True)
class Standard:
    """Statistics of a coder's latents on training images: mean and std, each (channels,).

    One scale for all channels and no mean, as in 0.18215 of sd-vae, leaves channels unequal. Statistics of
    each image apart would take its brightness and contrast from it, and nobody knows them when sampling.
    """

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, latents: Tensor) -> "Standard":
        """The statistics of latents (n, channels, h, w), over images and places.

        Raises:
            MiniditError: a channel that is the same everywhere: there is nothing to scale, or to learn.
        """
        std, mean = torch.std_mean(latents.double(), dim=(0, 2, 3), correction=0)
        silent = [channel for channel, value in enumerate(std.tolist()) if value < SMALLEST]
        if silent:
            raise MiniditError(
                f"Channel {silent[0]} of the latents is the same in all images and places: the autoencoder "
                "does not use it. Train it longer, with a smaller loss.kl, or with fewer vae.channels."
            )
        return cls(mean.float(), std.float())

    def apply(self, latents: Tensor) -> Tensor:
        """From the coder's own latents (b, channels, h, w) to those that a transformer learns."""
        return (latents - self._shaped(self.mean, latents)) / self._shaped(self.std, latents)

    def invert(self, latents: Tensor) -> Tensor:
        """The way back, before decoding."""
        return latents * self._shaped(self.std, latents) + self._shaped(self.mean, latents)

    def _shaped(self, values: Tensor, like: Tensor) -> Tensor:
        return values.to(like)[:, None, None]  # (channels,) -> (channels, 1, 1)
