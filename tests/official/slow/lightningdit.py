"""LightningDiT from the publisher's names: RMSNorm, RoPE, SwiGLU (Yao et al., arXiv 2501.01423)."""

import torch
from torch import Tensor

from slow.dit import condition, tokens
from slow.parts import State, image_of, linear, modulate, rms_norm, rotate, self_attention, silu, slices


def rope_angles(head_dim: int, side: int) -> list[list[float]]:
    """An angle for each pair of each token: half of the pairs turn by the row, the others by the column."""
    quarter = head_dim // 4
    frequencies = [10000.0 ** (-2 * k / (head_dim / 2)) for k in range(quarter)]
    positions = [(row, column) for row in range(side) for column in range(side)]
    return [[row * f for f in frequencies] + [column * f for f in frequencies] for row, column in positions]


def swiglu(state: State, name: str, x: Tensor) -> Tensor:
    """`w12` gives the gate and the value, in this order; `w3` brings them back."""
    gate, value = slices(linear(state, f"{name}.w12", x), 2)
    return linear(state, f"{name}.w3", silu(gate) * value)


def block(state: State, name: str, x: Tensor, c: Tensor, config: dict) -> Tensor:
    """adaLN-Zero over weighted RMSNorm; q and k are normalised (if at all) and then turned."""
    head_dim, side = config["hidden"] // config["heads"], config["input_size"] // config["patch"]
    angles = rope_angles(head_dim, side)

    def prepare(which: str, x: Tensor) -> Tensor:
        if config["qk_norm"]:
            x = rms_norm(x, state[f"{name}.attn.{which}_norm.weight"])
        return rotate(x, angles)

    b1, s1, g1, b2, s2, g2 = slices(linear(state, f"{name}.adaLN_modulation.1", silu(c)), 6)
    h = modulate(rms_norm(x, state[f"{name}.norm1.weight"]), b1, s1)
    x = x + g1 * self_attention(state, f"{name}.attn", h, config["heads"], prepare)
    h = modulate(rms_norm(x, state[f"{name}.norm2.weight"]), b2, s2)
    return x + g2 * swiglu(state, f"{name}.mlp", h)


def lightningdit(state: State, config: dict, x: Tensor, t: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Images, times in [0, 1] and labels -> `y`, the velocity from noise to data."""
    images = []
    for image, time, label in zip(x, t, y, strict=True):
        c, h = condition(state, time, label), tokens(state, image)
        for i in range(config["depth"]):
            h = block(state, f"blocks.{i}", h, c, config)
        shift, scale = slices(linear(state, "final_layer.adaLN_modulation.1", silu(c)), 2)
        h = modulate(rms_norm(h, state["final_layer.norm_final.weight"]), shift, scale)
        images.append(image_of(linear(state, "final_layer.linear", h), config["channels"], config["patch"]))
    return {"y": torch.stack(images)}
