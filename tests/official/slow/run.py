"""Vectors: read one, answer it with the slow code, say how far two answers are apart.

A vector is one safetensors file: the publisher's weights as `state.*`, what the network is given as `in.*`,
what it returns as `out.*`, and metadata `config`, JSON.
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from torch import Tensor

from slow.ddt import ddt
from slow.dit import dit, sit
from slow.lightningdit import lightningdit
from slow.parts import State
from slow.pixart import pixart
from slow.repa import repa

FAMILIES = {"dit": dit, "sit": sit, "lightningdit": lightningdit, "ddt": ddt, "repa": repa, "pixart": pixart}


class Vector(NamedTuple):
    """One published network with inputs and outputs; names are without their prefix."""

    config: dict
    state: State
    inputs: State
    outputs: State


def family(config: dict) -> str:
    """The first word of the configuration's family: `pixart (diffusers keys)` is pixart."""
    return config["family"].split()[0]


def read(path: Path) -> Vector:
    """Read one vector."""
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        config = json.loads(file.metadata()["config"])
    parts = [
        {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        for prefix in ("state.", "in.", "out.")
    ]
    return Vector(config, *parts)


def double(tensors: State) -> State:
    """Real numbers in float64; labels and masks stay whole numbers."""
    return {k: v.double() if v.is_floating_point() else v for k, v in tensors.items()}


def guided(config: dict, state: State, x: Tensor, t: Tensor, y: Tensor, scale: float = 3.0) -> Tensor:
    """The publisher's `forward_with_cfg`: three channels are guided, the second half of x is not looked at.

    The batch holds labels in its first half and null labels in its second. Channels 0..2 of both halves are
    `null + scale (labelled - null)`; the others stay what their half gave.
    """
    half = len(x) // 2
    out = FAMILIES[family(config)](state, config, torch.cat([x[:half], x[:half]]), t, y)["y"].clone()
    labelled, null = out[:half, :3].clone(), out[half:, :3].clone()
    out[:half, :3] = out[half:, :3] = null + scale * (labelled - null)
    return out


def answer(config: dict, state: State, inputs: State) -> dict[str, Tensor]:
    """Everything that the slow code has to say to these inputs, in float64, by the publisher's names."""
    state, inputs = double(state), double(inputs)
    plain = {key: value for key, value in inputs.items() if not key.startswith("cfg_")}
    outputs = FAMILIES[family(config)](state, config, **plain)
    if "cfg_x" in inputs:
        outputs["cfg3"] = guided(config, state, *(inputs[f"cfg_{key}"] for key in ("x", "t", "y")))
    return outputs


def distance(got: Tensor, expected: Tensor) -> float:
    """The largest difference as a share of the largest expected value."""
    return ((got.double() - expected.double()).abs().max() / expected.double().abs().max()).item()
