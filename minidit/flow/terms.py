"""Losses beside the squared error, on the network's prediction and what it should have been."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from minidit.errors import MiniditError


def cosine(output: Tensor, target: Tensor, drop: Tensor) -> Tensor:
    """1 - cosine between the channels of each pixel, meaned: is the direction right?

    (FasterDiT, Yao et al. 2024; LightningDiT, Yao et al. 2025, with weight 1.)
    output, target (batch, channels, ...).

    Raises:
        MiniditError: images of one channel, whose only directions are up and down: no gradient is left.
    """
    if output.shape[1] < 2:
        raise MiniditError(
            "The cosine term compares directions over the channels of a pixel, and these images have one "
            "channel: leave the term out, or use images of 2 channels or more."
        )
    return (1 - F.cosine_similarity(output, target, dim=1)).mean()


def contrastive(output: Tensor, target: Tensor, drop: Tensor) -> Tensor:
    """Minus the squared distance to the target of another image of the batch (contrastive flow matching).

    (Stoica et al. 2025, equation 6, with weight 0.05.) The other image is the next one of the batch, which
    is in random order. Images whose label is dropped, drop (batch,) bool, push nobody away: they should
    learn the mean over all images. The best prediction moves away from the batch's mean: to (target -
    weight mean) / (1 - weight).

    Raises:
        MiniditError: a batch of one image, which has no other.
    """
    if len(output) < 2:
        raise MiniditError("The contrastive term compares images of a batch; use a batch of 2 or more.")
    distance = (output - target.roll(1, dims=0)).square().flatten(1).mean(1)  # (batch, ...) -> (batch,)
    kept = (~drop).to(distance.dtype)
    return -(distance * kept).sum() / kept.sum().clamp(min=1)


TERMS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"cosine": cosine, "contrastive": contrastive}


def named(terms: str) -> tuple[str, ...]:
    """Read "cosine,contrastive" as a tuple of names. Raises MiniditError for an unknown or repeated one."""
    names = tuple(name.strip() for name in terms.split(",") if name.strip())
    for name in names:
        if name not in TERMS or names.count(name) > 1:
            problem = "given twice" if name in TERMS else "not known"
            raise MiniditError(
                f"objective.terms is {terms!r}: {name!r} is {problem}; name some of {', '.join(TERMS)}, each "
                "once, with commas between."
            )
    return names
