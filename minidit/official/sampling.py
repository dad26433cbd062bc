"""Draw with a published network: DDPM's steps for one that predicts noise, Euler's for a velocity."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.ancestral import ancestral
from minidit.flow.diffusion import Diffusion
from minidit.flow.guidance import guide
from minidit.flow.sampler import Draws, State, euler, last, times
from minidit.official.published import Published
from minidit.streams import generator


def sample(
    published: Published,
    labels: Tensor,
    w: float = 4.0,
    steps: int = 250,
    seed: int = 0,
    channels: int | None = None,
    batch: int = 4,
    watch: Callable[[list], Iterable] = iter,
) -> Tensor:
    """One latent for each label.

    Args:
        published: a network that is told labels.
        labels: (n,) class labels; num_classes is the null label.
        w: guidance; 1 is none. channels: how many are guided; all by default, 3 is the published habit.
        steps: evaluations of the network for an image, of twice the batch where it is guided.
        seed: names the noise. batch: images drawn together. watch: wraps the list of batches.

    Returns:
        (n, channels, height, width) on the CPU, as the transformer knows latents: a decoder is next.

    Raises:
        MiniditError: a network of captions, or a label that it does not know.
    """
    config, like = published.model.config, next(published.model.parameters())
    if config.label_as == "none":
        raise MiniditError(
            f"{published.family} draws from embedded captions, not from labels: call its model with "
            "Condition(text=...) instead."
        )
    if labels.ndim != 1 or not len(labels) or batch < 1:
        raise MiniditError("sample needs labels (n,) of at least one image, and a batch of at least 1.")
    unknown = [label for label in labels.tolist() if not 0 <= label <= config.num_classes]
    if unknown:
        raise MiniditError(
            f"Label {unknown[0]} is not known; this network draws 0 to {config.num_classes - 1}, and "
            f"{config.num_classes} for no label."
        )
    shape = (config.in_channels, *config.image_size)
    follow = _diffusion if published.flow.prediction == "noise" else _velocity
    drawn = []
    for numbers in watch(list(torch.arange(len(labels)).split(batch))):

        def draws(left: int, numbers: Tensor = numbers) -> Tensor:
            """Noise of each image by its own number, so that an image does not depend on its company."""
            own = [generator(seed, f"sample.{number}", left) for number in numbers.tolist()]
            return torch.stack([torch.randn(shape, generator=each) for each in own]).to(like)

        drawn.append(
            last(follow(published, draws, labels[numbers].to(like.device), w, steps, channels)).cpu()
        )
    return torch.cat(drawn)


def _velocity(
    published: Published, draws: Draws, labels: Tensor, w: float, steps: int, channels: int | None
) -> Iterator[State]:
    v = guide(published.flow.velocity(published.model), w, channels=channels)
    return euler(v, draws(steps + 1), times(steps), labels)


def _diffusion(
    published: Published, draws: Draws, labels: Tensor, w: float, steps: int, channels: int | None
) -> Iterator[State]:
    noise = draws(steps + 1)  # the steps themselves draw by the steps that are left: steps, steps - 1, ...
    f = guide(published.model, w, channels=channels)  # a learned variance stays as it is
    return ancestral(f, noise, Diffusion.linear().respace(str(steps)), draws, labels)
