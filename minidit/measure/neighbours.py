"""Is it generating, or copying the training set? Distances to the nearest training image tell."""

from dataclasses import dataclass

import torch
from torch import Tensor

AT_ONCE = 1024  # images of x: 10,000 of them beside 60,000 others would take 2.4 GB


def nearest(x: Tensor, to: Tensor) -> tuple[Tensor, Tensor]:
    """For each image of x (n, ...) the nearest of `to` (m, ...): distances (n,) and indices (n,).

    The distance is the root mean square difference of the pixels, in units of the image range [-1, 1].
    """
    pixels, to = x[0].numel(), to.flatten(1)
    found = [torch.cdist(part, to).min(dim=1) for part in x.flatten(1).split(AT_ONCE)]  # (part, m) -> (part,)
    distances, indices = (torch.cat(column) for column in zip(*found, strict=True))
    return distances / pixels**0.5, indices


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
