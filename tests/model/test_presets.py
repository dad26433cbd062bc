"""The published networks, counted and compared with their tables."""

import pytest

import minidit
from minidit.model import DDT, DiT, MaskDiT

# trainable parameters at 32 x 32 x 4 (patch 1: 16 x 16 x 32), 1000 classes, as published or measured on the
# authors' code; SiT is DiT's network
DIT = {
    "S/8": 33_142_016, "S/4": 32_920_448, "S/2": 32_865_056,
    "B/8": 130_869_248, "B/4": 130_426_496, "B/2": 130_315_808,
    "L/8": 458_578_432, "L/4": 457_988_224, "L/2": 457_840_672,
    "XL/8": 675_664_640, "XL/4": 675_000_704, "XL/2": 674_834_720,
}  # fmt: skip
TRAINABLE = {
    **{f"{family}-{size}": count for family in ("DiT", "SiT") for size, count in DIT.items()},
    "LightningDiT-B/1": 130_359_584, "LightningDiT-B/2": 130_334_992,
    "LightningDiT-L/2": 457_858_032, "LightningDiT-XL/1": 674_961_824,
    "LightningDiT-1p0B/1": 1_029_007_904, "LightningDiT-1p6B/1": 1_631_308_368,
    "DDT-B/2": 130_262_800, "DDT-L/2": 457_648_144, "DDT-XL/2": 674_646_352,
    # our null caption is one learned token of width 4096; PixArt's is a buffer that nobody trains
    "PixArt-XL/2": 610_856_096 + 4096,
    # our null label is a row of the table; MaskDiT's is the zero vector
    "MaskDiT-S/2": 68_116_880 + 384, "MaskDiT-B/2": 175_581_968 + 768, "MaskDiT-XL/2": 730_115_216 + 1152,
}  # fmt: skip
# no published count: from the formula below
UNPUBLISHED = {
    "LightningDiT-L/1",
    "LightningDiT-XL/2",
    "LightningDiT-1p0B/2",
    "LightningDiT-1p6B/2",
    "MaskDiT-L/2",
}

SIZES = {
    "S": (384, 12), "B": (768, 12), "L": (1024, 24), "XL": (1152, 28), "1p0B": (1536, 24), "1p6B": (1792, 28),
}  # fmt: skip


def linear(inside, outside):
    return inside * outside + outside


def stem(values, dim):
    """Patches, time, and 1001 labels."""
    return linear(values, dim) + linear(256, dim) + linear(dim, dim) + 1001 * dim


def dit_block(dim, told):
    return (
        linear(dim, 3 * dim)
        + linear(dim, dim)
        + linear(dim, 4 * dim)
        + linear(4 * dim, dim)
        + linear(told, 6 * dim)
    )


def lightning(dim, depth, values):
    hidden = int(2 / 3 * 4 * dim)
    block = linear(dim, 3 * dim) + linear(dim, dim) + linear(dim, 2 * hidden) + linear(hidden, dim)
    block += 2 * dim + linear(dim, 6 * dim)
    return stem(values, dim) + depth * block + dim + linear(dim, 2 * dim) + linear(dim, values)


def maskdit(dim, depth, values):
    between = linear(dim, 2 * dim) + linear(dim, 512) + 512
    decoder = 8 * dit_block(512, dim) + linear(dim, 2 * 512) + linear(512, values)
    return stem(values, dim) + depth * dit_block(dim, dim) + between + decoder


def by_formula(name):
    family, size = name.split("-", 1)
    size, patch = size.split("/")
    values = 32 if patch == "1" else 16
    return (lightning if family == "LightningDiT" else maskdit)(*SIZES[size], values)


def count(name):
    return sum(p.numel() for p in minidit.build(name, device="meta").parameters() if p.requires_grad)


@pytest.mark.parametrize("name", TRAINABLE)
def test_parameter_count(name):
    assert count(name) == TRAINABLE[name]


@pytest.mark.parametrize(
    "name", [name for name in minidit.PRESETS if name.startswith(("Lightning", "MaskDiT"))]
)
def test_parameter_count_by_formula(name):
    assert count(name) == by_formula(name)


def test_every_preset_is_counted():
    assert set(TRAINABLE) | UNPUBLISHED == set(minidit.PRESETS)
    assert not set(TRAINABLE) & UNPUBLISHED


def test_a_third_of_xl_is_modulation_and_sharing_it_saves_as_much():
    def in_all(**changes):
        return sum(p.numel() for p in minidit.build("DiT-XL/2", device="meta", **changes).parameters())

    model = minidit.build("DiT-XL/2", device="meta")
    modulation = sum(p.numel() for block in model.blocks for p in block.modulation.parameters())
    assert modulation == 223_147_008 and round(100 * modulation / in_all(), 2) == 33.07
    assert in_all(modulation="shared") == 457_196_576
    assert round(100 * (1 - 457_196_576 / in_all()), 1) == 32.3


def test_which_network_a_preset_is():
    def kind(name):
        return type(minidit.build(name, device="meta"))

    assert [kind(f"{family}-B/2") for family in ("DiT", "SiT", "LightningDiT")] == [DiT] * 3
    assert (kind("DDT-B/2"), kind("PixArt-XL/2"), kind("MaskDiT-B/2")) == (DDT, DiT, MaskDiT)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("DiT-S/2", {"time_scale": 1000.0, "learn_sigma": True, "zero_init": "both", "norm_affine": False}),
        ("SiT-XL/2", {"time_scale": 1.0, "learn_sigma": True, "position": "sincos", "rope": "none"}),
        ("LightningDiT-XL/1", {"in_channels": 32, "input_size": 16, "norm": "rms", "norm_affine": True}),
        ("LightningDiT-XL/1", {"mlp": "swiglu", "rope": "axial", "position": "sincos", "qk_norm": False}),
        ("LightningDiT-1p6B/2", {"in_channels": 4, "input_size": 32, "heads": 28, "learn_sigma": False}),
        (
            "DDT-XL/2",
            {"encoder_depth": 22, "depth": 28, "rope": "ddt", "position": "none", "time_period": 10.0},
        ),
        ("DDT-B/2", {"encoder_depth": 8, "qk_norm": True, "qkv_bias": False, "mlp_bias": False}),
        ("DDT-L/2", {"encoder_depth": 20, "zero_init": "head", "norm": "rms", "norm_affine": True}),
        ("PixArt-XL/2", {"modulation": "shared", "text_as": "cross_attention", "label_as": "none"}),
        ("MaskDiT-XL/2", {"mask": 0.5, "decoder_depth": 8, "decoder_dim": 512, "decoder_heads": 16}),
    ],
)
def test_what_the_papers_say(name, settings):
    config = minidit.PRESETS[name]
    assert {key: getattr(config, key) for key in settings} == settings


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(minidit.MiniditError, match="Did you mean DiT-S/2"):
        minidit.build("DiT-S2")


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(minidit.MiniditError, match="Did you mean num_classes"):
        minidit.build("DiT-S/2", num_class=10)
