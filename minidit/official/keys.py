"""One table a family: our name of a layer -> the publisher's, and how its numbers are laid out there.

A name stands for its weight and its bias; {} stands for a number, such as a block's (from 0 in both).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor

from minidit.model.config import ModelConfig


class Layout(NamedTuple):
    """How to read our tensor from the publisher's, and how to write it back: the exact inverse."""

    read: Callable[[Tensor, ModelConfig], Tensor]
    write: Callable[[Tensor, ModelConfig], Tensor]


def _same(tensor: Tensor, config: ModelConfig) -> Tensor:
    return tensor


def _convolution_to_linear(tensor: Tensor, config: ModelConfig) -> Tensor:
    return tensor if tensor.ndim == 1 else rearrange(tensor, "d c p q -> d (p q c)")


def _linear_to_convolution(tensor: Tensor, config: ModelConfig) -> Tensor:
    if tensor.ndim == 1:
        return tensor
    return rearrange(tensor, "d (p q c) -> d c p q", p=config.patch_size, q=config.patch_size)


def _channel_last_in(tensor: Tensor, config: ModelConfig) -> Tensor:
    if tensor.ndim == 1:
        return tensor
    return rearrange(tensor, "d (c p q) -> d (p q c)", p=config.patch_size, q=config.patch_size)


def _channel_first_in(tensor: Tensor, config: ModelConfig) -> Tensor:
    if tensor.ndim == 1:
        return tensor
    return rearrange(tensor, "d (p q c) -> d (c p q)", p=config.patch_size, q=config.patch_size)


def _channel_last_out(tensor: Tensor, config: ModelConfig) -> Tensor:
    return rearrange(tensor, "(c p q) ... -> (p q c) ...", p=config.patch_size, q=config.patch_size)


def _channel_first_out(tensor: Tensor, config: ModelConfig) -> Tensor:
    return rearrange(tensor, "(p q c) ... -> (c p q) ...", p=config.patch_size, q=config.patch_size)


def _negated(tensor: Tensor, config: ModelConfig) -> Tensor:
    return -tensor


SAME = Layout(_same, _same)
CONVOLUTION = Layout(_convolution_to_linear, _linear_to_convolution)  # a patch is cut by a convolution
UNFOLDED_IN = Layout(_channel_last_in, _channel_first_in)  # a patch is (channel, row, column) on the way in
UNFOLDED_OUT = Layout(_channel_last_out, _channel_first_out)  # and on the way out
NEGATED = Layout(_negated, _negated)  # where t = 1 is noise, the velocity points the other way
ONE_IMAGE = Layout(lambda x, config: x[0], lambda x, config: x[None])  # (1, tokens, dim) <-> (tokens, dim)
EVERY_OTHER = Layout(  # RoPE's angles stand twice, once for each number of a pair
    lambda x, config: x[:, ::2], lambda x, config: x.repeat_interleave(2, dim=1)
)


class Key(NamedTuple):
    """The publisher's names of one of our layers; several of them are ours, one after the other."""

    theirs: tuple[str, ...]
    layout: Layout = SAME

    def read(self, parts: list[Tensor], config: ModelConfig) -> Tensor:
        """Our tensor from the publisher's."""
        return self.layout.read(torch.cat(parts) if len(parts) > 1 else parts[0], config)

    def write(self, ours: Tensor, config: ModelConfig) -> list[Tensor]:
        """The publisher's tensors from ours."""
        theirs = self.layout.write(ours, config)
        return list(theirs.chunk(len(self.theirs))) if len(self.theirs) > 1 else [theirs]


def key(*theirs: str, layout: Layout = SAME) -> Key:
    """A row of a table."""
    return Key(theirs, layout)


_COMMON = {
    "time.up": key("t_embedder.mlp.0"),
    "time.down": key("t_embedder.mlp.2"),
    "label.table": key("y_embedder.embedding_table"),
    "blocks.{}.attention_norms.{}": key("blocks.{}.norm1"),
    "blocks.{}.mlp_norms.{}": key("blocks.{}.norm2"),
    "blocks.{}.attention.qkv": key("blocks.{}.attn.qkv"),
    "blocks.{}.attention.q_norm": key("blocks.{}.attn.q_norm"),
    "blocks.{}.attention.k_norm": key("blocks.{}.attn.k_norm"),
    "blocks.{}.attention.out": key("blocks.{}.attn.proj"),
}

DIT = _COMMON | {
    "patch": key("x_embedder.proj", layout=CONVOLUTION),
    "position": key("pos_embed", layout=ONE_IMAGE),
    "blocks.{}.modulation.linear": key("blocks.{}.adaLN_modulation.1"),
    "blocks.{}.mlp.up": key("blocks.{}.mlp.fc1"),
    "blocks.{}.mlp.down": key("blocks.{}.mlp.fc2"),
    "final.modulation.linear": key("final_layer.adaLN_modulation.1"),
    "final.linear": key("final_layer.linear"),
}

REPA = DIT | {
    "final.linear": key("final_layer.linear", layout=NEGATED),
    "projectors.{}.layers.{}": key("projectors.{}.{}"),
}

LIGHTNINGDIT = DIT | {
    "rope.cos": key("feat_rope.freqs_cos", layout=EVERY_OTHER),
    "rope.sin": key("feat_rope.freqs_sin", layout=EVERY_OTHER),
    "blocks.{}.mlp.up": key("blocks.{}.mlp.w12"),
    "blocks.{}.mlp.down": key("blocks.{}.mlp.w3"),
    "final.norm": key("final_layer.norm_final"),
}

DDT = _COMMON | {
    "patch": key("x_embedder.proj", layout=UNFOLDED_IN),
    "encoder_patch": key("s_embedder.proj", layout=UNFOLDED_IN),
    "blocks.{}.modulation.linear": key("blocks.{}.adaLN_modulation.0"),
    "blocks.{}.mlp.up": key("blocks.{}.mlp.w1", "blocks.{}.mlp.w3"),
    "blocks.{}.mlp.down": key("blocks.{}.mlp.w2"),
    "final.modulation.linear": key("final_layer.adaLN_modulation.0"),
    "final.linear": key("final_layer.linear", layout=UNFOLDED_OUT),
}

_PIXART_BLOCK = "transformer_blocks.{}."
PIXART = {
    "patch": key("pos_embed.proj", layout=CONVOLUTION),
    "time.up": key("adaln_single.emb.timestep_embedder.linear_1"),
    "time.down": key("adaln_single.emb.timestep_embedder.linear_2"),
    "shared": key("adaln_single.linear"),
    "text.project.up": key("caption_projection.linear_1"),
    "text.project.down": key("caption_projection.linear_2"),
    "blocks.{}.modulation.table": key(_PIXART_BLOCK + "scale_shift_table"),
    "blocks.{}.attention.qkv": key(*(_PIXART_BLOCK + f"attn1.to_{part}" for part in "qkv")),
    "blocks.{}.attention.out": key(_PIXART_BLOCK + "attn1.to_out.0"),
    "blocks.{}.cross.q": key(_PIXART_BLOCK + "attn2.to_q"),
    "blocks.{}.cross.kv": key(*(_PIXART_BLOCK + f"attn2.to_{part}" for part in "kv")),
    "blocks.{}.cross.out": key(_PIXART_BLOCK + "attn2.to_out.0"),
    "blocks.{}.mlp.up": key(_PIXART_BLOCK + "ff.net.0.proj"),
    "blocks.{}.mlp.down": key(_PIXART_BLOCK + "ff.net.2"),
    "final.modulation.table": key("scale_shift_table"),
    "final.linear": key("proj_out"),
}
