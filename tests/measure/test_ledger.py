"""The ledger against published tables, closed forms, and PyTorch's own counter of FLOPs."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

import minidit
from minidit import Condition, Keys, MiniditError
from minidit.measure import ledger, parameters_by_part

# trainable parameters, and MACs of one image / 1e9: Peebles and Xie 2022, table 4 ("Gflops"), to more digits
DIT = {
    "DiT-S/8": (33_142_016, 0.358), "DiT-S/4": (32_920_448, 1.413), "DiT-S/2": (32_865_056, 6.056),
    "DiT-B/8": (130_869_248, 1.418), "DiT-B/4": (130_426_496, 5.565), "DiT-B/2": (130_315_808, 23.005),
    "DiT-L/8": (458_578_432, 5.011), "DiT-L/4": (457_988_224, 19.696), "DiT-L/2": (457_840_672, 80.698),
    "DiT-XL/8": (675_664_640, 7.392), "DiT-XL/4": (675_000_704, 29.044), "DiT-XL/2": (674_834_720, 118.621),
}  # fmt: skip
# counted on the authors' own networks
OTHERS = {
    "LightningDiT-B/1": (130_359_584, 23.01), "LightningDiT-B/2": (130_334_992, 23.00),
    "LightningDiT-L/2": (457_858_032, 80.68), "LightningDiT-XL/1": (674_961_824, 118.63),
    "LightningDiT-1p0B/1": (1_029_007_904, 179.15), "LightningDiT-1p6B/1": (1_631_308_368, 283.35),
    "DDT-B/2": (130_262_800, 26.92), "DDT-L/2": (457_648_144, 87.64), "DDT-XL/2": (674_646_352, 131.48),
    # our null caption is a learned token of width 4096; theirs is not trained
    "PixArt-XL/2": (610_856_096 + 4096, 149.05),
    # our null label is a row of the table; theirs is a vector of zeros, multiplied like every one-hot label
    "MaskDiT-S/2": (68_116_880 + 384, 13.09), "MaskDiT-B/2": (175_581_968 + 768, 30.10),
    "MaskDiT-XL/2": (730_115_216 + 1152, 125.78 - 1152e-6),
}  # fmt: skip
SMALL = {"dim": 32, "depth": 6, "heads": 4, "input_size": 16, "num_classes": 10}


def torch_counts(training=False, caption=120, **settings):
    """MACs by FlopCounterMode on the meta device (on the CPU it would count fused attention as 0)."""
    model = minidit.build(minidit.ModelConfig(**settings), device="meta").requires_grad_(False)
    config, meta = model.config, {"device": "meta"}
    text = torch.empty(1, caption, config.text_dim, **meta)
    condition = {"none": Condition(), "modulation": Condition(pooled=text[:, 0])}
    keys = Keys(
        route=torch.empty(1, 1, config.tokens, **meta) if training and config.route != "none" else None,
        mask=torch.empty(1, config.tokens, **meta) if training and config.mask else None,
    )
    with FlopCounterMode(display=False) as counter:
        images = torch.empty(1, config.in_channels, *config.image_size, **meta)
        model(images, torch.empty(1, **meta), condition.get(config.text_as, Condition(text=text)), keys=keys)
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("name", DIT | OTHERS)
def test_the_published_networks(name):
    parameters, gmacs = (DIT | OTHERS)[name]
    counted = ledger(name)
    assert counted.parameters == parameters
    assert counted.macs / 1e9 == pytest.approx(gmacs, abs=6e-4 if name in DIT else 6e-3)
    assert counted.flops == 2 * counted.macs


def test_every_part_by_its_formula():
    """DiT-B/4: width D, depth L, T tokens of p * p patches, C channels in and O out."""
    D, L, T, p, C, O, classes = 768, 12, 64, 4, 4, 8, 1000  # noqa: E741
    expected = {
        "patch": (C * p * p * D + D, T * C * p * p * D),
        "time": (256 * D + D + D * D + D, 256 * D + D * D),
        "label": ((classes + 1) * D, 0),
        "attention": (L * (3 * D * D + 3 * D + D * D + D), L * (4 * T * D * D + 2 * T * T * D)),
        "mlp": (L * (8 * D * D + 5 * D), L * 8 * T * D * D),
        "modulation": (L * 6 * D * (D + 1), L * 6 * D * D),
        "final": (2 * D * (D + 1) + (D + 1) * p * p * O, 2 * D * D + T * D * p * p * O),
    }
    counted = ledger("DiT-B/4")
    assert {row.part: (row.parameters, row.macs) for row in counted.rows} == expected
    assert [row.parameters for row in counted.rows] == sorted(
        (parameters for parameters, _ in expected.values()), reverse=True
    )


def test_adaln_is_a_third_of_dit_and_sharing_it_saves_that_third():
    for size, share, saved in (
        ("S", 32.39, 30.5),
        ("B", 32.63, 30.8),
        ("L", 33.01, 32.1),
        ("XL", 33.07, 32.3),
    ):
        own, shared = ledger(f"DiT-{size}/2"), ledger(f"DiT-{size}/2", modulation="shared")
        assert 100 * own["modulation"].parameters / own.parameters == pytest.approx(share, abs=0.005)
        assert 100 * (1 - shared.parameters / own.parameters) == pytest.approx(saved, abs=0.05)
    assert shared.parameters == 457_196_576
    assert shared["modulation"].parameters == 28 * 6 * 1152 and shared["modulation"].macs == 0
    assert shared["shared modulation"].parameters == 6 * 1152 * 1153


def test_a_token_of_ddt_has_a_modulation_of_its_own():
    """22 blocks of DDT-XL/2 are modulated once an image, the 6 of its decoder once a token."""
    counted = ledger("DDT-XL/2")
    assert counted["modulation"].macs == 6 * 1152**2 * (22 + 6 * 256)
    assert counted["patch"].parameters == 2 * 1152 * 17
    assert counted["norms"].parameters == 28 * 2 * 1152


def test_parts_that_only_some_networks_have():
    told = {"text_as": "cross_attention", "text_dim": 48}
    counted = ledger(minidit.ModelConfig(**SMALL, **told, position="learned"), caption_tokens=7)
    assert counted["cross-attention"].macs == 6 * (2 * 64 * 32**2 + 2 * 7 * 32**2 + 2 * 64 * 7 * 32)
    assert counted["text"].macs == 7 * (48 * 32 + 32 * 32)
    assert counted["text"].parameters == 48 + 48 * 32 + 32 + 32 * 32 + 32
    assert counted["position"].parameters == 64 * 32 and counted["position"].macs == 0
    masked = ledger("MaskDiT-S/2")
    assert "decoder" not in [row.part for row in counted.rows]
    block = 18 * 512**2 + (6 * 384 + 15 - 6 * 512) * 512  # its modulation listens to a c of width 384
    assert masked["decoder"].parameters == 8 * block + 512 + 2 * 384 * 385 + 385 * 512
    assert sum(masked[part].parameters for part in ("attention", "mlp", "modulation")) == 12 * (
        18 * 384**2 + 15 * 384
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"time_as": "token", "label_as": "token", "modulation": "none"},
        {"text_as": "token", "text_dim": 24, "time_as": "cross_attention"},
        {"text_as": "cross_attention", "text_dim": 24, "modulation": "shared"},
        {"text_as": "modulation", "text_dim": 24, "gate": False, "placement": "sandwich"},
        {"mlp": "swiglu", "norm": "rms", "norm_affine": True, "rope": "axial", "qk_norm": True},
        {"encoder_depth": 4, "rope": "ddt", "position": "none", "qkv_bias": False, "mlp_bias": False},
        {"input_size": (8, 24), "patch_size": 1, "in_channels": 3, "learn_sigma": False},
        {"mask": 0.5, "decoder_depth": 2, "decoder_dim": 24, "decoder_heads": 2},
        {"route": "2-5@0.3"},
    ],
    ids=lambda settings: "-".join(settings) or "dit",
)
def test_torch_counts_the_same(settings):
    settings = SMALL | settings
    for training in (False, True):
        counted = ledger(minidit.ModelConfig(**settings), training=training, caption_tokens=9)
        assert counted.macs == torch_counts(training, 9, **settings)
        assert counted.parameters == sum(
            p.numel() for p in minidit.build(minidit.ModelConfig(**settings)).parameters()
        )


@pytest.mark.parametrize(
    ("size", "gmacs", "shares"),
    [
        ("S", 4.20, {0.25: 0.844, 0.3: 0.815, 0.7: 0.581, 0.75: 0.553}),
        ("B", 16.13, {}),
        ("L", 48.2, {}),
        ("XL", 69.1, {0.25: 0.790, 0.3: 0.751, 0.5: 0.583, 0.7: 0.421, 0.75: 0.380}),
    ],
)
def test_a_route_of_tread_saves_what_is_published(size, gmacs, shares):
    """Krause et al. 2025, with their four output channels."""
    name = f"DiT-{size}/2"
    whole = ledger(name)
    routed = ledger(name, route="tread", learn_sigma=False, training=True)
    assert routed.macs / 1e9 == pytest.approx(gmacs, abs=0.05 if gmacs > 20 else 0.005)
    assert routed.parameters == ledger(name, learn_sigma=False).parameters
    assert ledger(name, route="tread").macs == whole.macs, "an evaluation skips nothing"
    last = minidit.PRESETS[name].depth - 3
    for skip, share in shares.items():
        counted = ledger(name, route=f"3-{last}@{skip}", training=True)
        assert counted.macs / whole.macs == pytest.approx(share, abs=6e-4)
    if size == "S":
        assert whole.macs / ledger(name, route="tread", training=True).macs == pytest.approx(1.44, abs=0.005)


def test_masking_and_stochastic_depth_save_work_in_training():
    masked, whole = ledger("MaskDiT-S/2", training=True), ledger("MaskDiT-S/2")
    assert masked["mlp"].macs == whole["mlp"].macs / 2
    assert masked["modulation"] == whole["modulation"]
    config = minidit.ModelConfig(**SMALL, stochastic_depth=0.6)
    skipping, whole = ledger(config, training=True), ledger(config)
    mean = sum(1 - 0.6 * block / 6 for block in range(1, 7)) / 6
    for part in ("attention", "mlp", "modulation"):
        assert skipping[part].macs == pytest.approx(mean * whole[part].macs, abs=6)
    assert skipping["final"] == whole["final"]


def test_a_network_that_is_there_is_counted_and_left_alone():
    model = minidit.build(minidit.ModelConfig(**SMALL))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    counted = ledger(model)
    assert counted.rows == ledger(model.config).rows
    assert {row.part: row.parameters for row in counted.rows} == parameters_by_part(model)
    assert ledger(model, depth=3)["mlp"].macs == counted["mlp"].macs / 2
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(layer._forward_hooks for layer in model.modules())


class Allocated(TorchDispatchMode):
    """Adds up the numbers of every tensor that is made and is not on the meta device."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for part in tree_leaves(out):
            if isinstance(part, torch.Tensor) and part.device.type != "meta":
                self.numbers += part.numel()
        return out


