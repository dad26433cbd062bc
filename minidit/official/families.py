"""The published families: their key table, their settings, and what their shapes betray.

Settings are named as in the publishers' own code: hidden, depth, heads, input_size, channels, patch,
num_classes, learn_sigma, qk_norm, encoder_depth, z_dims, caption_channels, out_channels.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from minidit.flow.clock import STEPS
from minidit.flow.flow import Flow
from minidit.model.config import ModelConfig
from minidit.model.presets import DDT_ENCODERS, LARGER, PRESETS, SIZES
from minidit.official import keys

Settings = dict[str, Any]
State = dict[str, Tensor]

HEADS = {(dim, depth): heads for dim, depth, heads in (SIZES | LARGER).values()}
ENCODERS = {SIZES[name][:2]: blocks for name, blocks in DDT_ENCODERS.items()}
VELOCITY = Flow()
NOISE = Flow(path="vp", prediction="noise")  # of DDPM's steps; 999, the last, is our t = 0


@dataclass(frozen=True)
class Family:
    """One publisher's networks.

    signature: a key that its weights have and, with `absent`, tells them from other families.
    infer: what the shapes say of the settings. config: the settings as minidit's.
    flow: how to read the network: a velocity on the linear path, or the noise of a diffusion.
    """

    table: dict[str, keys.Key]
    signature: tuple[str, ...]
    infer: Callable[[State], Settings]
    config: Callable[[Settings], ModelConfig]
    flow: Flow
    absent: tuple[str, ...] = ()

    def fits(self, state: State) -> bool:
        """Whether the names look like this family's."""
        has = [any(name.startswith(start) for name in state) for start in self.signature]
        has_not = [not any(name.startswith(start) for name in state) for start in self.absent]
        return all(has + has_not)


def _depth(state: State) -> int:
    numbers = [int(m[1]) for name in state if (m := re.match(r"(?:transformer_)?blocks\.(\d+)\.", name))]
    return 1 + max(numbers, default=0)


def _known(hidden: int, depth: int) -> Settings:
    return {"heads": HEADS[hidden, depth]} if (hidden, depth) in HEADS else {}


def _infer_dit(state: State) -> Settings:
    classes, hidden = state["y_embedder.embedding_table.weight"].shape
    channels, patch = state["x_embedder.proj.weight"].shape[1:3]
    rows = state["final_layer.linear.weight"].shape[0] // patch**2
    depth = _depth(state)
    return _known(hidden, depth) | {
        "hidden": hidden,
        "depth": depth,
        "channels": channels,
        "patch": patch,
        "num_classes": classes - 1,
        "input_size": patch * math.isqrt(state["pos_embed"].shape[1]),
        "learn_sigma": rows == 2 * channels,
        "qk_norm": any(".q_norm." in name or ".k_norm." in name for name in state),
    }


def _infer_repa(state: State) -> Settings:
    settings = _infer_dit(state)
    count = len({name.split(".")[1] for name in state if name.startswith("projectors.")})
    last = [f"projectors.{number}.4.weight" for number in range(count)]
    settings["z_dims"] = [state[name].shape[0] for name in last if name in state]
    # the weights do not tell after which block the projector sits; 8 in REPA's published runs
    return settings | ({"encoder_depth": 8} if "heads" in settings or not count else {})


def _infer_ddt(state: State) -> Settings:
    classes, hidden = state["y_embedder.embedding_table.weight"].shape
    values, depth = state["x_embedder.proj.weight"].shape[1], _depth(state)
    settings = _known(hidden, depth) | {"hidden": hidden, "depth": depth, "num_classes": classes - 1}
    settings["qk_norm"] = any(".q_norm." in name or ".k_norm." in name for name in state)
    if (hidden, depth) in ENCODERS and values == 16:  # a published size: 4 channels, patch 2, 256 pixels
        settings |= {"encoder_depth": ENCODERS[hidden, depth], "patch": 2, "channels": 4, "input_size": 32}
    return settings


