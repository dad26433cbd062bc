"""REPA's SiT from the publisher's names: projectors on an early block (Yu et al., arXiv 2410.06940)."""

import torch
from torch import Tensor

from slow.dit import block, condition, final, tokens
from slow.parts import State, layer_norm, linear, silu


def timm_qk_norm(state: State, name: str):
    """timm's QK-norm: a LayerNorm over the head (eps 1e-5) with weight and bias, one for q and one for k."""

    def prepare(which: str, x: Tensor) -> Tensor:
        norm = f"{name}.attn.{which}_norm"
        return layer_norm(x, 1e-5) * state[f"{norm}.weight"] + state[f"{norm}.bias"]

    return prepare


def projected(state: State, name: str, x: Tensor) -> Tensor:
    """Three linear layers with SiLU between them: (tokens, width) -> (tokens, z_dim)."""
    x = silu(linear(state, f"{name}.0", x))
    x = silu(linear(state, f"{name}.2", x))
    return linear(state, f"{name}.4", x)


def repa(state: State, config: dict, x: Tensor, t: Tensor, y: Tensor) -> dict[str, Tensor]:
    """`y`, and `z`, the projected tokens after block `encoder_depth` (`z.0`, `z.1`, ... if they are several).

    t = 1 is noise here, and `y` is the velocity from data to noise.
    """
    images, features = [], [[] for _ in config["z_dims"]]
    for image, time, label in zip(x, t, y, strict=True):
        c, h = condition(state, time, label), tokens(state, image)
        for i in range(config["depth"]):
            name = f"blocks.{i}"
            norms = (timm_qk_norm(state, name),) if config.get("qk_norm") else ()
            h = block(state, name, h, c, config["heads"], *norms)
            if i + 1 == config["encoder_depth"]:
                for e, of_one in enumerate(features):
                    of_one.append(projected(state, f"projectors.{e}", h))
        images.append(final(state, h, c, config["patch"]))
    names = ["z"] if len(features) == 1 else [f"z.{e}" for e in range(len(features))]
    return {"y": torch.stack(images)} | dict(zip(names, map(torch.stack, features), strict=True))
