"""The same weights under other names: diffusers' DiT, PixArt's own files, REPA's first runs."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.model.position import sincos_2d

State = dict[str, Tensor]
Names = tuple[tuple[str, str], ...]

# diffusers' name, the publisher's
DIFFUSERS_DIT: Names = (
    ("pos_embed.proj", "x_embedder.proj"),
    ("transformer_blocks.{}.norm1.linear", "blocks.{}.adaLN_modulation.1"),
    ("transformer_blocks.{}.attn1.to_out.0", "blocks.{}.attn.proj"),
    ("transformer_blocks.{}.ff.net.0.proj", "blocks.{}.mlp.fc1"),
    ("transformer_blocks.{}.ff.net.2", "blocks.{}.mlp.fc2"),
    ("proj_out_1", "final_layer.adaLN_modulation.1"),
    ("proj_out_2", "final_layer.linear"),
)
EMBEDDERS: Names = (
    ("timestep_embedder.linear_1", "t_embedder.mlp.0"),
    ("timestep_embedder.linear_2", "t_embedder.mlp.2"),
    ("class_embedder.embedding_table", "y_embedder.embedding_table"),
)
# PixArt's own name, diffusers' (in which our table speaks)
NATIVE_PIXART: Names = (
    ("x_embedder.proj", "pos_embed.proj"),
    ("t_embedder.mlp.0", "adaln_single.emb.timestep_embedder.linear_1"),
    ("t_embedder.mlp.2", "adaln_single.emb.timestep_embedder.linear_2"),
    ("t_block.1", "adaln_single.linear"),
    ("y_embedder.y_proj.fc1", "caption_projection.linear_1"),
    ("y_embedder.y_proj.fc2", "caption_projection.linear_2"),
    ("blocks.{}.scale_shift_table", "transformer_blocks.{}.scale_shift_table"),
    ("blocks.{}.attn.proj", "transformer_blocks.{}.attn1.to_out.0"),
    ("blocks.{}.cross_attn.q_linear", "transformer_blocks.{}.attn2.to_q"),
    ("blocks.{}.cross_attn.proj", "transformer_blocks.{}.attn2.to_out.0"),
    ("blocks.{}.mlp.fc1", "transformer_blocks.{}.ff.net.0.proj"),
    ("blocks.{}.mlp.fc2", "transformer_blocks.{}.ff.net.2"),
    ("final_layer.linear", "proj_out"),
    ("final_layer.scale_shift_table", "scale_shift_table"),
)


def to_publisher(family: str, state: State, told: Mapping[str, Any]) -> State:
    """The names that the family's key table knows; a state dict that has them already comes back as it is.

    told: settings that stood beside the weights; diffusers' DiT needs input_size, having no position table.
    """
    try:
        if family == "dit" and any(name.startswith("transformer_blocks.") for name in state):
            return _from_diffusers_dit(state) | _position_table(state, told)
        if family == "pixart" and "t_block.1.weight" in state:
            return _from_native_pixart(state)
    except KeyError as error:
        raise MiniditError(f"These weights are not a whole {family}: {error.args[0]} is missing.") from error
    if family == "repa" and any(name.startswith("decoder_blocks.") for name in state):
        return {_renumber(name): tensor for name, tensor in state.items()}
    return state


def _from_diffusers_dit(state: State) -> State:
    """diffusers keeps a copy of the time and label embedders in every block; published ones are equal."""
    renamed = _rename(state, DIFFUSERS_DIT)
    for theirs, ours in EMBEDDERS:
        pattern = re.compile(rf"transformer_blocks\.\d+\.norm1\.emb\.{re.escape(theirs)}(\.\w+)$")
        for name in [name for name in renamed if pattern.match(name)]:
            tensor, target = renamed.pop(name), ours + pattern.match(name)[1]
            if not torch.equal(renamed.setdefault(target, tensor), tensor):
                raise MiniditError(
                    f"The blocks of these diffusers weights have different copies of {theirs}: they were "
                    "trained apart, and no single network of DiT equals them. Load the published weights."
                )
    for name in [name for name in renamed if re.search(r"attn1\.to_q\.", name)]:
        parts = [renamed.pop(name.replace("to_q", f"to_{part}")) for part in "qkv"]
        block, kind = re.match(r"transformer_blocks\.(\d+)\..*\.(\w+)$", name).groups()
        renamed[f"blocks.{block}.attn.qkv.{kind}"] = torch.cat(parts)
    return renamed


def _position_table(state: State, told: Mapping[str, Any]) -> State:
    """DiT's sine table, which diffusers computes instead of keeping it: (1, tokens, dim)."""
    if "input_size" not in told:
        raise MiniditError(
            "diffusers keeps no position table, so these weights do not tell input_size: give "
            'config={"input_size": 32}, the side of a latent, or name the folder with its config.json.'
        )
    dim, _, patch, _ = state["pos_embed.proj.weight"].shape
    side = told["input_size"] // patch
    return {"pos_embed": sincos_2d(side, side, dim)[None]}


def _from_native_pixart(state: State) -> State:
    renamed = _rename(state, NATIVE_PIXART)
    for name in [name for name in renamed if re.search(r"\.(qkv|kv_linear)\.\w+$", name)]:
        match = re.match(r"blocks\.(\d+)\.\w+\.(qkv|kv_linear)\.(\w+)$", name)
        if match is None:
            continue  # a surplus name, which is told later
        block, layer, kind = match.groups()
        where, parts = ("attn1", "qkv") if layer == "qkv" else ("attn2", "kv")
        for part, tensor in zip(parts, renamed.pop(name).chunk(len(parts)), strict=True):
            renamed[f"transformer_blocks.{block}.{where}.to_{part}.{kind}"] = tensor
    renamed.pop("y_embedder.y_embedding", None)  # random vectors in place of a caption; diffusers drops them
    return renamed


def _rename(state: State, names: Names) -> State:
    rules = [
        (re.compile(re.escape(old).replace(r"\{\}", r"(\d+)") + r"(\.\w+)?$"), new) for old, new in names
    ]
    return {_renamed(name, rules): tensor for name, tensor in state.items()}


def _renamed(name: str, rules: list[tuple[re.Pattern, str]]) -> str:
    for pattern, new in rules:
        if match := pattern.match(name):
            *numbers, ending = match.groups()
            return new.format(*numbers) + (ending or "")
    return name


def _renumber(name: str) -> str:
    """REPA's first files count the blocks behind the projector, which sits after block 8, by themselves."""
    match = re.match(r"decoder_blocks\.(\d+)\.(.*)", name)
    return f"blocks.{int(match[1]) + 8}.{match[2]}" if match else name
