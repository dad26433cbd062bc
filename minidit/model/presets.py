"""The published networks, as tables: what differs from DiT stands in one row."""

from dataclasses import replace

from minidit.model.config import ModelConfig

# width, depth, heads (Peebles and Xie 2022, table 1)
SIZES = {"S": (384, 12, 6), "B": (768, 12, 12), "L": (1024, 24, 16), "XL": (1152, 28, 16)}
LARGER = {"1p0B": (1536, 24, 24), "1p6B": (1792, 28, 28)}  # LightningDiT's
DDT_ENCODERS = {"B": 8, "L": 20, "XL": 22}  # of 12, 24 and 28 blocks

DIT = ModelConfig()

# Ma et al. 2024: DiT's network on a continuous time that is not stretched
SIT = replace(DIT, time_scale=1.0)

# Yao et al. 2025, table 1: SwiGLU, RMSNorm with gain, RoPE beside the sine table
LIGHTNING = replace(SIT, mlp="swiglu", norm="rms", norm_affine=True, rope="axial", learn_sigma=False)

# Wang et al. 2025: an encoder whose tokens modulate a decoder, token by token; only the head starts at zero
DDT = replace(
    LIGHTNING,
    position="none",
    rope="ddt",
    qk_norm=True,
    qkv_bias=False,
    mlp_bias=False,
    time_period=10.0,
    zero_init="head",
)

# Chen et al. 2023: captions by cross-attention, time alone by a modulation that all blocks share. Its own
# tables start at N(0, 1/dim) when trained from scratch; here "both" makes it the identity, like DiT.
PIXART = replace(
    DIT, modulation="shared", label_as="none", text_as="cross_attention", text_dim=4096, num_classes=1
)

# Zheng et al. 2023: half the tokens never enter the encoder; a decoder of width 512 fills them in
MASKDIT = replace(DIT, mask=0.5, learn_sigma=False)

PATCHES = {2: (4, 32), 1: (32, 16)}  # patch: channels and side of the latents that it is published for


def _sized(base: ModelConfig, size: tuple[int, int, int], patch: int) -> ModelConfig:
    dim, depth, heads = size
    return replace(base, dim=dim, depth=depth, heads=heads, patch_size=patch)


def _lightning(size: tuple[int, int, int], patch: int) -> ModelConfig:
    channels, side = PATCHES[patch]
    return replace(_sized(LIGHTNING, size, patch), in_channels=channels, input_size=side)


PRESETS = {
    **{f"DiT-{name}/{p}": _sized(DIT, size, p) for name, size in SIZES.items() for p in (2, 4, 8)},
    **{f"SiT-{name}/{p}": _sized(SIT, size, p) for name, size in SIZES.items() for p in (2, 4, 8)},
    **{
        f"LightningDiT-{name}/{p}": _lightning(size, p)
        for name, size in (SIZES | LARGER).items()
        for p in PATCHES
        if name != "S"
    },
    **{
        f"DDT-{name}/2": replace(_sized(DDT, SIZES[name], 2), encoder_depth=blocks)
        for name, blocks in DDT_ENCODERS.items()
    },
    "PixArt-XL/2": _sized(PIXART, SIZES["XL"], 2),
    **{f"MaskDiT-{name}/2": _sized(MASKDIT, size, 2) for name, size in SIZES.items()},
}
