"""DiT's position table against slow loops."""

import math

import torch

from minidit.model.position import sincos_2d


def slow(rows, columns, dim):
    table, quarter = [], dim // 4
    for row in range(rows):
        for column in range(columns):
            omega = [10000 ** (-k / quarter) for k in range(quarter)]
            vector = [math.sin(column * w) for w in omega] + [math.cos(column * w) for w in omega]
            vector += [math.sin(row * w) for w in omega] + [math.cos(row * w) for w in omega]
            table.append(vector)
    return torch.tensor(table, dtype=torch.float64).float()


def test_equals_the_loops():
    assert torch.equal(sincos_2d(3, 5, 16), slow(3, 5, 16))


def test_the_first_half_tells_the_column_and_the_second_the_row():
    table = sincos_2d(4, 4, 16).view(4, 4, 16)
    assert torch.equal(table[0, 2, :8], table[3, 2, :8])
    assert torch.equal(table[2, 0, 8:], table[2, 3, 8:])
