"""The training objective: how far is the network's velocity from the one we want?"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Flow, Network
from minidit.streams import Streams
from minidit.types import Batch, Keys


class Draw(NamedTuple):
    """All the chance of one training step, drawn outside the network.

    t (batch,) in [0, 1]; noise like the images; drop (batch,) bool, True where the label is hidden.
    """

    t: Tensor
    noise: Tensor
    drop: Tensor
    keys: Keys = Keys()


class Losses(NamedTuple):
    """The number to descend, and the named parts it is made of (scalars)."""

    total: Tensor
    parts: dict[str, Tensor]


def uniform(size: int, generator: torch.Generator) -> Tensor:
    """Times (size,) uniform in [0, 1)."""
    return torch.rand(size, generator=generator)


def logit_normal(size: int, generator: torch.Generator) -> Tensor:
    """Times (size,) whose logit is standard normal: more work in the middle (Esser et al. 2024, 3.1)."""
    return torch.randn(size, generator=generator).sigmoid()


TIME_SAMPLING = {"uniform": uniform, "logit_normal": logit_normal}


@dataclass(frozen=True)
class Objective:
    """Mean squared error of the velocity, with times drawn by `time_sampling` and labels sometimes hidden.

    label_drop: the share of labels replaced by the null label, so that one network learns both the
    conditional and the unconditional velocity (Ho and Salimans 2022).
    """

    flow: Flow = field(default_factory=Flow)
    time_sampling: str = "logit_normal"
    label_drop: float = 0.1

    def __post_init__(self) -> None:
        """Refuse an unknown law of t, or a share that is not one."""
        if self.time_sampling not in TIME_SAMPLING:
            raise MiniditError(
                f"objective.time_sampling is {self.time_sampling!r}; "
                f"it must be one of: {', '.join(TIME_SAMPLING)}."
            )
        if not 0 <= self.label_drop <= 1:
            raise MiniditError(f"objective.label_drop is {self.label_drop}; it must lie between 0 and 1.")

    def draw(self, batch: Batch, streams: Streams, step: int) -> Draw:
        """Times, noise and hidden labels for `batch` at `step`; equal arguments give equal draws."""
        x, size = batch.x, len(batch.x)
        return Draw(
            t=TIME_SAMPLING[self.time_sampling](size, streams("time", step)).to(x.device),
            noise=torch.randn(x.shape, generator=streams("noise", step)).to(x.device),
            drop=(torch.rand(size, generator=streams("drop", step)) < self.label_drop).to(x.device),
        )

    def loss(self, f: Network, batch: Batch, draw: Draw) -> Losses:
        """Mean over the batch and all pixels of (v(x_t, t) - target)^2 (Ma et al. 2024, equation 7).

        Keys are handed on only when something was drawn for them: a closed-form f need not know them.
        """
        x_t = self.flow.interpolate(batch.x, draw.noise, draw.t)
        target = self.flow.target(batch.x, draw.noise, draw.t)
        options = {"keys": draw.keys} if any(key is not None for key in draw.keys) else {}
        condition = batch.condition._replace(drop=draw.drop)
        error = (self.flow.velocity(f)(x_t, draw.t, condition, **options) - target).square().mean()
        return Losses(total=error, parts={"velocity": error})
