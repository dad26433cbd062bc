"""The MLP: what a token does alone, after attention has told it about the others."""

import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """Two linear layers with a GELU between them, applied to each token by itself.

    DiT uses the tanh approximation of GELU (Hendrycks and Gimpel 2016); the exact one differs by up to
    5e-4, enough to spoil a comparison with published weights.
    """

    def __init__(self, dim: int, hidden: int):
        super().__init__()
        self.up = nn.Linear(dim, hidden)
        self.down = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, dim)."""
        return self.down(F.gelu(self.up(x), approximate="tanh"))
