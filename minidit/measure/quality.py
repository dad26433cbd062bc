"""One verdict on a set of samples: readable, like the real crowd, and not copied."""

from dataclasses import dataclass

import torch
from torch import Tensor

from minidit.data.images import Data
from minidit.measure.frechet import frechet_distance
from minidit.measure.judge import Judge
from minidit.measure.neighbours import Neighbours, neighbours
from minidit.streams import generator


@dataclass(frozen=True)
class Quality:
    """accuracy: share of samples read as their class. frechet_distance: in the judge's features, to the
    held-out images. frechet_floor: the same distance for as many real training images (fewer, if there are
    fewer). neighbours: copied or not.
    """

    accuracy: float
    frechet_distance: float
    frechet_floor: float
    neighbours: Neighbours


def quality(samples: Tensor, labels: Tensor, data: Data, judge: Judge) -> Quality:
    """Judge samples (n, c, h, w) in [-1, 1], drawn for `labels` (n,), against the real images."""
    real = judge.features(data.held_out.x)
    # the images lie in their source's order, a folder's class by class: the floor needs a fair share of them
    some = torch.randperm(len(data.train), generator=generator(0, "floor"))[: len(samples)]
    return Quality(
        accuracy=judge.accuracy(samples, labels),
        frechet_distance=frechet_distance(judge.features(samples), real),
        frechet_floor=frechet_distance(judge.features(data.train.x[some]), real),
        neighbours=neighbours(samples, data.train.x, data.held_out.x),
    )
