"""Self-attention: every token looks at every token."""

import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head self-attention without mask or dropout (Vaswani et al. 2017, section 3.2).

    The weight of `qkv` holds the queries of all heads, then the keys, then the values, each head in one
    piece: the layout of DiT's published weights.
    """

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, dim)."""
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))  # (b, n, 3*h*d) -> (b, n, 3, h, d)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # three times (b, h, n, d)
        y = F.scaled_dot_product_attention(q, k, v)  # softmax(q k^T / sqrt(d)) v: (b, h, n, d)
        return self.out(y.transpose(1, 2).flatten(2))  # (b, h, n, d) -> (b, n, h*d)
