"""MaskDiT: in training most blocks see some of the tokens only (Zheng et al. 2023, arXiv 2306.09305).

What the encoder never saw is a mask token to a small decoder, which fills it in. Unlike a TREAD route,
the hidden tokens' own information is gone.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from minidit.model.block import Block, FinalLayer
from minidit.model.conditioning import Told
from minidit.model.config import ModelConfig
from minidit.model.dit import DiT
from minidit.model.init import normal, weights_start_as
from minidit.model.position import sincos_2d
from minidit.model.rope import ROPES
from minidit.model.route import after, lowest, put, take
from minidit.model.trunk import run_blocks
from minidit.types import Keys


def visible_tokens(keys: Tensor, share_hidden: float) -> Tensor:
    """Places of the tokens that the encoder sees: keys (batch, n) -> (batch, int(n (1 - share))), sorted."""
    return lowest(keys, int(keys.shape[1] * (1 - share_hidden)))


class MaskToken(nn.Module):
    """One learned token that stands for every hidden one."""

    def __init__(self, dim: int):
        super().__init__()
        self.token = nn.Parameter(torch.empty(dim))
        weights_start_as(normal, self)

    def forward(self, tokens: Tensor, places: Tensor, count: int) -> Tensor:
        """tokens (batch, k, dim) at `places` (batch, k) among `count`, the mask token elsewhere."""
        return put(self.token.expand(len(tokens), count, -1).to(tokens.dtype), places, tokens)


class MaskDiT(DiT):
    """A DiT as encoder, and a decoder that sees every place. Called as a DiT is."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        dim, heads = config.decoder_dim, config.decoder_heads
        # between encoder and decoder: norm, modulation and a linear layer to the decoder's width
        self.to_decoder = FinalLayer(config, config.dim, dim, config.norm, config.norm_affine)
        self.mask_token = MaskToken(dim)
        self.decoder = nn.ModuleList(Block(config, dim, heads) for _ in range(config.decoder_depth))
        if config.position == "learned":  # starts by the rule of the encoder's
            self.decoder_position = nn.Parameter(torch.empty(config.tokens, dim))
        else:
            sines = config.position == "sincos"
            table = sincos_2d(*config.grid, dim, config.position_scale) if sines else torch.zeros(1, dim)
            self.register_buffer("decoder_position", table, persistent=False)
        self.register_buffer("decoder_rope", None, persistent=False)
        if config.rope != "none":
            self.decoder_rope = ROPES[config.rope](*config.grid, dim // heads)

    def _patches(self, patches: Tensor, told: Told, keys: Keys, keep: Collection[int]) -> tuple[Tensor, dict]:
        tokens, given = self._begin(patches, told)
        prefix, places = tokens.shape[1] - self.config.tokens, None
        if keys.mask is not None:
            places = after(prefix, visible_tokens(keys.mask, self.config.mask))  # (b, prefix + k)
            tokens, given = take(tokens, places), given.at(places)
        tokens, features = run_blocks(self.blocks, tokens, given, self.config, keys, keep)
        tokens = self.to_decoder(tokens, given.c)  # (b, prefix + k, decoder_dim)
        if places is not None:
            tokens = self.mask_token(tokens, places, prefix + self.config.tokens)
        return self.final(self._decode(tokens, told, prefix)[:, prefix:], given.c), features

    def _decode(self, tokens: Tensor, told: Told, prefix: int) -> Tensor:
        """Decoder blocks on tokens (batch, prefix + n, decoder_dim); only those of the image have a place."""
        position = self.decoder_position.expand(self.config.tokens, -1)
        tokens = tokens + torch.cat([position.new_zeros(prefix, position.shape[1]), position])
        given = self._give(told, self.decoder_rope)
        for block in self.decoder:
            tokens = block(tokens, given)
        return tokens

    def _final_layer(self) -> FinalLayer:
        config = self.config
        patch_values = config.patch_size**2 * config.out_channels
        return FinalLayer(config, config.decoder_dim, patch_values, config.norm, config.norm_affine)
