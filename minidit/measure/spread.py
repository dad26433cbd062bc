"""How different are the images of one class from each other? What guidance pays with."""

import torch
from torch import Tensor

from minidit.errors import MiniditError


def spread_within(x: Tensor, labels: Tensor) -> float:
    """The mean distance of two images of the same class; each class counts the same.

    A distance is the root mean square difference of the numbers of x, as in `nearest`. It does not depend
    on how many images a class has, but for chance. Divide by that of real images to say what is left.

    Args:
        x: images (n, c, h, w) or features (n, d).
        labels: (n,) their classes.

    Raises:
        MiniditError: not one label an image, or a class with a single image, which has no distance.
    """
    if labels.shape != x.shape[:1]:
        raise MiniditError(
            f"labels has shape {tuple(labels.shape)}; give one for each of the {len(x)} images."
        )
    found = []
    for label in labels.unique():
        own = x[labels == label].flatten(1)  # (n, ...) -> (m, numbers of an image)
        if len(own) < 2:
            raise MiniditError(
                f"Class {int(label)} has one image; a spread needs at least two of each class."
            )
        # not through a matrix product: for near images that would lose most digits
        distances = torch.cdist(own, own, compute_mode="donot_use_mm_for_euclid_dist")  # (m, m)
        found.append(distances.sum() / (len(own) * (len(own) - 1)) / own.shape[1] ** 0.5)
    if not found:
        raise MiniditError("There are no images; a spread needs at least two of each class.")
    return torch.stack(found).mean().item()
