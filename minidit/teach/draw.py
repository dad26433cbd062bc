"""Fresh inputs for a check."""

import torch
from torch import Tensor


def whole(low: int, high: int, draw: torch.Generator) -> int:
    """A whole number in low .. high."""
    return int(torch.randint(low, high + 1, (), generator=draw))


def tensor(*shape: int, draw: torch.Generator) -> Tensor:
    """Numbers with one decimal, so that an example can be followed by hand."""
    return (10 * torch.randn(shape, generator=draw)).round() / 10
