"""The settings of published weights: what the shapes tell, what a config says, what must be asked for."""

from collections.abc import Mapping
from typing import Any

from minidit.errors import MiniditError, did_you_mean
from minidit.model.config import ModelConfig
from minidit.official.families import Family, Settings, State

IGNORED = ("family", "note", "time")  # remarks of a test vector
_COMMON = ("hidden", "depth", "heads", "input_size", "channels", "patch")
_CLASS = (*_COMMON, "num_classes", "learn_sigma", "qk_norm")
NEEDED = {
    "dit": _CLASS,
    "sit": _CLASS,
    "lightningdit": _CLASS,
    "repa": (*_CLASS, "encoder_depth", "z_dims"),
    "ddt": (*_COMMON, "num_classes", "qk_norm", "encoder_depth"),
    "pixart": (*_COMMON, "out_channels", "caption_channels", "interpolation_scale"),
}
# what a config may say otherwise than the guess from shapes: they tell these for known presets only
GUESSED = ("heads", "encoder_depth", "input_size", "interpolation_scale", "patch", "channels")


def settle(family: str, known: Family, state: State, told: Mapping[str, Any]) -> Settings:
    """All settings of the weights in `state`, by what is `told` and by what the shapes say.

    Raises:
        MiniditError: a setting that this family does not have, that the shapes contradict, or that neither
            tells.
    """
    needed = NEEDED[family]
    if "family" in told and str(told["family"]).split()[:1] != [family]:
        raise MiniditError(f"The config is of the family {told['family']!r}, but {family!r} was asked for.")
    told = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in told.items()
        if name not in IGNORED
    }
    for name in told:
        if name not in needed:
            raise MiniditError(
                f"A {family} has no setting {name!r}.{did_you_mean(name, needed)} "
                f"It has: {', '.join(needed)}."
            )
    seen = _see(family, known, state)
    for name in set(told) & set(seen) - set(GUESSED):
        if told[name] != seen[name]:
            raise MiniditError(
                f"The config says {name} = {told[name]}, but the weights have {name} = {seen[name]}."
            )
    missing = [name for name in needed if name not in seen and name not in told]
    if missing:
        example = ", ".join(f'"{name}": ...' for name in missing)
        raise MiniditError(
            f"The shapes of these weights do not tell {', '.join(missing)}, and they are no known preset: "
            f"give config={{{example}}}."
        )
    return seen | told


def _see(family: str, known: Family, state: State) -> Settings:
    try:
        return known.infer(state)
    except KeyError as error:
        raise MiniditError(f"These weights are not a whole {family}: {error.args[0]} is missing.") from error
    except (ValueError, IndexError) as error:
        raise MiniditError(
            f"The first and last layers of these weights do not have the shapes of a {family}'s."
        ) from error


def in_publishers_words(config: ModelConfig) -> Settings:
    """The settings of one of our networks in the words of all families at once."""
    return {
        "hidden": config.dim,
        "depth": config.depth,
        "heads": config.heads,
        "input_size": config.input_size,
        "channels": config.in_channels,
        "patch": config.patch_size,
        "num_classes": config.num_classes,
        "learn_sigma": config.learn_sigma,
        "qk_norm": bool(config.qk_norm),
        "encoder_depth": config.encoder_depth,
        "caption_channels": config.text_dim,
        "out_channels": config.out_channels,
        "interpolation_scale": config.position_scale,
    }


# diffusers' word, the publisher's
WORDS = {
    "num_layers": "depth",
    "num_attention_heads": "heads",
    "sample_size": "input_size",
    "in_channels": "channels",
    "patch_size": "patch",
}


def from_diffusers(family: str, config: Mapping[str, Any]) -> Settings:
    """What the config.json of a diffusers folder says, in the publisher's words; nothing of nothing."""
    settings = {ours: config[theirs] for theirs, ours in WORDS.items() if theirs in config}
    if family != "pixart" or not config:
        return settings
    side, micro = config.get("sample_size", 32), config.get("use_additional_conditions")
    if micro or (micro is None and side == 128):
        raise MiniditError(
            "PixArt's 1024-pixel weights are told resolution and aspect ratio, which our network is not: "
            "take PixArt-XL-2-256x256 or PixArt-XL-2-512x512."
        )
    # as diffusers has it where the file says nothing: 1 up to 512 pixels, 2 for 1024
    scale = {"interpolation_scale": config.get("interpolation_scale") or max(side // 64, 1)}
    return settings | scale | {n: config[n] for n in ("out_channels", "caption_channels") if config.get(n)}
