"""PixArt-alpha from diffusers' names: shared modulation, cross-attention (Chen et al., arXiv 2310.00426)."""

import torch
from torch import Tensor

from slow.parts import (
    State,
    attend,
    convolved_patches,
    gelu_tanh,
    image_of,
    layer_norm,
    linear,
    modulate,
    silu,
    sincos_table,
    slices,
    time_embedding,
)


def attention(state: State, name: str, x: Tensor, source: Tensor, heads: int, real: Tensor | None) -> Tensor:
    """Queries from x, keys and values from the source: the tokens themselves, or the caption."""
    q = slices(linear(state, f"{name}.to_q", x), heads)
    k = slices(linear(state, f"{name}.to_k", source), heads)
    v = slices(linear(state, f"{name}.to_v", source), heads)
    answers = [attend(q[h], k[h], v[h], real) for h in range(heads)]
    return linear(state, f"{name}.to_out.0", torch.cat(answers, dim=1))


def block(state: State, name: str, x: Tensor, shared: Tensor, text: Tensor, real, heads: int) -> Tensor:
    """The shared modulation (6, width) plus this block's table; text enters without norm or gate."""
    b1, s1, g1, b2, s2, g2 = state[f"{name}.scale_shift_table"] + shared
    h = modulate(layer_norm(x, 1e-6), b1, s1)
    x = x + g1 * attention(state, f"{name}.attn1", h, h, heads, None)
    x = x + attention(state, f"{name}.attn2", x, text, heads, real)
    h = modulate(layer_norm(x, 1e-6), b2, s2)
    h = linear(state, f"{name}.ff.net.2", gelu_tanh(linear(state, f"{name}.ff.net.0.proj", h)))
    return x + g2 * h


def pixart(state: State, config: dict, x, t, caption, caption_mask=None) -> dict[str, Tensor]:
    """Images, times 0..999, captions (batch, words, caption_channels) and which words are real -> `y`."""
    heads, side = config["heads"], config["input_size"] // config["patch"]
    images = []
    for n, (image, time, words) in enumerate(zip(x, t, caption, strict=True)):
        name = "adaln_single.emb.timestep_embedder"
        e = time_embedding(state, f"{name}.linear_1", f"{name}.linear_2", time)
        shared = torch.stack(slices(linear(state, "adaln_single.linear", silu(e)), 6))
        text = gelu_tanh(linear(state, "caption_projection.linear_1", words))
        text = linear(state, "caption_projection.linear_2", text)
        real = None if caption_mask is None else caption_mask[n].bool()
        h = convolved_patches(state, "pos_embed.proj", image) + sincos_table(config["hidden"], side)
        for i in range(config["depth"]):
            h = block(state, f"transformer_blocks.{i}", h, shared, text, real, heads)
        shift, scale = state["scale_shift_table"] + e  # no SiLU and no linear layer here
        h = linear(state, "proj_out", modulate(layer_norm(h, 1e-6), shift, scale))
        images.append(image_of(h, config["out_channels"], config["patch"]))
    return {"y": torch.stack(images)}
