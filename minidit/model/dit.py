"""DiT: a diffusion transformer (Peebles and Xie, "Scalable Diffusion Models with Transformers", 2022).

SiT, LightningDiT and PixArt are this class with other settings: see presets.py.
"""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.block import Block, FinalLayer, Given
from minidit.model.check import check_inputs
from minidit.model.conditioning import (
    LabelEmbedding,
    TextEmbedding,
    TimestepEmbedding,
    Tokens,
    Told,
    sort_out,
)
from minidit.model.config import ModelConfig
from minidit.model.init import normal, weights_start_as, zeros
from minidit.model.patch import patchify, unpatchify
from minidit.model.position import sincos_2d
from minidit.model.rope import ROPES, unturned
from minidit.model.trunk import run_blocks
from minidit.types import Condition, Keys


class DiT(nn.Module):
    """Noisy image, time and condition in; one value for each pixel and channel out.

    What that value means (a velocity, a noise, ...) is not the network's business but the flow's.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        dim = config.dim
        self.patch = nn.Linear(config.patch_size**2 * config.in_channels, dim)
        self._place_tokens()
        self.time = self.label = self.text = self.shared = None
        if config.time_as != "none":
            self.time = TimestepEmbedding(dim, config.time_scale, config.time_offset, config.time_period)
        if config.label_as != "none":
            self.label = LabelEmbedding(config.num_classes, dim)
        if config.text_as != "none":
            self.text = TextEmbedding(config.text_dim, dim)
        if config.modulation == "shared":
            start = zeros if config.zero_init in ("gates", "both") else normal
            self.shared = weights_start_as(start, nn.Linear(dim, (6 if config.gate else 4) * dim))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.final = self._final_layer()

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
            x: noisy images (batch, in_channels, height, width).
            t: times (batch,) in [0, 1]; 0 is noise, 1 is data.
            condition: a Condition, or class labels (batch,), or None for the null condition.
            keys: random keys, from `draw_keys`, for the parts that skip work in training; without them
                nothing is skipped.
            keep: block numbers, from 1, whose outputs are wanted.

        Returns:
            (batch, out_channels, height, width); with `keep`, also {block: (batch, tokens, dim)}.

        Raises:
            MiniditError: x, t, the condition, keys or keep do not fit this network.
        """
        condition, keys = Condition.of(condition), keys or Keys()
        check_inputs(self.config, x, t, condition, keys, keep)
        told = self._tell(len(x), t, condition)
        patches, features = self._patches(patchify(x, self.config.patch_size), told, keys, keep)
        out = unpatchify(patches, self.config.patch_size, *self.config.image_size)
        return (out, features) if keep else out

    def _patches(self, patches: Tensor, told: Told, keys: Keys, keep: Collection[int]) -> tuple[Tensor, dict]:
        """Patches in (batch, tokens, values), patches out, and the features that were asked for."""
        tokens, given = self._begin(patches, told)
        tokens, features = run_blocks(self.blocks, tokens, given, self.config, keys, keep)
        tokens = tokens[:, -self.config.tokens :]  # what was told in context has done its work
        # the last layer hears what the blocks hear; with shared modulation the bare sum, as in PixArt
        return self.final(tokens, given.c if self.shared is None else told.vector), features

    def _begin(self, patches: Tensor, told: Told) -> tuple[Tensor, Given]:
        """The tokens that enter the first block, (batch, prefix + tokens, dim), and what blocks are given."""
        tokens = self.patch(patches) + self.position  # (b, n, dim)
        if told.prefix is not None:
            tokens = torch.cat([told.prefix.x, tokens], dim=1)  # (b, prefix + n, dim)
        return tokens, self._give(told, self.rope)

    def _tell(self, batch: int, t: Tensor, condition: Condition) -> Told:
        """Embed time, label and text, and sort them by the way in which each is told."""
        config, said = self.config, {}
        if self.time is not None:
            said["time"] = Tokens(self.time(t).unsqueeze(1))  # (b, dim) -> (b, 1, dim)
        if self.label is not None:
            null = torch.full((batch,), config.num_classes, device=t.device)
            labels = null if condition.labels is None else condition.labels
            said["label"] = Tokens(self.label(labels, condition.drop).unsqueeze(1))  # (b, dim) -> (b, 1, dim)
        if self.text is not None:
            text, mask = condition.text, condition.text_mask
            if config.text_as == "modulation":  # a pooled caption is a caption of one token
                text, mask = condition.pooled, None
                text = None if text is None else text.unsqueeze(1)  # (b, text_dim) -> (b, 1, text_dim)
            if text is None:
                text, mask = self.text.null.expand(batch, 1, -1), None
            said["text"] = Tokens(*self.text(text, mask, condition.drop))
        return sort_out(said, {name: getattr(config, f"{name}_as") for name in said})

    def _give(self, told: Told, rope: Tensor | None) -> Given:
        """What every block is given. Each modulation begins with the same SiLU, so it is taken once."""
        prefix, context = told.prefix, told.context
        c = None if told.vector is None else F.silu(told.vector)
        mask = None
        if prefix is not None:
            rope = None if rope is None else unturned(rope, prefix.x.shape[1])
            mask = None if prefix.mask is None else F.pad(prefix.mask, (0, self.config.tokens), value=True)
        return Given(
            c=c if self.shared is None else self.shared(c),  # (b, 1, dim), or (b, 1, 6*dim)
            rotation=rope,
            mask=None if mask is None else mask[:, None, None],  # (b, n) -> (b, 1, 1, n)
            context=None if context is None else context.x,
            context_mask=None if context is None or context.mask is None else context.mask[:, None, None],
        )

    def _place_tokens(self) -> None:
        """Make the tables that say where a token sits."""
        config = self.config
        if config.position == "learned":
            self.position = nn.Parameter(torch.empty(config.tokens, config.dim))
            weights_start_as(normal, self)
        elif config.position == "sincos":
            table = sincos_2d(*config.grid, config.dim, config.position_scale)
            self.register_buffer("position", table, persistent=False)
        else:
            self.register_buffer("position", torch.zeros(1, config.dim), persistent=False)
        self.register_buffer("rope", None, persistent=False)
        if config.rope != "none":
            self.rope = ROPES[config.rope](*config.grid, config.dim // config.heads)

    def _final_layer(self) -> FinalLayer:
        config = self.config
        patch_values = config.patch_size**2 * config.out_channels
        return FinalLayer(config, config.dim, patch_values, config.norm, config.norm_affine)
