"""Images, times and noise that are the same for every network: readouts of two networks are paired."""

import torch
from torch import Tensor

from minidit.data.images import Images
from minidit.streams import generator
from minidit.types import Batch


def spread(total: int, count: int) -> Tensor:
    """Places of `count` of `total` images, spread evenly, or of all where there are fewer.

    The first ones would not do: a set may lie class by class.
    """
    count = min(count, total)
    return torch.arange(count) * total // count


def some(images: Images, count: int) -> Batch:
    """`count` images spread evenly over the set, or all of a smaller one."""
    return images.at(spread(len(images), count).to(images.x.device))


def noise(images: int, like: Tensor, name: str, step: int = 0) -> Tensor:
    """Standard normal noise (images, ...) for images like `like` (batch, ...), from the stream `name`.

    A smaller set takes the first of the noise of a larger one: draw for the largest, and cut.
    """
    shape = (images, *like.shape[1:])
    return torch.randn(shape, generator=generator(0, name, step))[: len(like)].to(like.device)


def stratified(count: int, low: float, high: float, name: str, step: int = 0) -> Tensor:
    """Times (count,) of which each of `count` equal parts of [low, high] holds one, in random order."""
    draw = generator(0, name, step)
    part = torch.randperm(count, generator=draw)
    return low + (high - low) * (part + torch.rand(count, generator=draw)) / count
