"""DDT from the publisher's names: condition encoder, velocity decoder (Wang et al., arXiv 2504.05741)."""

import torch
from torch import Tensor

from slow.parts import (
    State,
    layer_norm,
    linear,
    modulate,
    rms_norm,
    rotate,
    self_attention,
    silu,
    slices,
    time_embedding,
)


def rope_angles(head_dim: int, side: int) -> list[list[float]]:
    """Pairs alternate column, row, column, row; positions are spread evenly from 0 to 16 on any side."""
    positions = [16 * i / (side - 1) for i in range(side)]
    frequencies = [10000.0 ** (-4 * k / head_dim) for k in range(head_dim // 4)]
    return [
        [position * f for f in frequencies for position in (column, row)]
        for row in positions
        for column in positions
    ]


def patches(image: Tensor, patch: int) -> Tensor:
    """Rows of (channel, row, column): (tokens, channels * patch * patch)."""
    rows = []
    for top in range(0, image.shape[1], patch):
        for left in range(0, image.shape[2], patch):
            corner = [(c, y, x) for c in range(len(image)) for y in range(patch) for x in range(patch)]
            rows.append(torch.stack([image[c, top + y, left + x] for c, y, x in corner]))
    return torch.stack(rows)


def image_of(tokens: Tensor, config: dict) -> Tensor:
    """The image whose `patches` are the tokens."""
    patch, side = config["patch"], config["input_size"]
    image = tokens.new_zeros(config["channels"], side, side)
    for index, token in enumerate(tokens):
        top, left = index // (side // patch) * patch, index % (side // patch) * patch
        for c in range(config["channels"]):
            for dy in range(patch):
                for dx in range(patch):
                    image[c, top + dy, left + dx] = token[(c * patch + dy) * patch + dx]
    return image


def block(state: State, name: str, x: Tensor, c: Tensor, config: dict) -> Tensor:
    """c (width,) or, one row for each token, (tokens, width); it has been through its SiLU already."""
    angles = rope_angles(config["hidden"] // config["heads"], config["input_size"] // config["patch"])

    def prepare(which: str, x: Tensor) -> Tensor:
        return rotate(rms_norm(x, state[f"{name}.attn.{which}_norm.weight"]), angles)

    b1, s1, g1, b2, s2, g2 = slices(linear(state, f"{name}.adaLN_modulation.0", c), 6)
    h = modulate(rms_norm(x, state[f"{name}.norm1.weight"]), b1, s1)
    x = x + g1 * self_attention(state, f"{name}.attn", h, config["heads"], prepare)
    h = modulate(rms_norm(x, state[f"{name}.norm2.weight"]), b2, s2)
    h = silu(linear(state, f"{name}.mlp.w1", h)) * linear(state, f"{name}.mlp.w3", h)
    return x + g2 * linear(state, f"{name}.mlp.w2", h)


def ddt(state: State, config: dict, x: Tensor, t: Tensor, y: Tensor) -> dict[str, Tensor]:
    """`y`, the velocity from noise to data, and `s` (batch, tokens, width), the condition of each token."""
    images, conditions = [], []
    for image, time, label in zip(x, t, y, strict=True):
        rows = patches(image, config["patch"])
        te = time_embedding(state, "t_embedder.mlp.0", "t_embedder.mlp.2", time, period=10.0)
        c = silu(te + state["y_embedder.embedding_table.weight"][label])
        s = linear(state, "s_embedder.proj", rows)
        for i in range(config["encoder_depth"]):
            s = block(state, f"blocks.{i}", s, c, config)
        s = silu(te + s)
        h = linear(state, "x_embedder.proj", rows)
        for i in range(config["encoder_depth"], config["depth"]):
            h = block(state, f"blocks.{i}", h, s, config)
        shift, scale = slices(linear(state, "final_layer.adaLN_modulation.0", s), 2)
        h = linear(state, "final_layer.linear", modulate(layer_norm(h, 1e-6), shift, scale))
        images.append(image_of(h, config))
        conditions.append(s)
    return {"y": torch.stack(images), "s": torch.stack(conditions)}
