"""The MLP: what a token does alone, after attention has told it about the others."""

import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.gelu import gelu


class MLP(nn.Module):
    """Two linear layers with a GELU between them, applied to each token by itself."""

    def __init__(self, dim: int, hidden: int, bias: bool = True, out: int | None = None):
        super().__init__()
        self.up = nn.Linear(dim, hidden, bias=bias)
        self.down = nn.Linear(hidden, out or dim, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, out or dim)."""
        return self.down(gelu(self.up(x)))


class SwiGLU(nn.Module):
    """silu(gate) * value between two linear layers (Shazeer 2020, equation 6).

    `up` makes gate and value in one product, so `hidden` units cost 3 dim * hidden weights where an MLP's
    cost 2: with hidden = 2/3 of 4 dim both have equal parameters.
    """

    def __init__(self, dim: int, hidden: int, bias: bool = True):
        super().__init__()
        self.up = nn.Linear(dim, 2 * hidden, bias=bias)
        self.down = nn.Linear(hidden, dim, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, dim)."""
        gate, value = self.up(x).chunk(2, dim=-1)  # (b, n, 2*hidden) -> (b, n, hidden) each
        return self.down(F.silu(gate) * value)


def mlp(kind: str, dim: int, ratio: float, bias: bool) -> nn.Module:
    """The MLP of a block: "gelu" with ratio * dim hidden units, or "swiglu" with two thirds of that.

    Rounded down twice, as LightningDiT and DDT do: width 1024 gives 2730, not a multiple of anything.
    """
    hidden = int(ratio * dim)
    return MLP(dim, hidden, bias) if kind == "gelu" else SwiGLU(dim, int(2 / 3 * hidden), bias)
