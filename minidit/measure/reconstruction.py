"""What an autoencoder keeps of images it never saw: error, distance of the crowd, and what it spends."""

import torch
from torch import Tensor

from minidit.data.images import Data, Images
from minidit.latent.coder import Coder
from minidit.measure.frechet import frechet_distance
from minidit.measure.judge import Judge

IMAGES, PIECE = 1024, 64


@torch.no_grad()
def reconstruct(coder: Coder, x: Tensor) -> Tensor:
    """Images (n, c, h, w) through the latent and back, without noise."""
    return torch.cat([coder.decode(coder.encode(part)) for part in x.split(PIECE)])


def reconstruction_readout(coder: Coder, data: Data, judge: Judge) -> dict[str, float]:
    """Reconstruct up to 1024 held-out images, without noise in the latent.

    Returns:
        "l1": mean absolute error of a pixel, on the scale of -1 to 1. "psnr": decibels,
        10 log10(2^2 / mean squared error). "accuracy": share of reconstructions in which the judge reads the
        image's class. "frechet", rFD: Frechet distance of the reconstructions to held-out images, in the
        judge's features; "frechet_floor": that of as many training images to them. "numbers": what a latent
        holds, as a share of the numbers of the image.
    """
    held_out = _some(data.held_out)
    made = reconstruct(coder, held_out.x)
    real = judge.features(held_out.x)
    mse = (made - held_out.x).square().mean().item()
    return {
        "l1": (made - held_out.x).abs().mean().item(),
        "psnr": psnr(mse),
        "accuracy": judge.accuracy(made, held_out.labels),
        "frechet": frechet_distance(judge.features(made), real),
        "frechet_floor": frechet_distance(judge.features(_some(data.train, len(made)).x), real),
        "numbers": coder.channels / coder.factor**2 / coder.image_channels,
    }


def psnr(mse: float) -> float:
    """Decibels of a mean squared error, of images in [-1, 1]: the largest difference is 2."""
    return float(10 * torch.log10(torch.tensor(4.0 / max(mse, 1e-12))))


def _some(images: Images, count: int = IMAGES) -> Images:
    """Up to `count` images, spread evenly over the set."""
    index = torch.linspace(0, len(images) - 1, min(count, len(images)), device=images.x.device).long()
    return Images(images.x[index], images.labels[index], images.class_names)
