"""Where the norm stands around a branch f: before it, after the sum, or on both sides of f.

pre       x + gate * f(modulate(norm(x)))             DiT, SiT, LightningDiT, PixArt, DDT
post      norm(x + gate * f(modulate(x)))             the transformer of 2017
sandwich  x + gate * norm'(f(modulate(norm(x))))      Ding et al. 2021 (CogView), section 2.4

A gate of zero makes pre and sandwich the identity; post still normalises. A residual scale is a gate that
nothing moves: one small number for every branch.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Branch = Callable[[Tensor], Tensor]
Norms = Sequence[Callable[[Tensor], Tensor]]


def modulate(x: Tensor, shift: Tensor | None, scale: Tensor | None) -> Tensor:
    """x (1 + scale) + shift: x (batch, tokens, dim), shift and scale (batch, 1 or tokens, dim), or None.

    Scale 0 leaves x as it is: hence the 1.
    """
    return x if shift is None else torch.addcmul(shift, x, 1 + scale)  # one pass over x


def add(x: Tensor, gate: Tensor | float | None, y: Tensor) -> Tensor:
    """x + gate * y; without a gate x + y."""
    if gate is None:
        return x + y
    # one pass over x
    return torch.add(x, y, alpha=gate) if isinstance(gate, float) else torch.addcmul(x, gate, y)


def pre(x: Tensor, f: Branch, norms: Norms, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
    """x + gate * f(modulate(norm(x)))."""
    return add(x, gate, f(modulate(norms[0](x), shift, scale)))


def post(x: Tensor, f: Branch, norms: Norms, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
    """norm(x + gate * f(modulate(x)))."""
    return norms[0](add(x, gate, f(modulate(x, shift, scale))))


def sandwich(x: Tensor, f: Branch, norms: Norms, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
    """x + gate * norm'(f(modulate(norm(x))))."""
    return add(x, gate, norms[1](f(modulate(norms[0](x), shift, scale))))


PLACEMENTS = {"pre": pre, "post": post, "sandwich": sandwich}
