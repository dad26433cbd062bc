"""DiT and SiT from the publisher's names (Peebles and Xie, arXiv 2212.09748; Ma et al., arXiv 2401.08740).

The two differ in the clock, which lives in the caller's t (0..999, or 0..1), and in the second half of a
`learn_sigma` head, which SiT computes and drops.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from slow.parts import (
    State,
    convolved_patches,
    gelu_tanh,
    image_of,
    layer_norm,
    linear,
    modulate,
    self_attention,
    silu,
    slices,
    time_embedding,
)


def plain(which: str, x: Tensor) -> Tensor:
    """DiT leaves q and k as they are."""
    return x


def condition(state: State, t: Tensor, y: Tensor) -> Tensor:
    """The embedded time plus the label's row; the last row is the null label."""
    return (
        time_embedding(state, "t_embedder.mlp.0", "t_embedder.mlp.2", t)
        + (state["y_embedder.embedding_table.weight"][y])
    )


def block(state: State, name: str, x: Tensor, c: Tensor, heads: int, prepare: Callable = plain) -> Tensor:
    """adaLN-Zero: shift, scale and gate for the attention, then for the MLP."""
    b1, s1, g1, b2, s2, g2 = slices(linear(state, f"{name}.adaLN_modulation.1", silu(c)), 6)
    h = modulate(layer_norm(x, 1e-6), b1, s1)
    x = x + g1 * self_attention(state, f"{name}.attn", h, heads, prepare)
    h = modulate(layer_norm(x, 1e-6), b2, s2)
    return x + g2 * linear(state, f"{name}.mlp.fc2", gelu_tanh(linear(state, f"{name}.mlp.fc1", h)))


def tokens(state: State, image: Tensor) -> Tensor:
    """Patches plus the table of positions that the file holds."""
    return convolved_patches(state, "x_embedder.proj", image) + state["pos_embed"][0]


def final(state: State, x: Tensor, c: Tensor, patch: int) -> Tensor:
    """Shift and scale, the last linear layer, and the image: all channels that the head has."""
    shift, scale = slices(linear(state, "final_layer.adaLN_modulation.1", silu(c)), 2)
    x = linear(state, "final_layer.linear", modulate(layer_norm(x, 1e-6), shift, scale))
    return image_of(x, x.shape[1] // patch**2, patch)


def dit(state: State, config: dict, x: Tensor, t: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Images (batch, channels, side, side), times and labels (batch,) -> `y`, all channels of the head."""
    images = []
    for image, time, label in zip(x, t, y, strict=True):
        c, h = condition(state, time, label), tokens(state, image)
        for i in range(config["depth"]):
            h = block(state, f"blocks.{i}", h, c, config["heads"])
        images.append(final(state, h, c, config["patch"]))
    return {"y": torch.stack(images)}


def sit(state: State, config: dict, x: Tensor, t: Tensor, y: Tensor) -> dict[str, Tensor]:
    """As DiT, with t in [0, 1]; of the head's channels only as many as the input has are returned."""
    return {"y": dit(state, config, x, t, y)["y"][:, : config["channels"]]}
