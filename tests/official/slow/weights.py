"""Random weights under the publisher's names: which tensors a family has, and what stands in them.

Weights are large (0.08 to 0.3) where the publishers start with zeros, so that every tensor shows in the
output.
"""

import math
import zlib

import torch
from torch import Tensor

from slow.lightningdit import rope_angles
from slow.parts import State, sincos_table

Shapes = dict[str, tuple[int, ...]]


def dense(name: str, fan_out: int, fan_in: int, bias: bool = True) -> Shapes:
    """A linear layer."""
    return {f"{name}.weight": (fan_out, fan_in)} | ({f"{name}.bias": (fan_out,)} if bias else {})


def embedders(config: dict) -> Shapes:
    """The time's two layers and the label's table, whose last row is the null label."""
    d = config["hidden"]
    shapes = dense("t_embedder.mlp.0", d, 256) | dense("t_embedder.mlp.2", d, d)
    return shapes | {"y_embedder.embedding_table.weight": (config["num_classes"] + 1, d)}


def convolution(name: str, config: dict) -> Shapes:
    """The patch embedding of all families but DDT."""
    d, patch = config["hidden"], config["patch"]
    return {f"{name}.weight": (d, config["channels"], patch, patch), f"{name}.bias": (d,)}


def attention(name: str, d: int, bias: bool = True) -> Shapes:
    """Fused q, k and v, and the projection."""
    return dense(f"{name}.qkv", 3 * d, d, bias) | dense(f"{name}.proj", d, d)


