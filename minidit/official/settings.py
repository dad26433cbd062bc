"""The settings of published weights: what the shapes tell, what a config says, what must be asked for."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from minidit.errors import MiniditError
from minidit.official.families import Family, Settings, State

IGNORED = ("family", "note", "time")  # remarks of a test vector
NEEDED = {
    "dit": ("hidden", "depth", "heads", "input_size", "channels", "patch", "num_classes", "learn_sigma", "qk_norm"),
    "pixart": (
        "hidden", "depth", "heads", "input_size", "channels", "patch", "out_channels", "caption_channels",
        "interpolation_scale",
    ),
}  # fmt: skip
NEEDED |= {
    "sit": NEEDED["dit"],
    "lightningdit": NEEDED["dit"],
    "repa": (*NEEDED["dit"], "encoder_depth", "z_dims"),
    "ddt": (
        "hidden", "depth", "encoder_depth", "heads", "input_size", "channels", "patch", "num_classes", "qk_norm",
    ),
}  # fmt: skip


def settle(family: str, known: Family, state: State, told: Mapping[str, Any]) -> Settings:
    """All settings of the weights in `state`, by what is `told` and by what the shapes say.

    Raises:
        MiniditError: a setting that this family does not have, that the shapes contradict, or that neither
            tells.
    """
    needed = NEEDED[family]
    if "family" in told and str(told["family"]).split()[0] != family:
        raise MiniditError(f"The config is of the family {told['family']!r}, but {family!r} was asked for.")
    told = {name: value for name, value in told.items() if name not in IGNORED}
    for name in told:
        if name not in needed:
            near = get_close_matches(name, needed, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise MiniditError(f"A {family} has no setting {name!r}.{hint} It has: {', '.join(needed)}.")
    try:
        seen = known.infer(state)
    except (KeyError, ValueError, IndexError) as error:
        raise MiniditError(
            f"These weights are not a whole {family}: {error.args[0]} is missing or has another shape."
        ) from error
    free = ("heads", "encoder_depth", "input_size", "interpolation_scale", "patch", "channels")
    settings = seen | dict(told)
    for name, value in seen.items():
        telling = name not in free or (name == "input_size" and "pos_embed" in state)
        if telling and name in told and told[name] != value:
            raise MiniditError(
                f"The config says {name} = {told[name]}, but the weights have {name} = {value}."
            )
    missing = [name for name in needed if name not in settings]
    if missing:
        example = ", ".join(f'"{name}": ...' for name in missing)
        raise MiniditError(
            f"The shapes of these weights do not tell {', '.join(missing)}, and they are no known preset: "
            f"give config={{{example}}}."
        )
    return settings


# diffusers' word, the publisher's
WORDS = {
    "num_layers": "depth",
    "num_attention_heads": "heads",
    "sample_size": "input_size",
    "in_channels": "channels",
    "patch_size": "patch",
}


def from_diffusers(config: Mapping[str, Any]) -> Settings:
    """What the config.json of a diffusers folder says, in the publisher's words; nothing of nothing."""
    settings = {ours: config[theirs] for theirs, ours in WORDS.items() if theirs in config}
    if config.get("_class_name") == "PixArtTransformer2DModel":
        side = config["sample_size"]
        # as diffusers has it where the file says nothing: 1 up to 512 pixels, 2 for 1024
        settings["interpolation_scale"] = config.get("interpolation_scale") or max(side // 64, 1)
        settings |= {name: config[name] for name in ("out_channels", "caption_channels") if config.get(name)}
        if config.get("use_additional_conditions") or (
            config.get("use_additional_conditions") is None and side == 128
        ):
            raise MiniditError(
                "PixArt's 1024-pixel weights are told resolution and aspect ratio, which minidit's network is "
                "not: take PixArt-XL-2-256x256 or PixArt-XL-2-512x512."
            )
    return settings
