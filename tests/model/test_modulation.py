"""Shifts, scales and gates: order, sharing, and one for each token."""

import pytest
import torch
import torch.nn.functional as F

import minidit
from minidit.model.block import FinalLayer
from minidit.model.init import xavier
from minidit.model.modulation import ConstantGates, Modulation, SharedModulation, into_slots
from minidit.model.norm import layer_norm


def test_into_slots_deals_shift_scale_gate_twice():
    assert into_slots("abcdef", True, True) == (("a", "b", "c"), ("d", "e", "f"))
    assert into_slots("abcd", True, False) == (("a", "b", None), ("c", "d", None))
    assert into_slots("ab", False, True) == ((None, None, "a"), (None, None, "b"))
    assert into_slots("", False, False) == ((None, None, None), (None, None, None))


def test_per_block_is_one_linear_layer_cut_in_parts():
    layer = Modulation(4, 3, 6, xavier).double()
    c = torch.randn(2, 5, 4, dtype=torch.float64)  # one condition a token
    parts = layer(c)
    assert len(parts) == 6
    for token in range(5):
        row = layer.linear.weight @ c[1, token] + layer.linear.bias
        for number, part in enumerate(parts):
            torch.testing.assert_close(part[1, token], row[3 * number : 3 * number + 3])


def test_shared_is_a_table_on_top_of_what_all_blocks_share():
    layer = SharedModulation(3, 6, xavier).double()
    torch.nn.init.normal_(layer.table)
    c = torch.randn(2, 1, 18, dtype=torch.float64)
    for number, part in enumerate(layer(c)):
        torch.testing.assert_close(part[:, 0], c[:, 0, 3 * number : 3 * number + 3] + layer.table[number])
    short = torch.randn(2, 1, 3, dtype=torch.float64)  # the last layer: one vector for both of its parts
    for number, part in enumerate(layer(short)):
        torch.testing.assert_close(part[:, 0], short[:, 0] + layer.table[number])


def test_constant_gates_read_no_condition():
    layer = ConstantGates(3, 2, xavier)
    one, two = layer(None)
    assert torch.equal(torch.stack([one, two]), layer.gates)


def test_the_last_layer_is_norm_shift_scale_linear(config, general):
    model = general(config)
    layer, x = model.final, torch.randn(2, 16, 16, dtype=torch.float64)
    for c in (torch.randn(2, 1, 16, dtype=torch.float64), torch.randn(2, 16, 16, dtype=torch.float64)):
        shift, scale = (c @ layer.modulation.linear.weight.T + layer.modulation.linear.bias).chunk(2, dim=-1)
        expected = (layer_norm(16)(x) * (1 + scale) + shift) @ layer.linear.weight.T + layer.linear.bias
        torch.testing.assert_close(layer(x, c), expected)
    assert isinstance(layer, FinalLayer)


def test_shared_modulation_goes_through_silu_once_and_the_last_layer_hears_the_bare_sum(
    config, general, inputs
):
    model = general(config, modulation="shared")
    heard = {}
    model.blocks[1].register_forward_pre_hook(lambda _, args: heard.update(block=args[1].c))
    model.final.register_forward_pre_hook(lambda _, args: heard.update(final=args[1]))
    x, t, condition = inputs(config)
    model(x, t, condition)
    bare = model.time(t) + model.label(condition.labels, condition.drop)  # (3, 16)
    assert torch.equal(heard["final"][:, 0], bare)
    torch.testing.assert_close(heard["block"][:, 0], model.shared(F.silu(bare)))


def test_blocks_and_last_layer_hear_the_silu_of_the_sum_per_block(config, general, inputs):
    model = general(config)
    heard = {}
    model.blocks[1].register_forward_pre_hook(lambda _, args: heard.update(block=args[1].c))
    model.final.register_forward_pre_hook(lambda _, args: heard.update(final=args[1]))
    x, t, condition = inputs(config)
    model(x, t, condition)
    c = F.silu(model.time(t) + model.label(condition.labels, condition.drop))
    assert torch.equal(heard["final"][:, 0], c) and torch.equal(heard["block"][:, 0], c)


@pytest.mark.parametrize(("gate", "parts"), [(True, 6), (False, 4)])
def test_what_the_ways_cost(config, gate, parts):
    def in_blocks(**changes):
        model = minidit.build(config, gate=gate, **changes)
        return sum(p.numel() for p in model.blocks.parameters()), model

    d, blocks = config.dim, config.depth
    without, _ = in_blocks(modulation="none", time_as="token", label_as="token")
    bare = without - 2 * d * blocks * gate  # less the constant gates
    per_block, _ = in_blocks()
    shared, model = in_blocks(modulation="shared")
    assert per_block - bare == blocks * parts * d * (d + 1)
    assert shared - bare == blocks * parts * d
    assert sum(p.numel() for p in model.shared.parameters()) == parts * d * (d + 1)
