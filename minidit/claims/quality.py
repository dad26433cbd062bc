"""The readout "quality": what the samples of a trained network are worth."""

import torch
from torch import Tensor

from minidit.claims.trained import Trained
from minidit.errors import MiniditError
from minidit.flow.sampler import gaussian, last
from minidit.flow.stochastic import SDE, euler_maruyama, sde_times
from minidit.measure.quality import quality
from minidit.streams import Streams, generator
from minidit.training.sampling import sample
from minidit.training.state import TrainState

SAMPLES, STEPS = 240, 25
PIECE = 60  # images at once


def quality_readout(trained: Trained) -> dict[str, float]:
    """Judge 240 samples, one class after the other: Euler, 25 steps, no guidance (w = 1), seed 0.

    Returns:
        "accuracy": share read as its class. "frechet": Frechet distance to the held-out images in the
        judge's features; "frechet_floor": that of as many training images. "copied": share as near to the
        training set as the nearest 1 % of held-out images; "to_train": median distance to it.
        "sde_accuracy", "sde_frechet": the same two for samples by SDE, with as many evaluations.

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
    real, device = trained.real, data.train.labels.device
    labels = torch.arange(SAMPLES, device=device) % config.num_classes
    drawn = sample(state, labels.cpu(), w=1.0, steps=STEPS, batch=PIECE), _by_sde(state, labels)
    found, by_sde = (quality(data.train.pixels(x).to(device), labels, real, judge) for x in drawn)
    return {
        "accuracy": found.accuracy,
        "frechet": found.frechet_distance,
        "sde_accuracy": by_sde.accuracy,
        "sde_frechet": by_sde.frechet_distance,
        "frechet_floor": found.frechet_floor,
        "copied": found.neighbours.copied,
        "to_train": found.neighbours.samples_to_train,
    }


def _by_sde(state: TrainState, labels: Tensor) -> Tensor:
    """Images, or latents (n, c, h, w), for labels (n,), from the noise of `sample`, by Euler-Maruyama.

    The diffusion is SiT's, w = sigma; the last step goes to the guessed data.
    """
    config, flow = state.experiment.model, state.experiment.objective.flow
    shape = (len(labels), config.in_channels, *config.image_size)
    start = torch.randn(shape, generator=generator(0, "sample")).to(labels.device)
    v, sde, streams = flow.velocity(state.ema.module.eval()), SDE(flow.path), Streams(0)
    images = []
    for k, (z, y) in enumerate(zip(start.split(PIECE), labels.split(PIECE), strict=True)):
        draws = gaussian(z, streams, f"sde.{k}")  # each piece its own noise
        grid = sde_times(STEPS)
        images.append(last(euler_maruyama(v, z, grid, draws, y, sde=sde, last_step="tweedie")))
    return torch.cat(images)