def test_nothing_is_allocated_and_no_chance_is_used():
    state = torch.get_rng_state()
    with Allocated() as allocated:
        ledger("DiT-S/2")
    assert allocated.numbers == 0
    with Allocated() as allocated:
        ledger("DiT-XL/2", route="tread", training=True)
    assert 0 < allocated.numbers <= 1024, "the keys of 256 tokens alone"
    assert torch.equal(torch.get_rng_state(), state)


def test_frozen_parameters_are_not_trained_and_foreign_ones_are_not_lost():
    model = nn.ModuleDict({"mlp": nn.Linear(2, 3), "projector": nn.Linear(3, 4), "time": nn.Linear(1, 1)})
    model["time"].requires_grad_(False)
    assert parameters_by_part(model) == {"mlp": 9, "other": 16}


def test_the_table_is_aligned_and_says_what_a_flop_is():
    lines = str(ledger("DiT-XL/2", modulation="shared")).splitlines()
    assert lines[0] == "DiT-XL/2, modulation shared"
    table = lines[1:-2]
    assert len({len(line) for line in table}) == 1 and len(table[0]) <= 80
    assert table[-1].split() == [
        "total", "457,196,576", "100.0%", "118,403,776,512", "236,807,553,024", "100.0%",
    ]  # fmt: skip
    assert "33.1%" in str(ledger("DiT-XL/2")) and "118.62 GMAC = 237.24 GFLOP" in str(ledger("DiT-XL/2"))
    assert lines[-1] == "Papers in this field print GMAC and call them GFLOPs."
    part = ledger("DiT-S/2")["mlp"]
    assert part.flops == 2 * part.macs and f"{part.flops:,}" in str(ledger("DiT-S/2"))
    captions = str(ledger("PixArt-XL/2", training=True)).splitlines()[0]
    assert captions == "PixArt-XL/2, captions of 120 tokens, a pass of training"
    assert str(ledger(minidit.ModelConfig(**SMALL))).startswith("DiT of width 32\n")


def test_bad_input_is_refused():
    with pytest.raises(MiniditError, match=r"Did you mean DiT-S/2"):
        ledger("DiT-S2")
    with pytest.raises(MiniditError, match="no setting 'widht'"):
        ledger("DiT-S/2", widht=3)
    with pytest.raises(MiniditError, match="A Linear has no ModelConfig"):
        ledger(nn.Linear(2, 2))
    with pytest.raises(MiniditError, match="caption_tokens is 0"):
        ledger("PixArt-XL/2", caption_tokens=0)
    with pytest.raises(MiniditError, match="no part 'text'; it has: mlp, modulation"):
        ledger("DiT-S/2")["text"]
