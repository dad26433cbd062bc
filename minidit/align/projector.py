"""REPA's projector: from a block's features to a teacher's (Yu et al. 2024, arXiv 2410.06940)."""

from torch import Tensor, nn


class Projector(nn.Module):
    """Three linear layers with SiLU between them, on each token by itself; used in training only."""

    def __init__(self, dim: int, hidden: int, out: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, out)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, out)."""
        return self.layers(features)
