"""The block of DiT, and its last layer."""

from torch import Tensor, nn

from minidit.model.attention import Attention
from minidit.model.conditioning import Modulation, modulate
from minidit.model.init import weights_start_as, zeros
from minidit.model.mlp import MLP


def layer_norm(dim: int) -> nn.LayerNorm:
    """LayerNorm without gain and bias: the modulation that follows supplies both."""
    return nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)


class Block(nn.Module):
    """Pre-norm transformer block with adaLN-Zero: x + gate * f(modulate(norm(x))), twice.

    First f is attention, then the MLP (Peebles and Xie 2022, figure 3). Gates start at zero, so a fresh
    block returns its input unchanged.
    """

    def __init__(self, dim: int, heads: int, mlp_ratio: float):
        super().__init__()
        self.modulation = Modulation(dim, parts=6)
        self.norm = layer_norm(dim)
        self.attention = Attention(dim, heads)
        self.mlp = MLP(dim, int(mlp_ratio * dim))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (batch, tokens, dim), c (batch, dim) -> (batch, tokens, dim)."""
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.modulation(c)
        x = x + gate_a * self.attention(modulate(self.norm(x), shift_a, scale_a))
        x = x + gate_m * self.mlp(modulate(self.norm(x), shift_m, scale_m))
        return x


class FinalLayer(nn.Module):
    """Norm, modulation, and a linear layer from tokens to patches. It starts at zero: so does the output."""

    def __init__(self, dim: int, patch_values: int):
        super().__init__()
        self.modulation = Modulation(dim, parts=2)
        self.norm = layer_norm(dim)
        self.linear = weights_start_as(zeros, nn.Linear(dim, patch_values))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (batch, tokens, dim), c (batch, dim) -> (batch, tokens, patch_values)."""
        shift, scale = self.modulation(c)
        return self.linear(modulate(self.norm(x), shift, scale))
