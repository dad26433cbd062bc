"""Which noise goes with which image: by chance, or so that the lines of a batch are short.

The velocity that brings noise to data is learned from pairs. Nothing in that asks for pairs by chance: any
pairing will do in which noise and data, each alone, stay what they were. But with other pairs the mean noise
in x_t is no longer -sigma times the score: what reads a score from the velocity, as the SDE samplers and the
likelihood's weights do, wants pairs by chance.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.types import Batch


def independent(noise: Tensor, batch: Batch) -> Tensor:
    """The noise as it was drawn: every image may meet every noise."""
    return noise


def optimal(noise: Tensor, batch: Batch) -> Tensor:
    """The noise in the order that makes the sum of the squared lengths of the lines least.

    Optimal transport in the batch (Pooladian et al. 2023; Tong et al. 2023): it comes nearer to that of the
    whole crowd as batches grow. Labels are not looked at, so noise comes to hint at the label. A network that
    is told the label learns on noise that fits it, and samples from noise that knows nothing.
    """
    return noise[pairing(noise, batch.x)]


def optimal_within_labels(noise: Tensor, batch: Batch) -> Tensor:
    """The same among images of one label: the noise of a label stays normal, and does not tell it.

    Raises:
        MiniditError: the batch has no labels.
    """
    labels = batch.condition.labels
    if labels is None:
        raise MiniditError(
            "The coupling optimal_within_labels pairs among images of one label, and this batch has no "
            "labels: use optimal, or give labels."
        )
    order = torch.arange(len(noise), device=noise.device)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()  # (batch,) bool -> (members,)
        order[members] = members[pairing(noise[members], batch.x[members])]
    return noise[order]


def pairing(noise: Tensor, data: Tensor) -> Tensor:
    """The order of the noise that makes the sum of |data[i] - noise[order[i]]|^2 least: (batch,) int64.

    Solved exactly by scipy on the CPU, in about batch^3 steps: a millisecond for 128 pairs.

    Args:
        noise, data: (batch, ...), of one shape.

    Raises:
        MiniditError: the shapes differ.
    """
    from scipy.optimize import linear_sum_assignment

    if noise.shape != data.shape:
        raise MiniditError(
            f"Noise of shape {tuple(noise.shape)} cannot be paired with data of shape {tuple(data.shape)}; "
            "draw one noise like each image."
        )
    points, starts = (part.detach().cpu().double().flatten(1) for part in (data, noise))  # (batch, numbers)
    _, order = linear_sum_assignment(torch.cdist(points, starts).square().numpy())
    return torch.from_numpy(order).to(noise.device)


COUPLINGS: dict[str, Callable[[Tensor, Batch], Tensor]] = {
    "independent": independent,
    "optimal": optimal,
    "optimal_within_labels": optimal_within_labels,
}
