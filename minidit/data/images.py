"""A set of labelled images in memory, and the order in which training sees them."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.streams import Streams, generator
from minidit.types import Batch, Condition


@dataclass(frozen=True)
class Images:
    """x (n, channels, height, width) float32 in [-1, 1]; labels (n,) int64; a name for each class."""

    x: Tensor
    labels: Tensor
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse images or labels that would spoil a run later and further away."""
        ends = torch.stack(self.x.aminmax())  # both are nan where one value is; a large set is not copied
        if not ends.isfinite().all():
            index = int((~self.x.isfinite()).flatten(1).any(1).nonzero()[0, 0])
            raise MiniditError(
                f"Image {index} (class {self.class_names[int(self.labels[index])]}) holds a value that is "
                "not a finite number. Mend or remove that image."
            )
        if ends.abs().max() > 1.001:
            raise MiniditError(
                f"Images hold values up to {ends.abs().max():.1f}; they must lie in [-1, 1]. "
                "Pixels of 0 to 255 become x / 127.5 - 1."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.class_names):
            raise MiniditError(
                f"Labels run from {low} to {high}, but there are {len(self.class_names)} classes: "
                f"labels must lie in 0 to {len(self.class_names) - 1}."
            )

    def __len__(self) -> int:
        return len(self.x)

    def pixels(self, x: Tensor) -> Tensor:
        """What a network drew (n, channels, h, w), as images in [-1, 1] on the CPU."""
        return x.cpu().clamp(-1, 1)

    def at(self, indices: Tensor) -> Batch:
        """The images at `indices` (batch,)."""
        return Batch(self.x[indices], Condition(labels=self.labels[indices]))

    def batch(self, streams: Streams, step: int, size: int) -> Batch:
        """The batch of training step `step` (from 0): every epoch runs once through a fresh order.

        What does not fill a whole batch at an epoch's end is left out of that epoch.
        """
        per_epoch = len(self) // size
        if per_epoch == 0:
            raise MiniditError(
                f"A batch of {size} is larger than the {len(self)} training images: choose a smaller "
                "training.batch_size."
            )
        epoch, position = divmod(step, per_epoch)
        order = torch.randperm(len(self), generator=streams("order", epoch))
        return self.at(order[position * size : (position + 1) * size])

    def to(self, device: torch.device | str) -> "Images":
        """The same set on another device."""
        return Images(self.x.to(device), self.labels.to(device), self.class_names)


class Data(NamedTuple):
    """Images to learn from, and images to judge by that the model never sees."""

    train: Images
    held_out: Images


def split(images: Images, held_out: float, group_by: Tensor | None = None) -> Data:
    """Divide each class by the same share; always the same images, whatever the seed of a run.

    Args:
        images: the whole set.
        held_out: the share that is held out.
        group_by: (n,) int64; images with the same number stay on the same side, in the class of the first.
    """
    alone = torch.arange(len(images))
    _, group = torch.unique(alone if group_by is None else group_by, return_inverse=True)  # (n,)
    groups = int(group.max()) + 1
    first = torch.full((groups,), len(images)).scatter_reduce(0, group, alone, "amin")  # (groups,)
    labels = images.labels[first]
    shuffled = torch.randperm(groups, generator=generator(0, "split"))
    apart = torch.zeros(groups, dtype=torch.bool)
    for label in range(len(images.class_names)):
        members = shuffled[labels[shuffled] == label]
        # a small class still gives one, or nothing could be said about it; a single one is for training
        cut = max(round(len(members) * held_out), min(1, len(members) - 1)) if len(members) else 0
        apart[members[:cut]] = True
    halves = ((apart[group] == side).nonzero()[:, 0] for side in (False, True))
    return Data(*(Images(images.x[i], images.labels[i], images.class_names) for i in halves))
