"""DiT: a diffusion transformer (Peebles and Xie, "Scalable Diffusion Models with Transformers", 2022)."""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.model.block import Block, FinalLayer
from minidit.model.conditioning import LabelEmbedding, TimestepEmbedding
from minidit.model.config import ModelConfig
from minidit.model.patch import patchify, unpatchify
from minidit.model.position import sincos_2d
from minidit.types import Condition, Keys


class DiT(nn.Module):
    """Noisy image, time and condition in; one value for each pixel and channel out.

    What that value means (a velocity, a noise, ...) is not the network's business but the flow's.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        dim, patch = config.dim, config.patch_size
        grid = config.input_size // patch
        self.patch = nn.Linear(patch * patch * config.in_channels, dim)
        self.register_buffer("position", sincos_2d(grid, grid, dim), persistent=False)  # (tokens, dim)
        self.time = TimestepEmbedding(dim, config.time_scale)
        self.label = LabelEmbedding(config.num_classes, dim)
        self.blocks = nn.ModuleList(Block(dim, config.heads, config.mlp_ratio) for _ in range(config.depth))
        self.final = FinalLayer(dim, patch * patch * config.out_channels)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        condition: Condition | Tensor | None = None,
        *,
        keys: Keys | None = None,
        keep: Collection[int] = (),
    ) -> Tensor | tuple[Tensor, dict[int, Tensor]]:
        """One evaluation of the network.

        Args:
            x: noisy images (batch, in_channels, input_size, input_size).
            t: times (batch,) in [0, 1]; 0 is noise, 1 is data.
            condition: a Condition, or class labels (batch,), or None for the null label.
            keys: random keys for parts that skip work in training; this network has none.
            keep: block numbers, from 1, whose outputs are wanted.

        Returns:
            (batch, out_channels, input_size, input_size); with `keep`, also {block: (batch, tokens, dim)}.

        Raises:
            MiniditError: x, t, the labels, keys or keep do not fit this network.
        """
        condition = Condition.of(condition)
        self._check(x, t, condition, keys, keep)
        size, patch = self.config.input_size, self.config.patch_size
        tokens = self.patch(patchify(x, patch)) + self.position  # (b, n, dim)
        # every modulation begins with the same SiLU of the same vector: it is taken once
        c = F.silu(self.time(t) + self.label(self._labels(x, condition), condition.drop))  # (b, dim)
        features = {}
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens, c)
            if number in keep:
                features[number] = tokens
        out = unpatchify(self.final(tokens, c), patch, size, size)  # (b, out_channels, h, w)
        return (out, features) if keep else out

    def _labels(self, x: Tensor, condition: Condition) -> Tensor:
        if condition.labels is None:
            return torch.full((x.shape[0],), self.config.num_classes, device=x.device)
        return condition.labels

    def _check(self, x: Tensor, t: Tensor, condition: Condition, keys: Keys | None, keep: Collection) -> None:
        config = self.config
        wanted = (config.in_channels, config.input_size, config.input_size)
        if x.ndim != 4 or tuple(x.shape[1:]) != wanted:
            raise MiniditError(
                f"x has shape {tuple(x.shape)}; this network takes (batch, {', '.join(map(str, wanted))}). "
                "Resize the images, or build with another input_size or in_channels."
            )
        if t.shape != x.shape[:1]:
            raise MiniditError(
                f"t has shape {tuple(t.shape)}; it must be ({x.shape[0]},), one time for each image. "
                "Use torch.full((batch,), 0.5) to give all the same time."
            )
        if condition.text is not None or condition.pooled is not None:
            raise MiniditError("This network takes class labels only; leave text and pooled empty.")
        if keys is not None and any(key is not None for key in keys):
            raise MiniditError("This network skips no work in training, so it takes no keys.")
        if any(not 1 <= number <= config.depth for number in keep):
            raise MiniditError(
                f"keep names blocks {sorted(keep)}; this network has blocks 1 to {config.depth}."
            )
        self._check_labels(x, condition.labels)

    def _check_labels(self, x: Tensor, labels: Tensor | None) -> None:
        if labels is None:
            return
        if labels.shape != x.shape[:1]:
            raise MiniditError(f"labels has shape {tuple(labels.shape)}; it must be ({x.shape[0]},).")
        # on a GPU the look would stop the queue: there the embedding reports a bad label itself
        if labels.device.type != "cpu" or torch.compiler.is_compiling():
            return
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high > self.config.num_classes:
            raise MiniditError(
                f"labels run from {low} to {high}; this network knows 0 to {self.config.num_classes - 1}, "
                f"and {self.config.num_classes} for the null label."
            )
