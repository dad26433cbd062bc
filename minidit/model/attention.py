"""Attention: every token looks at every token, or at what the network is told."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.init import Rule, weights_start_as, xavier
from minidit.model.norm import RMSNorm, layer_norm
from minidit.model.rope import rotate


def fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(d)) v in one kernel that never writes the attention map down.

    q (batch, heads, n, d), k and v (batch, heads, m, d), mask (batch, 1, 1, m) bool, False where a key is
    padding -> (batch, heads, n, d).
    """
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def attention_map(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(d)) over the keys: (batch, heads, n, m) (Vaswani et al. 2017, equation 1)."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (b, h, n, d) (b, h, d, m) -> (b, h, n, m)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1)


class _Kernel(nn.Module):
    """What both attentions share: how q, k and v become the output; `attention_maps` exchanges it."""

    kernel: Callable[..., Tensor] = staticmethod(fused)


class Attention(_Kernel):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2).

    The weight of `qkv` holds the queries of all heads, then the keys, then the values, each head in one
    piece: the layout of DiT's published weights.
    """

    def __init__(self, dim: int, heads: int, qkv_bias: bool = True, qk_norm: bool | str = False):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.q_norm, self.k_norm = (_qk_norm(qk_norm, dim // heads) for _ in range(2))
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, rotation: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, dim); rotation as in `rotate`, mask as in `fused`."""
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))  # (b, n, 3*h*d) -> (b, n, 3, h, d)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))  # three times (b, h, n, d)
        q, k = self.q_norm(q), self.k_norm(k)
        if rotation is not None:
            q, k = rotate(q, rotation), rotate(k, rotation)
        y = self.kernel(q, k, v, mask)
        return self.out(y.transpose(1, 2).flatten(2))  # (b, h, n, d) -> (b, n, h*d)


class CrossAttention(_Kernel):
    """Image tokens ask, the condition's tokens answer (PixArt-alpha's layer; neither norm nor gate)."""

    def __init__(self, dim: int, context_dim: int, heads: int, start: Rule = xavier):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(context_dim, 2 * dim)
        self.out = weights_start_as(start, nn.Linear(dim, dim))

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (batch, tokens, dim), context (batch, m, context_dim), mask as in `fused` -> like x."""
        q = self.q(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (b, n, h*d) -> (b, h, n, d)
        kv = self.kv(context).unflatten(-1, (2, self.heads, -1))  # (b, m, 2*h*d) -> (b, m, 2, h, d)
        k, v = (part.transpose(1, 2) for part in kv.unbind(2))  # twice (b, h, m, d)
        y = self.kernel(q, k, v, mask)
        return self.out(y.transpose(1, 2).flatten(2))  # (b, h, n, d) -> (b, n, h*d)


def _qk_norm(kind: bool | str, head_dim: int) -> nn.Module:
    """QK-norm keeps the scores of attention small (Henry et al. 2020; Dehghani et al. 2023, section 3.1)."""
    if kind == "layer":
        norm = layer_norm(head_dim, affine=True)
        norm.eps = 1e-5  # PyTorch's usual one, which REPA's option has
        return norm
    return RMSNorm(head_dim, affine=True) if kind else nn.Identity()


@contextmanager
def attention_maps(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Compute attention in the open and keep its maps: `with attention_maps(model) as maps: model(x, t)`.

    Yields a dictionary that fills as the model runs: the layer's name, such as "blocks.0.attention", ->
    its latest map (batch, heads, tokens, keys). The output is the fused one up to rounding. Every step is a
    plain operation, so `torch.func.jvp` works inside, which it does not through the fused kernel.
    """
    maps: dict[str, Tensor] = {}
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, _Kernel)}
    before = {name: layer.kernel for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.kernel = _open(maps, name)
    try:
        yield maps
    finally:
        for name, layer in layers.items():
            layer.kernel = before[name]


def _open(maps: dict[str, Tensor], name: str) -> Callable[..., Tensor]:
    def kernel(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        maps[name] = attention_map(q, k, mask)
        return maps[name] @ v  # (b, h, n, m) (b, h, m, d) -> (b, h, n, d)

    return kernel
