"""DDT: a decoupled diffusion transformer (Wang et al. 2025, arXiv 2504.05741).

An encoder reads the noisy image and writes a condition for every token; a decoder reads the same image and
turns it into the output, modulated token by token. The encoder's word may serve several steps of a sampler.
"""

from collections.abc import Collection

import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.block import FinalLayer, Given
from minidit.model.check import check_images, check_inputs, check_word
from minidit.model.conditioning import Told
from minidit.model.config import ModelConfig
from minidit.model.dit import DiT
from minidit.model.patch import patchify, unpatchify
from minidit.model.trunk import run_blocks
from minidit.types import Condition, Keys


class DDT(DiT):
    """Blocks 1 to `encoder_depth` are the encoder, the others the decoder. Called as a DiT is."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.encoder_patch = nn.Linear(config.patch_size**2 * config.in_channels, config.dim)

    def encode(self, x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        """The encoder's word s on every token, (batch, tokens, dim). Arguments and errors as in `forward`."""
        condition = Condition.of(condition)
        check_inputs(self.config, x, t, condition, Keys(), ())
        told = self._tell(len(x), t, condition)
        return self._encode(patchify(x, self.config.patch_size), told, Keys(), ())[0]

    def decode(self, x: Tensor, s: Tensor) -> Tensor:
        """The output for x (batch, in_channels, height, width) and a word s of this step or of another.

        Raises MiniditError where either has another shape.
        """
        check_images(self.config, x)
        check_word(self.config, x, s)
        patches, _ = self._decode(patchify(x, self.config.patch_size), s, Keys(), ())
        return unpatchify(patches, self.config.patch_size, *self.config.image_size)

    def _patches(self, patches: Tensor, told: Told, keys: Keys, keep: Collection[int]) -> tuple[Tensor, dict]:
        s, from_encoder = self._encode(patches, told, keys, keep)
        out, from_decoder = self._decode(patches, s, keys, keep)
        return out, from_encoder | from_decoder

    def _encode(self, patches: Tensor, told: Told, keys: Keys, keep: Collection[int]) -> tuple[Tensor, dict]:
        tokens = self.encoder_patch(patches) + self.position  # (b, n, dim)
        encoder = self.blocks[: self.config.encoder_depth]
        s, features = run_blocks(encoder, tokens, self._give(told, self.rope), self.config, keys, keep)
        return F.silu(told.time + s), features  # (b, 1, dim) + (b, n, dim)

    def _decode(self, patches: Tensor, s: Tensor, keys: Keys, keep: Collection[int]) -> tuple[Tensor, dict]:
        tokens = self.patch(patches) + self.position  # (b, n, dim)
        border = self.config.encoder_depth
        given = Given(c=s, rotation=self.rope)
        tokens, features = run_blocks(
            self.blocks[border:], tokens, given, self.config, keys, keep, first=border + 1
        )
        return self.final(tokens, s), features

    def _final_layer(self) -> FinalLayer:
        """DDT's last norm is LayerNorm without gain, whatever its blocks have."""
        patch_values = self.config.patch_size**2 * self.config.out_channels
        return FinalLayer(self.config, self.config.dim, patch_values, "layer", False)