def _infer_pixart(state: State) -> Settings:
    hidden = state["scale_shift_table"].shape[1]
    channels, patch = state["pos_embed.proj.weight"].shape[1:3]
    depth = _depth(state)
    settings = _known(hidden, depth) | {
        "hidden": hidden,
        "depth": depth,
        "channels": channels,
        "patch": patch,
        "out_channels": state["proj_out.weight"].shape[0] // patch**2,
        "caption_channels": state["caption_projection.linear_1.weight"].shape[1],
        "interpolation_scale": 1,
    }
    if "pos_embed" in state:  # in PixArt's own files
        return settings | {"input_size": patch * math.isqrt(state["pos_embed"].shape[1])}
    return settings | ({"input_size": 32} if "heads" in settings else {})


def _sized(base: ModelConfig, s: Settings, **more: Any) -> ModelConfig:
    return replace(
        base,
        dim=s["hidden"],
        depth=s["depth"],
        heads=s["heads"],
        in_channels=s["channels"],
        input_size=s["input_size"],
        patch_size=s["patch"],
        **more,
    )


def _classed(base: ModelConfig, s: Settings, qk_norm: bool | str, **more: Any) -> ModelConfig:
    more |= {"num_classes": s["num_classes"], "qk_norm": qk_norm if s["qk_norm"] else False}
    return _sized(base, s, **more)


def _dit(s: Settings) -> ModelConfig:
    clock = {"time_scale": -float(STEPS), "time_offset": STEPS - 1.0}
    return _classed(PRESETS["DiT-S/2"], s, "layer", learn_sigma=s["learn_sigma"], **clock)


def _sit(s: Settings) -> ModelConfig:
    return _classed(PRESETS["SiT-S/2"], s, "layer", learn_sigma=s["learn_sigma"])


def _repa(s: Settings) -> ModelConfig:
    clock = {"time_scale": -1.0, "time_offset": 1.0}  # there t = 1 is noise
    return _classed(PRESETS["SiT-S/2"], s, "layer", learn_sigma=s["learn_sigma"], **clock)


def _lightningdit(s: Settings) -> ModelConfig:
    return _classed(PRESETS["LightningDiT-B/1"], s, True, learn_sigma=s["learn_sigma"])


def _ddt(s: Settings) -> ModelConfig:
    return _classed(PRESETS["DDT-B/2"], s, True, encoder_depth=s["encoder_depth"])


def _pixart(s: Settings) -> ModelConfig:
    return _sized(
        PRESETS["PixArt-XL/2"],
        s,
        text_dim=s["caption_channels"],
        learn_sigma=s["out_channels"] == 2 * s["channels"],
        position_scale=float(s["interpolation_scale"] or 1),
        time_scale=-float(STEPS),
        time_offset=STEPS - 1.0,
    )


_DIT_SHAPE = (
    "x_embedder.proj",
    "blocks.0.adaLN_modulation.1",
    "blocks.0.mlp.fc1",
    "y_embedder.embedding_table",
)
FAMILIES = {
    "dit": Family(keys.DIT, _DIT_SHAPE, _infer_dit, _dit, NOISE, absent=("projectors.",)),
    "sit": Family(keys.DIT, _DIT_SHAPE, _infer_dit, _sit, VELOCITY, absent=("projectors.",)),
    "lightningdit": Family(keys.LIGHTNINGDIT, ("blocks.0.mlp.w12",), _infer_dit, _lightningdit, VELOCITY),
    "ddt": Family(keys.DDT, ("s_embedder.proj", "blocks.0.mlp.w1"), _infer_ddt, _ddt, VELOCITY),
    "repa": Family(keys.REPA, (*_DIT_SHAPE, "projectors."), _infer_repa, _repa, VELOCITY),
    "pixart": Family(
        keys.PIXART, ("adaln_single.linear", "caption_projection."), _infer_pixart, _pixart, NOISE
    ),
}
