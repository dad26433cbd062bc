"""The readout "quality": what the samples of a trained network are worth."""

import torch

from minidit.claims.trained import Trained
from minidit.errors import MiniditError
from minidit.measure.quality import quality
from minidit.training.sampling import sample

SAMPLES, STEPS = 240, 25
PIECE = 60  # images at once


def quality_readout(trained: Trained) -> dict[str, float]:
    """Judge 240 samples, one class after the other: Euler, 25 steps, no guidance (w = 1), seed 0.

    Returns:
        "accuracy": share read as its class. "frechet": Frechet distance to the held-out images in the
        judge's features; "frechet_floor": that of as many training images. "copied": share as near to the
        training set as the nearest 1 % of held-out images; "to_train": median distance to it.

    Raises:
        MiniditError: no judge, or a network that is told no class.
    """
    state, data, judge = trained
    if judge is None:
        raise MiniditError('The readout "quality" needs a judge: give Trained one, from Judge.train.')
    config = state.experiment.model
    if config.label_as == "none":
        raise MiniditError(
            'The readout "quality" asks whether a sample is of its class, and this network is told none '
            '(model.label_as is "none"): read "velocity" instead.'
        )
    labels = torch.arange(SAMPLES) % config.num_classes
    device = data.train.x.device
    images = sample(state, labels, w=1.0, steps=STEPS, batch=PIECE)
    found = quality(images.to(device), labels.to(device), data, judge)
    return {
        "accuracy": found.accuracy,
        "frechet": found.frechet_distance,
        "frechet_floor": found.frechet_floor,
        "copied": found.neighbours.copied,
        "to_train": found.neighbours.samples_to_train,
    }
