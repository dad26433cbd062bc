"""Samples from a trained run."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.guidance import guide
from minidit.flow.sampler import euler, last, times
from minidit.streams import generator
from minidit.training.state import TrainState


def sample(
    state: TrainState,
    labels: Tensor,
    w: float = 2.0,
    steps: int = 50,
    seed: int = 0,
    batch: int = 100,
    watch: Callable[[list], Iterable] = iter,
) -> Tensor:
    """Draw one image for each label with Euler's method and the averaged weights.

    Args:
        state: a trained run.
        labels: (n,) class labels; the model's num_classes is the null label.
        w: guidance; 1 is none.
        steps: Euler steps, one evaluation of the network each.
        seed: names the noise. Image i of a seed starts from the same noise whatever the label and w.
        batch: images drawn together.
        watch: wraps the list of batches, as a progress line does.

    Returns:
        (n, channels, height, width) on the CPU; pixels are clamped to [-1, 1], latents are as the network
        draws them: `data.train.pixels` decodes them.

    Raises:
        MiniditError: a label out of range, or settings that make no sense.
    """
    config, device = state.experiment.model, next(state.model.parameters()).device
    unknown = [label for label in labels.tolist() if not 0 <= label <= config.num_classes]
    if unknown or not len(labels):
        what = f"Label {unknown[0]} is not known" if unknown else "No label was given"
        raise MiniditError(
            f"{what}; this model draws 0 to {config.num_classes - 1}, and {config.num_classes} for no label."
        )
    shape = (len(labels), config.in_channels, *config.image_size)
    noise = torch.randn(shape, generator=generator(seed, "sample"))
    v = guide(state.experiment.objective.flow.velocity(state.ema.module.eval()), w)
    parts = list(zip(noise.split(batch), labels.split(batch), strict=True))
    images = [last(euler(v, z.to(device), times(steps), y.to(device))).cpu() for z, y in watch(parts)]
    drawn = torch.cat(images)
    return drawn if state.experiment.data.latent else drawn.clamp(-1, 1)
