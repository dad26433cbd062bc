"""Is it generating, or copying the training set? Distances to the nearest training image tell."""

from dataclasses import dataclass

import torch
from torch import Tensor


def nearest(x: Tensor, to: Tensor) -> tuple[Tensor, Tensor]:
    """For each image of x (n, ...) the nearest of `to` (m, ...): distances (n,) and indices (n,).

    The distance is the root mean square difference of the pixels, in units of the image range [-1, 1].
    """
    pixels = x[0].numel()
    distances = torch.cdist(x.flatten(1), to.flatten(1)) / pixels**0.5  # (n, m)
    return distances.min(dim=1)


@dataclass(frozen=True)
class Neighbours:
    """Median distances to the training set, of samples and of real images that training never saw.

    copied: share of samples at least as near to the training set as the nearest 1 % of the held-out images.
    By this definition fresh real images show 0.01; a model that copies shows 1. Where the held-out images
    repeat training images the threshold is 0, and only exact copies are seen.
    """

    samples_to_train: float
    held_out_to_train: float
    copied: float


def neighbours(samples: Tensor, train: Tensor, held_out: Tensor) -> Neighbours:
    """Compare samples with the training images, and held-out images with the training images."""
    ours, theirs = nearest(samples, train)[0], nearest(held_out, train)[0]
    threshold = theirs.quantile(0.01)
    return Neighbours(
        samples_to_train=ours.median().item(),
        held_out_to_train=theirs.median().item(),
        copied=(ours <= threshold).float().mean().item(),
    )