def dit(config: dict) -> Shapes:
    """DiT, SiT and REPA: twice the channels where sigma is learned, projectors where there are z_dims."""
    d, out = config["hidden"], config["channels"] * (2 if config.get("learn_sigma") else 1)
    shapes = convolution("x_embedder.proj", config) | embedders(config)
    for i in range(config["depth"]):
        name = f"blocks.{i}"
        shapes |= attention(f"{name}.attn", d) | dense(f"{name}.adaLN_modulation.1", 6 * d, d)
        shapes |= dense(f"{name}.mlp.fc1", 4 * d, d) | dense(f"{name}.mlp.fc2", d, 4 * d)
        if config.get("qk_norm"):
            ends = [f"{which}_norm.{end}" for which in "qk" for end in ("weight", "bias")]
            shapes |= {f"{name}.attn.{end}": (d // config["heads"],) for end in ends}
    shapes |= dense("final_layer.adaLN_modulation.1", 2 * d, d)
    shapes |= dense("final_layer.linear", config["patch"] ** 2 * out, d)
    for e, z_dim in enumerate(config.get("z_dims", [])):
        inner = d + 3  # any width: it is read off the weights
        shapes |= dense(f"projectors.{e}.0", inner, d) | dense(f"projectors.{e}.2", inner, inner)
        shapes |= dense(f"projectors.{e}.4", z_dim, inner)
    return shapes


def rms_norms(name: str, config: dict, qk_norm: bool) -> Shapes:
    """Weights of a block's RMSNorms: before attention and MLP, and one head wide for q and k."""
    shapes = {f"{name}.norm{n}.weight": (config["hidden"],) for n in (1, 2)}
    head_dim = config["hidden"] // config["heads"]
    return shapes | ({f"{name}.attn.{which}_norm.weight": (head_dim,) for which in "qk"} if qk_norm else {})


def lightningdit(config: dict) -> Shapes:
    """SwiGLU's hidden width is int(2/3 * 4 * width), rounded to no multiple."""
    d = config["hidden"]
    inner = int(2 / 3 * int(4 * d))
    shapes = convolution("x_embedder.proj", config) | embedders(config)
    for i in range(config["depth"]):
        name = f"blocks.{i}"
        shapes |= rms_norms(name, config, config["qk_norm"]) | attention(f"{name}.attn", d)
        shapes |= dense(f"{name}.mlp.w12", 2 * inner, d) | dense(f"{name}.mlp.w3", d, inner)
        shapes |= dense(f"{name}.adaLN_modulation.1", 6 * d, d)
    shapes |= {"final_layer.norm_final.weight": (d,)} | dense("final_layer.adaLN_modulation.1", 2 * d, d)
    return shapes | dense("final_layer.linear", config["patch"] ** 2 * config["channels"], d)


def ddt(config: dict) -> Shapes:
    """No biases in qkv and MLP, and two embeddings of patches."""
    d, pixels = config["hidden"], config["patch"] ** 2 * config["channels"]
    inner = int(2 * 4 * d / 3)
    shapes = dense("x_embedder.proj", d, pixels) | dense("s_embedder.proj", d, pixels) | embedders(config)
    for i in range(config["depth"]):
        name = f"blocks.{i}"
        shapes |= rms_norms(name, config, qk_norm=True) | attention(f"{name}.attn", d, bias=False)
        shapes |= dense(f"{name}.mlp.w1", inner, d, False) | dense(f"{name}.mlp.w3", inner, d, False)
        shapes |= dense(f"{name}.mlp.w2", d, inner, False) | dense(f"{name}.adaLN_modulation.0", 6 * d, d)
    return shapes | dense("final_layer.adaLN_modulation.0", 2 * d, d) | dense("final_layer.linear", pixels, d)


def pixart(config: dict) -> Shapes:
    """diffusers' keys."""
    d, e = config["hidden"], "adaln_single.emb.timestep_embedder"
    shapes = convolution("pos_embed.proj", config) | {"scale_shift_table": (2, d)}
    shapes |= dense(f"{e}.linear_1", d, 256) | dense(f"{e}.linear_2", d, d)
    shapes |= dense("adaln_single.linear", 6 * d, d)
    shapes |= dense("caption_projection.linear_1", d, config["caption_channels"])
    shapes |= dense("caption_projection.linear_2", d, d)
    for i in range(config["depth"]):
        name = f"transformer_blocks.{i}"
        shapes |= {f"{name}.scale_shift_table": (6, d)}
        for attn in ("attn1", "attn2"):
            for part in ("to_q", "to_k", "to_v", "to_out.0"):
                shapes |= dense(f"{name}.{attn}.{part}", d, d)
        shapes |= dense(f"{name}.ff.net.0.proj", 4 * d, d) | dense(f"{name}.ff.net.2", d, 4 * d)
    return shapes | dense("proj_out", config["patch"] ** 2 * config["out_channels"], d)


SHAPES = {"dit": dit, "sit": dit, "repa": dit, "lightningdit": lightningdit, "ddt": ddt, "pixart": pixart}


def normal(seed: str, *shape: int) -> Tensor:
    """Standard normal numbers in float64, the same for the same seed."""
    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def filled(seed: str, key: str, shape: tuple[int, ...]) -> Tensor:
    """Norm weights about 1, biases 0.2, tables 0.3, matrices about 1 / sqrt(fan_in)."""
    noise = normal(f"{seed} {key}", *shape)
    if len(shape) == 1:
        return 1 + 0.25 * noise if key.endswith(".weight") else 0.2 * noise
    if "table" in key:
        return 0.3 * noise
    return min(0.3, max(0.08, 1 / math.sqrt(math.prod(shape[1:])))) * noise


def weights(seed: str, family: str, config: dict) -> State:
    """A state dict in float32, with the tables that the publisher keeps in its files."""
    state = {key: filled(seed, key, shape) for key, shape in SHAPES[family](config).items()}
    side = config["input_size"] // config["patch"]
    if family in ("dit", "sit", "repa", "lightningdit"):
        state["pos_embed"] = sincos_table(config["hidden"], side)[None]
    if family == "lightningdit":
        angles = torch.tensor(rope_angles(config["hidden"] // config["heads"], side), dtype=torch.float64)
        # (tokens, pairs) -> (tokens, head_dim): both numbers of a pair turn by the same angle
        state["feat_rope.freqs_cos"] = angles.cos().repeat_interleave(2, dim=1)
        state["feat_rope.freqs_sin"] = angles.sin().repeat_interleave(2, dim=1)
    return {key: value.float() for key, value in state.items()}


def quiet_tokens(seed: str, state: State) -> State:
    """Patch embeddings of a hundredth, and positions as small, which are then not the sin-cos table.

    Published positions are not quite that table either, since an EMA runs over them: the file's count.
    """
    quiet = {key: 0.01 * value for key, value in state.items() if key.startswith(("x_emb", "s_emb"))}
    if "pos_embed" in state:
        quiet["pos_embed"] = 0.01 * normal(f"{seed} pos_embed", *state["pos_embed"].shape).float()
    return quiet


def quiet_heads(state: State, width: int) -> State:
    """q and k (the first two thirds of the rows of `qkv`) of a hundredth; v as it was."""
    return {
        key: torch.cat([0.01 * value[: 2 * width], value[2 * width :]])
        for key, value in state.items()
        if ".qkv." in key
    }
