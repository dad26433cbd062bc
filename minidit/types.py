"""The words that every room of the house shares: what a network is told, and what a batch holds."""

from typing import NamedTuple

import torch
from torch import Tensor


class Condition(NamedTuple):
    """What the network is told beside the noisy images and the time.

    labels: (batch,) int64, class labels; `num_classes` is the null label. None means null for all.
    text: caption tokens (batch, tokens, text_dim). text_mask: (batch, tokens) bool, True at real tokens.
    pooled: a caption as one vector (batch, text_dim).
    drop: (batch,) bool, True where the null condition takes the place of the given one.
    """

    labels: Tensor | None = None
    text: Tensor | None = None
    text_mask: Tensor | None = None
    pooled: Tensor | None = None
    drop: Tensor | None = None

    @classmethod
    def of(cls, condition: "Condition | Tensor | None") -> "Condition":
        """Accept a label tensor, or nothing, in place of a Condition."""
        if condition is None:
            return cls()
        return condition if isinstance(condition, cls) else cls(labels=condition)

    def beside_null(self, batch: int, device: torch.device) -> "Condition":
        """Twice the batch: first as given, then with everything dropped (for guidance)."""
        kept = torch.zeros(batch, dtype=torch.bool, device=device) if self.drop is None else self.drop
        doubled = Condition(*(None if part is None else torch.cat([part, part]) for part in self))
        return doubled._replace(drop=torch.cat([kept, torch.ones_like(kept)]))


class Keys(NamedTuple):
    """Random keys, uniform in [0, 1), for the parts of a network that skip work in training.

    route (batch, routes, tokens), depth (batch, blocks), mask (batch, tokens). None: nothing is skipped.
    """

    route: Tensor | None = None
    depth: Tensor | None = None
    mask: Tensor | None = None


class Batch(NamedTuple):
    """Clean images x (batch, channels, height, width) in [-1, 1], and what is known of them."""

    x: Tensor
    condition: Condition

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        parts = (None if part is None else part.to(device) for part in self.condition)
        return Batch(self.x.to(device), Condition(*parts))
