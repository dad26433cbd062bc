"""What an autoencoder is given is looked at before anything is multiplied."""

from torch import Tensor

from minidit.errors import MiniditError
from minidit.latent.coder import Coder


def check_images(coder: Coder, images: Tensor) -> None:
    """Raises MiniditError unless images are (b, image_channels, h, w) with sides that the factor divides."""
    if images.ndim != 4 or images.shape[1] != coder.image_channels:
        raise MiniditError(
            f"{coder.name} encodes images of shape (batch, {coder.image_channels}, height, width); it got "
            f"{tuple(images.shape)}."
        )
    height, width = images.shape[2:]
    if not height or not width or height % coder.factor or width % coder.factor:
        raise MiniditError(
            f"{coder.name} makes one latent of {coder.factor} x {coder.factor} pixels, and images of "
            f"{height} x {width} cannot be cut so: crop or resize them to multiples of {coder.factor}."
        )


def check_noise(coder: Coder, noise: Tensor, latents: Tensor) -> None:
    """Raises MiniditError unless noise has the latents' shape."""
    if noise.shape != latents.shape:
        raise MiniditError(
            f"{coder.name} was given noise of shape {tuple(noise.shape)}; a draw of these latents needs "
            f"{tuple(latents.shape)}."
        )


def check_latents(coder: Coder, latents: Tensor) -> None:
    """Raises MiniditError unless latents are (b, channels, h, w)."""
    if latents.ndim != 4 or latents.shape[1] != coder.channels:
        raise MiniditError(
            f"{coder.name} decodes latents of shape (batch, {coder.channels}, height, width); it got "
            f"{tuple(latents.shape)}."
        )
