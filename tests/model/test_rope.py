"""RoPE against complex numbers, and what it is for."""

import math

import pytest
import torch

from minidit.model.block import Given
from minidit.model.rope import ROPES, axial, ddt, rotate, unturned

ROWS, COLUMNS, HEAD = 3, 5, 16
every_layout = pytest.mark.parametrize("layout", ["axial", "ddt"])


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def slow_angle(layout, row, column, pair):
    """By how much the pair (2 pair, 2 pair + 1) of a head turns."""
    quarter = HEAD // 4
    if layout == "axial":  # the first half of the pairs by the row, the second by the column
        place, speed = (row, pair) if pair < quarter else (column, pair - quarter)
    else:  # column, row, column, row ...; both sides of an image run from 0 to 16
        place = 16 * row / (ROWS - 1) if pair % 2 else 16 * column / (COLUMNS - 1)
        speed = pair // 2
    return place * 10000 ** (-2 * speed / (HEAD / 2))


def slow_rotate(layout, x):
    """x (tokens, head), token by token and pair by pair."""
    out = torch.zeros_like(x)
    for token in range(len(x)):
        for pair in range(HEAD // 2):
            angle = slow_angle(layout, token // COLUMNS, token % COLUMNS, pair)
            turned = complex(*x[token, 2 * pair : 2 * pair + 2].tolist()) * complex(
                math.cos(angle), math.sin(angle)
            )
            out[token, 2 * pair], out[token, 2 * pair + 1] = turned.real, turned.imag
    return out


@every_layout
def test_equals_the_loops(layout):
    x = draw(2, 3, ROWS * COLUMNS, HEAD)
    fast = rotate(x, ROPES[layout](ROWS, COLUMNS, HEAD).double())
    for image in range(2):
        for head in range(3):
            torch.testing.assert_close(
                fast[image, head], slow_rotate(layout, x[image, head]), rtol=1e-6, atol=1e-6
            )


@every_layout
def test_the_product_depends_on_the_relative_position_alone(layout):
    rotation = ROPES[layout](6, 6, HEAD).double()
    q, k = draw(HEAD, seed=1), draw(HEAD, seed=2)
    turned_q, turned_k = (rotate(z.expand(1, 1, 36, -1), rotation)[0, 0].view(6, 6, HEAD) for z in (q, k))

    def product(one, two):
        return turned_q[one] @ turned_k[two]

    for rows, columns in ((0, 0), (1, 0), (0, 3), (2, 1)):  # the same way, from two places
        here, there = product((0, 1), (rows, columns)), product((3, 2), (3 + rows, 1 + columns))
        torch.testing.assert_close(here, there, rtol=1e-5, atol=1e-5)
    assert abs(product((0, 0), (1, 0)) - product((0, 0), (0, 1))) > 1e-2  # down is not right
    assert abs(product((0, 0), (1, 0)) - product((1, 0), (0, 0))) > 1e-2  # and down is not up


@every_layout
def test_a_turn_keeps_the_length_and_moves_all_but_the_first_token(layout):
    x = draw(1, 2, ROWS * COLUMNS, HEAD)
    turned = rotate(x, ROPES[layout](ROWS, COLUMNS, HEAD).double())
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1), rtol=1e-6, atol=0)
    assert torch.equal(turned[:, :, 0], x[:, :, 0])
    assert ((turned - x)[:, :, 1:].abs().amax(dim=(0, 1, 3)) > 1e-3).all()


def test_tokens_before_the_image_do_not_turn():
    x, rotation = draw(1, 2, 2 + ROWS * COLUMNS, HEAD), axial(ROWS, COLUMNS, HEAD).double()
    turned = rotate(x, unturned(rotation, 2))
    assert torch.equal(turned[:, :, :2], x[:, :, :2])
    assert torch.equal(turned[:, :, 2:], rotate(x[:, :, 2:], rotation))


@every_layout
def test_kept_tokens_keep_their_own_angles(layout):
    x, rotation = draw(2, 3, ROWS * COLUMNS, HEAD), ROPES[layout](ROWS, COLUMNS, HEAD).double()
    places = torch.tensor([[0, 4, 7, 14], [1, 2, 3, 9]])
    all_turned = rotate(x, rotation)
    for image, own in enumerate(places):
        few = torch.stack([x[i][:, places[i]] for i in range(2)])
        turned = rotate(few, Given(rotation=rotation).at(places).rotation)
        assert torch.equal(turned[image], all_turned[image][:, own])


def test_one_row_or_one_column_is_no_division_by_zero():
    for rows, columns in ((1, 4), (4, 1), (1, 1)):
        assert axial(rows, columns, HEAD).isfinite().all() and ddt(rows, columns, HEAD).isfinite().all()


def test_turned_numbers_keep_their_precision():
    x = draw(1, 1, ROWS * COLUMNS, HEAD).bfloat16()
    assert rotate(x, axial(ROWS, COLUMNS, HEAD)).dtype == torch.bfloat16
