"""The Zero in adaLN-Zero, and the fault that overwrites it."""

import pytest
import torch
from torch import nn

import minidit
from minidit.model.block import Given
from minidit.model.init import initialise

SMALL = dict(in_channels=2, input_size=8, dim=32, depth=3, heads=4, num_classes=5)


def small(**more):
    return minidit.build("DiT-S/2", **SMALL | more)


def assert_starts_as_identity(model):
    x, t, labels = torch.randn(3, 2, 8, 8), torch.rand(3), torch.tensor([0, 4, 5])
    assert torch.equal(model(x, t, labels), torch.zeros(3, 4, 8, 8))
    tokens, given = torch.randn(3, 16, 32), Given(c=torch.randn(3, 1, 32))
    for block in model.blocks:
        assert torch.equal(block(tokens, given), tokens)


def test_a_fresh_model_returns_zero_and_its_blocks_the_identity():
    assert_starts_as_identity(small())


def test_the_check_turns_red_when_a_later_apply_overwrites_the_zeros():
    def xavier(module):
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)

    model = small()
    model.apply(xavier)
    with pytest.raises(AssertionError):
        assert_starts_as_identity(model)


def test_initialising_again_brings_the_zeros_back():
    model = small()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    assert_starts_as_identity(initialise(model, seed=1))


def test_the_rules_of_the_paper():
    state = minidit.build("DiT-S/2").state_dict()
    bound = (6 / (384 + 3 * 384)) ** 0.5
    assert state["blocks.0.attention.qkv.weight"].abs().max() == pytest.approx(bound, rel=1e-3)
    assert state["patch.weight"].abs().max() == pytest.approx((6 / (384 + 16)) ** 0.5, rel=1e-2)
    for name in ("label.table.weight", "time.up.weight", "time.down.weight"):
        assert state[name].std() == pytest.approx(0.02, rel=0.02)
    assert all((value == 0).all() for name, value in state.items() if name.endswith("bias"))


CAPTIONED = {"text_as": "cross_attention", "text_dim": 6}
VARIED = {
    "shallower": {"depth": 2},
    "swiglu": {"mlp": "swiglu"},
    "norms": {"norm": "rms", "norm_affine": True, "placement": "sandwich", "qk_norm": True},
    "captions": CAPTIONED | {"zero_init": "none"},
    "unmodulated": {"modulation": "none", "time_as": "token", "label_as": "token"},
    "shared": {"modulation": "shared", "zero_init": "none"},
    "places": {"position": "learned", "rope": "axial"},
    "masked": {"mask": 0.5, "decoder_dim": 16, "decoder_heads": 2, "decoder_depth": 1},
    "ddt": {"encoder_depth": 2, "zero_init": "none"},
    "routed": {"route": "1-2@0.5", "stochastic_depth": 0.2},
}


@pytest.mark.parametrize("variation", VARIED)
def test_a_shared_part_starts_alike_whatever_else_there_is(variation):
    plain, other = small(seed=7).state_dict(), small(seed=7, **VARIED[variation]).state_dict()
    zero_init = VARIED[variation].get("zero_init", "both")
    common = [name for name in plain if name in other and plain[name].shape == other[name].shape]
    assert {"patch.weight", "label.table.weight", "blocks.1.attention.qkv.weight"} <= set(common)
    for name in common:
        zeroed = "modulation" in name or name == "final.linear.weight"
        if zero_init == "both" or not zeroed:
            assert torch.equal(plain[name], other[name]), name


@pytest.mark.parametrize("variation", VARIED)
def test_every_parameter_has_its_rule_and_its_own_stream(variation):
    model = small(seed=3, **VARIED[variation])
    start = {name: value.clone() for name, value in model.named_parameters()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    initialise(model, seed=3)
    seen = []
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, start[name]), name  # so it was visited
        if parameter.numel() > 8 and parameter.std() > 0:
            seen.append(
                tuple(parameter.flatten()[:8].sign().tolist()) + tuple(parameter.flatten()[:1].tolist())
            )
    assert len(set(seen)) == len(seen), "two parameters drew the same numbers"


RULES = {
    "text.null": ("normal", 0.02),
    "text.project.up.weight": ("normal", 0.02),
    "position": ("normal", 0.02),
    "shared.weight": ("normal", 0.02),
    "blocks.0.modulation.table": ("normal", 384**-0.5),
    "final.modulation.table": ("normal", 384**-0.5),
    "blocks.0.cross.kv.weight": ("uniform", (6 / (3 * 384)) ** 0.5),
    "blocks.0.cross.out.weight": ("uniform", (6 / (2 * 384)) ** 0.5),
    "blocks.0.attention_norms.0.weight": ("constant", 1.0),
    "blocks.0.attention.q_norm.weight": ("constant", 1.0),
    "blocks.0.mlp.up.weight": ("uniform", (6 / (384 + 2 * 1024)) ** 0.5),
}


def test_the_rules_of_the_other_parts():
    settings = {"norm": "rms", "norm_affine": True, "qk_norm": True, "modulation": "shared", "mlp": "swiglu"}
    settings |= {"text_as": "cross_attention", "text_dim": 96, "position": "learned", "zero_init": "none"}
    state = minidit.build("DiT-S/2", depth=1, **settings).state_dict()
    for name, (kind, size) in RULES.items():
        value = state[name]
        if kind == "constant":
            assert (value == size).all(), name
        elif kind == "uniform":
            assert size * 0.99 < value.abs().max() <= size, name
        else:
            assert value.std() == pytest.approx(size, rel=5 / value.numel() ** 0.5), name
    assert all((value == 0).all() for name, value in state.items() if name.endswith("bias"))


def test_gates_without_modulation_start_closed_or_open():
    changes = VARIED["unmodulated"]
    assert not small(**changes).blocks[0].modulation.gates.any()
    assert (small(**changes, zero_init="head").blocks[0].modulation.gates == 1).all()


def test_building_draws_nothing_from_the_global_stream():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    small()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_equal_parts_start_differently_and_a_seed_decides():
    state, other = small(seed=0).state_dict(), small(seed=1).state_dict()
    name = "blocks.{}.attention.qkv.weight"
    assert not torch.equal(state[name.format(0)], state[name.format(1)])
    assert not torch.equal(state[name.format(0)], other[name.format(0)])
