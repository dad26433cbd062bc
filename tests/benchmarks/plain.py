"""DiT once more, as one would write it down from the paper: no kernel, no shared work, nothing clever.

The attention map is made and kept, every block runs its own SiLU and its own modulation, and what is added
and multiplied is written so. It takes the same weights as our network and gives the same answer; what it
costs more is what the library's care is worth.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit import ModelConfig


class PlainBlock(nn.Module):
    """x + gate * attention(modulate(norm(x))), then the MLP likewise (Peebles and Xie 2022, figure 3)."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.modulation = nn.Linear(dim, 6 * dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (batch, tokens, dim), c (batch, dim) -> (batch, tokens, dim)."""
        parts = self.modulation(F.silu(c)).unsqueeze(1).chunk(6, dim=-1)  # six times (b, 1, dim)
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = parts
        x = x + gate_a * self.attention(self.norm(x) * (1 + scale_a) + shift_a)
        y = self.norm(x) * (1 + scale_m) + shift_m
        return x + gate_m * self.down(F.gelu(self.up(y), approximate="tanh"))

    def attention(self, x: Tensor) -> Tensor:
        """softmax(q k^T / sqrt(d)) v, with the map in the open."""
        b, n, dim = x.shape
        split = self.qkv(x).reshape(b, n, 3, self.heads, dim // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (b, n, 3, h, d) -> three times (b, h, n, d)
        scores = q @ k.transpose(-1, -2) / math.sqrt(dim // self.heads)  # (b, h, n, n)
        y = torch.softmax(scores, dim=-1) @ v
        return self.out(y.transpose(1, 2).reshape(b, n, dim))


class PlainDiT(nn.Module):
    """The paper's network for a configuration that departs from DiT in its sizes alone."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config, dim, p = config, config.dim, config.patch_size
        self.patch = nn.Linear(p * p * config.in_channels, dim)
        self.register_buffer("position", torch.zeros(config.tokens, dim))
        self.time_up, self.time_down = nn.Linear(256, dim), nn.Linear(dim, dim)
        self.label = nn.Embedding(config.num_classes + 1, dim)
        self.blocks = nn.ModuleList(PlainBlock(dim, config.heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.modulation = nn.Linear(dim, 2 * dim)
        self.last = nn.Linear(dim, p * p * config.out_channels)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """x (batch, in_channels, height, width), t and labels (batch,) -> (batch, out_channels, ...)."""
        b, channels, height, width = x.shape
        p, rows, columns = self.config.patch_size, *self.config.grid
        x = x.reshape(b, channels, rows, p, columns, p).permute(0, 2, 4, 3, 5, 1)
        x = self.patch(x.reshape(b, rows * columns, p * p * channels)) + self.position
        c = self.time_down(F.silu(self.time_up(self.waves(t)))) + self.label(labels)
        for block in self.blocks:
            x = block(x, c)
        shift, scale = self.modulation(F.silu(c)).unsqueeze(1).chunk(2, dim=-1)
        x = self.last(self.norm(x) * (1 + scale) + shift)
        x = x.reshape(b, rows, columns, p, p, -1).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(b, -1, height, width)

    def waves(self, t: Tensor) -> Tensor:
        """Cosines and sines of 1000 t at 128 frequencies: (batch,) -> (batch, 256)."""
        powers = torch.arange(128, device=t.device) / 128
        angles = 1000 * t[:, None] * 10_000.0**-powers
        return torch.cat([torch.cos(angles), torch.sin(angles)], dim=1)


# our layer -> this file's; of the layers in a block, the last two words
NAMES = {
    "attention.qkv": "qkv",
    "attention.out": "out",
    "mlp.up": "up",
    "mlp.down": "down",
    "final.modulation.linear": "modulation",
    "final.linear": "last",
    "modulation.linear": "modulation",
    "time.up": "time_up",
    "time.down": "time_down",
    "label.table": "label",
}


def plain(model: nn.Module) -> PlainDiT:
    """The transcription with the weights of `model`, a network of minidit that is DiT in all but size."""
    weights = {"position": model.position}
    for name, value in model.state_dict().items():
        for ours, here in NAMES.items():
            name = name.replace(ours, here)
        weights[name] = value
    network = PlainDiT(model.config)
    network.load_state_dict(weights)
    return network.eval()
