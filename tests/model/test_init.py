"""The Zero in adaLN-Zero, and the fault that overwrites it."""

import pytest
import torch
from torch import nn

import minidit
from minidit.model.init import initialise

SMALL = dict(in_channels=2, input_size=8, dim=32, depth=3, heads=4, num_classes=5)


def small(**more):
    return minidit.build("DiT-S/2", **SMALL | more)


def assert_starts_as_identity(model):
    x, t, labels = torch.randn(3, 2, 8, 8), torch.rand(3), torch.tensor([0, 4, 5])
    assert torch.equal(model(x, t, labels), torch.zeros(3, 4, 8, 8))
    tokens, c = torch.randn(3, 16, 32), torch.randn(3, 32)
    for block in model.blocks:
        assert torch.equal(block(tokens, c), tokens)


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


def test_a_shared_part_starts_alike_whatever_else_there_is():
    shallow, deep = small(depth=2, seed=7).state_dict(), small(depth=4, seed=7).state_dict()
    assert all(torch.equal(value, deep[name]) for name, value in shallow.items())


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
