"""What cannot be built, and the sentence that says why: one table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minidit.errors import MiniditError
from minidit.model.route import parse_routes

if TYPE_CHECKING:
    from minidit.model.config import ModelConfig

WAYS = ("modulation", "token", "cross_attention", "none")
WORDS = {
    "mlp": ("gelu", "swiglu"),
    "norm": ("layer", "rms", "ada", "detach", "none"),
    "placement": ("pre", "post", "sandwich"),
    "qk_norm": (False, True, "layer"),
    "position": ("sincos", "learned", "none"),
    "rope": ("none", "axial", "ddt"),
    "time_as": WAYS,
    "label_as": WAYS,
    "text_as": WAYS,
    "modulation": ("per_block", "shared", "none"),
    "zero_init": ("none", "gates", "head", "both"),
}
AT_LEAST_ONE = ("in_channels", "patch_size", "dim", "depth", "heads", "num_classes")
DECODER = ("decoder_depth", "decoder_dim", "decoder_heads")


def refuse(config: ModelConfig) -> None:
    """Raise MiniditError with the first reason why `config` cannot be built."""
    for reasons in (_types, _words, _numbers, _shapes, _choices, _told, _dropped, _ddt):
        for wrong, sentence in reasons(config):
            if wrong:
                raise MiniditError(sentence)


Reasons = Iterator[tuple[bool, str]]

WHOLE = (*AT_LEAST_ONE, *DECODER, "text_dim", "encoder_depth")
NUMBERS = (
    "mlp_ratio",
    "residual_scale",
    "position_scale",
    "time_scale",
    "time_offset",
    "time_period",
    "stochastic_depth",
    "mask",
)
YES_OR_NO = ("mlp_bias", "norm_affine", "qkv_bias", "gate", "learn_sigma")


def _types(c: ModelConfig) -> Reasons:
    """Settings travel as JSON and are compared: 2.0 is no depth, and "false" would count as true."""
    kinds = [(WHOLE, (int,), "a whole number"), (NUMBERS, (int, float), "a number")]
    kinds += [(YES_OR_NO, (bool,), "True or False"), (("route",), (str,), "words")]
    for names, types, kind in kinds:
        for name in names:
            value = getattr(c, name)
            yield type(value) not in types, f"model.{name} is {value!r}; it must be {kind}."
    sides = c.input_size if isinstance(c.input_size, tuple) else (c.input_size, c.input_size)
    whole = len(sides) == 2 and all(type(side) is int for side in sides)
    yield not whole, f"model.input_size is {c.input_size!r}; give a side such as 32, or (height, width)."


def _words(c: ModelConfig) -> Reasons:
    for name, known in WORDS.items():
        value = getattr(c, name)
        # 1 == True in Python: a bool is told from a number by its type as well
        good = any(value == word and type(value) is type(word) for word in known)
        yield not good, f"model.{name} is {value!r}; it must be one of: {', '.join(map(str, known))}."


def _numbers(c: ModelConfig) -> Reasons:
    for name in AT_LEAST_ONE + (DECODER if c.mask else ()):
        value = getattr(c, name)
        yield not value >= 1, f"model.{name} is {value}; it must be at least 1."
    size = c.image_size
    yield min(size) < 1, f"model.input_size is {c.input_size}; it must be at least 1."
    least = 1.5 if c.mlp == "swiglu" else 1.0  # SwiGLU takes two thirds
    yield (
        not least <= c.mlp_ratio * c.dim < math.inf,
        f"model.mlp_ratio is {c.mlp_ratio}; times model.dim {c.dim} it must be at least {least:g}, or the "
        "MLP has no hidden unit: 4.0 is usual.",
    )
    for name in ("stochastic_depth", "mask"):
        value = getattr(c, name)
        yield not 0 <= value < 1, f"model.{name} is {value}; it is a share, from 0 to less than 1."
    for name, least in (("residual_scale", 0), ("position_scale", 0), ("time_period", 1)):
        value = getattr(c, name)
        yield not least < value < math.inf, f"model.{name} is {value}; it must be more than {least}."
    for name in ("time_scale", "time_offset"):
        value = getattr(c, name)
        yield not math.isfinite(value), f"model.{name} is {value}; it must be a finite number."


def _shapes(c: ModelConfig) -> Reasons:
    height, width = c.image_size
    yield (
        bool(height % c.patch_size or width % c.patch_size),
        f"model.patch_size {c.patch_size} does not divide model.input_size {c.input_size}: "
        f"choose a patch of {_divisors(math.gcd(height, width))}, or images of another side.",
    )
    yield (
        bool(c.dim % c.heads),
        f"model.heads {c.heads} does not divide model.dim {c.dim}: every head needs an equal, whole share "
        "of the width.",
    )
    yield (
        c.position == "sincos" and bool(c.dim % 4),
        f"model.dim is {c.dim}; it must be a multiple of 4, because a position is written as sines and "
        'cosines of its row and of its column. Or take model.position="learned".',
    )
    yield (
        c.rope != "none" and bool(c.dim // c.heads % 4),
        f"model.rope turns pairs of numbers by row and by column, so a head's width must be a multiple of 4; "
        f"it is {c.dim} / {c.heads} = {c.dim // c.heads}. Choose other heads, or rope none.",
    )


def _choices(c: ModelConfig) -> Reasons:
    yield (
        c.norm_affine and c.norm not in ("layer", "rms"),
        f'model.norm "{c.norm}" has no gain or bias to learn: set norm_affine false, or norm layer or rms.',
    )
    yield (
        c.norm == "none" and c.placement != "pre",
        f'model.placement "{c.placement}" says where the norm stands, but model.norm is "none": '
        "leave placement pre, or choose a norm.",
    )
    yield (
        c.position != "sincos" and c.position_scale != 1,
        f'model.position_scale {c.position_scale} divides the coordinates of position "sincos"; '
        f'position is "{c.position}". Leave it at 1.',
    )
    yield (
        c.zero_init == "gates" and c.modulation == "none" and not c.gate and not c.told_as("cross_attention"),
        'model.zero_init "gates" has nothing to zero: there is no modulation, no gate and no '
        'cross-attention. Choose "head" or "none".',
    )


def _told(c: ModelConfig) -> Reasons:
    modulated = c.told_as("modulation")
    yield (
        c.modulation == "none" and bool(modulated),
        f'model.modulation is "none", but {" and ".join(modulated)} should be told by modulation: '
        f"set {', '.join(name + '_as' for name in modulated)} to token, cross_attention or none.",
    )
    yield (
        c.modulation != "none" and not modulated,
        f'model.modulation is "{c.modulation}", but nothing is told by modulation: set it to none, or '
        "time_as to modulation.",
    )
    yield (
        c.text_as != "none" and c.text_dim < 1,
        f'model.text_as is "{c.text_as}", but model.text_dim is {c.text_dim}: give the width of a caption '
        "token (4096 for T5-XXL).",
    )


def _dropped(c: ModelConfig) -> Reasons:
    routes = parse_routes(c.route, c.depth)  # raises its own sentences
    yield (
        bool(c.mask and routes),
        "model.mask hides tokens from the whole encoder and model.route from some blocks: choose one.",
    )
    yield (
        bool(c.mask) and int(c.tokens * (1 - c.mask)) < 1,
        f"model.mask {c.mask} hides all {c.tokens} tokens of an image from the encoder: hide fewer.",
    )
    yield (
        bool(c.mask) and c.modulation == "shared",
        "model.mask adds a decoder of another width, which shared modulation does not reach: set "
        "modulation per_block.",
    )
    yield (
        bool(c.mask) and bool(c.decoder_dim % c.decoder_heads),
        f"model.decoder_heads {c.decoder_heads} does not divide model.decoder_dim {c.decoder_dim}.",
    )
    yield (
        bool(c.mask) and c.position == "sincos" and bool(c.decoder_dim % 4),
        f"model.decoder_dim is {c.decoder_dim}; it must be a multiple of 4 for sine and cosine positions.",
    )
    yield (
        bool(c.mask) and c.rope != "none" and bool(c.decoder_dim // c.decoder_heads % 4),
        f"model.rope needs heads of a width that is a multiple of 4; the decoder's is {c.decoder_dim} / "
        f"{c.decoder_heads}. Choose other decoder_heads.",
    )


def _ddt(c: ModelConfig) -> Reasons:
    if c.encoder_depth == 0:
        return
    yield (
        not 1 <= c.encoder_depth < c.depth,
        f"model.encoder_depth is {c.encoder_depth}; DDT needs at least one block of its {c.depth} in the "
        "encoder and one in the decoder.",
    )
    yield (
        (c.modulation, c.time_as) != ("per_block", "modulation")
        or c.label_as not in ("modulation", "none")
        or c.text_as != "none",
        "DDT's decoder listens to its encoder through modulation alone: set modulation per_block, time_as "
        "modulation, label_as modulation or none, text_as none, or encoder_depth 0.",
    )
    yield (
        bool(c.mask),
        "model.mask brings a decoder, and so does DDT: set mask or encoder_depth to 0.",
    )
    yield (
        any(route.start <= c.encoder_depth < route.end for route in parse_routes(c.route, c.depth)),
        f"model.route {c.route} crosses from DDT's encoder (blocks 1 to {c.encoder_depth}) into its decoder: "
        "a route must lie in one of them.",
    )


def _divisors(n: int) -> str:
    return ", ".join(str(p) for p in range(1, n + 1) if n % p == 0)
