"""DiT's position table against slow loops, and the learned one."""

import math

import pytest
import torch

import minidit
from minidit.model.position import sincos_2d


def slow(rows, columns, dim, scale=1.0):
    table, quarter = [], dim // 4
    for row in range(rows):
        for column in range(columns):
            omega = [10000 ** (-k / quarter) for k in range(quarter)]
            vector = []
            for place in (column / scale, row / scale):
                vector += [math.sin(place * w) for w in omega] + [math.cos(place * w) for w in omega]
            table.append(vector)
    return torch.tensor(table, dtype=torch.float64).float()


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (5, 3), (1, 4)])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_equals_the_loops(rows, columns, scale):
    assert torch.equal(sincos_2d(rows, columns, 16, scale), slow(rows, columns, 16, scale))


def test_the_first_half_tells_the_column_and_the_second_the_row():
    table = sincos_2d(4, 4, 16).view(4, 4, 16)
    assert torch.equal(table[0, 2, :8], table[3, 2, :8])
    assert torch.equal(table[2, 0, 8:], table[2, 3, 8:])


@pytest.mark.parametrize("size", [8, (8, 12), (4, 6)])
def test_a_network_has_the_table_of_its_grid(config, size):
    model = minidit.build(config, input_size=size, position_scale=2.0)
    assert torch.equal(model.position, slow(*model.config.grid, 16, 2.0))
    assert "position" not in model.state_dict(), "it can be made again"


def test_learned_positions_are_parameters_and_none_are_none(config):
    learned = minidit.build(config, position="learned")
    assert learned.position.requires_grad and learned.state_dict()["position"].shape == (16, 16)
    assert not minidit.build(config, position="none").position.any()


@pytest.mark.parametrize(
    ("position", "rope"), [("none", "none"), ("none", "axial"), ("sincos", "none"), ("learned", "none")]
)
def test_only_without_any_position_do_tokens_lose_their_place(general, config, inputs, position, rope):
    model = general(config, patch_size=1, position=position, rope=rope)
    x, t, condition = inputs(model.config)
    mirrored = model(x.flip(3), t, condition).flip(3)
    same = torch.allclose(mirrored, model(x, t, condition))
    assert same == (position == rope == "none")
