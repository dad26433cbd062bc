"""The wrong answers that people really give to chapter 2, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import math

import torch


def _split(x, p):
    b, c, h, w = x.shape
    return x.reshape(b, c, h // p, p, w // p, p)  # (b, c, row, i, column, j)


def _cut(*axes):
    def patchify(x, p):
        n = x.shape[2] // p * (x.shape[3] // p)
        return _split(x, p).permute(*axes).reshape(len(x), n, -1)

    return patchify


def _strips(x, p):
    return x.reshape(len(x), -1, p * p * x.shape[1])


def _square_grid(x, p):
    b, c, h, _ = x.shape
    split = x.reshape(b, c, h // p, p, h // p, p)
    return split.permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p * c)


def _square_count(x, p):
    b, c, h, _ = x.shape
    return _split(x, p).permute(0, 2, 4, 3, 5, 1).reshape(b, (h // p) * (h // p), p * p * c)


def _channels_last(x, p):
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, p * p * x.shape[1])


def _waves(place, count, denominator):
    angle = place[:, None] * 10_000.0 ** (-torch.arange(count) / denominator)
    return angle.sin(), angle.cos()


def _places(rows, columns):
    return torch.arange(columns).repeat(rows), torch.arange(rows).repeat_interleave(columns)


def _row_first(rows, columns, dim):
    column, row = _places(rows, columns)
    return torch.cat([w for x in (row, column) for w in _waves(x, dim // 4, dim // 4)], dim=1)


def _half_speeds(rows, columns, dim):
    return torch.cat([w for x in _places(rows, columns) for w in _waves(x, dim // 4, dim // 2)], dim=1)


def _one_less(rows, columns, dim):
    return torch.cat([w for x in _places(rows, columns) for w in _waves(x, dim // 4, dim // 4 - 1)], dim=1)


def _woven(rows, columns, dim):
    halves = [torch.stack(_waves(x, dim // 4, dim // 4), -1).flatten(1) for x in _places(rows, columns)]
    return torch.cat(halves, dim=1)


def _cosines_first(rows, columns, dim):
    return torch.cat([w for x in _places(rows, columns) for w in _waves(x, dim // 4, dim // 4)[::-1]], dim=1)


def _meshgrid(rows, columns, dim):
    """`indexing="ij"` with the width first: the tokens run down the columns."""
    column, row = torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="ij")
    return torch.cat([w for x in (column, row) for w in _waves(x.flatten(), dim // 4, dim // 4)], dim=1)


def _one_dimension(rows, columns, dim):
    return torch.cat(_waves(torch.arange(rows * columns), dim // 2, dim // 2), dim=1)


def _angle(rows, columns, d, first="row"):
    column, row = _places(rows, columns)
    speeds = 10_000.0 ** (-torch.arange(d // 4) / (d // 4))
    places = (row, column) if first == "row" else (column, row)
    return torch.cat([place[:, None] * speeds for place in places], dim=1)


def _neighbours(x, angle):
    a, b = x[..., 0::2], x[..., 1::2]
    turned = a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()
    return torch.stack(turned, dim=-1).flatten(-2)


def _rotate_half(x, angle):
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


def _rope(signs, turn=_neighbours, first="row"):
    def answer(q, k, v, rows, columns):
        angle = _angle(rows, columns, q.shape[-1], first)
        return tuple(turn(x, sign * angle) if sign else x for x, sign in zip((q, k, v), signs, strict=True))

    return answer


def _one_axis(q, k, v, rows, columns):
    half = q.shape[-1] // 2
    angle = torch.arange(rows * columns)[:, None] * 10_000.0 ** (-torch.arange(half) / half)
    return _neighbours(q, angle), _neighbours(k, angle), v


def _macs(mlp=8, products=2, modulated=lambda n: 1, ends=1, tokens=lambda rows: rows**2, factor=1):
    def answer(side, p, channels, dim, depth):
        n = tokens(side // p)
        block = (4 + mlp) * n * dim**2 + products * n**2 * dim + modulated(n) * 6 * dim**2
        first_and_last = ends * (2 * n * p * p * channels * dim + 2 * dim**2)
        return factor * (depth * block + first_and_last + 256 * dim + dim**2)

    return answer


def _only_shapes(network, rows, columns, dim):
    x = torch.randn(2, rows * columns, dim)
    assert network(x).shape == x.shape


def _single_images(network, rows, columns, dim):
    x = torch.randn(2, rows * columns, dim)
    assert torch.allclose(network(x)[:1], network(x[:1]))
    assert not torch.allclose(network(x)[0], network(x)[1])


def _not_put_back(network, rows, columns, dim):
    x, order = torch.randn(1, rows * columns, dim), torch.arange(rows * columns).flip(0)
    assert not torch.allclose(network(x[:, order]), network(x))


def _one_shuffle(network, rows, columns, dim):
    x, order = torch.randn(1, rows * columns, dim), torch.arange(rows * columns).flip(0)
    assert not torch.allclose(network(x[:, order]), network(x)[:, order])


def _along_the_row(network, rows, columns, dim):
    x, order = torch.randn(1, rows * columns, dim), torch.arange(rows * columns)
    order[0], order[1] = 1, 0
    assert not torch.allclose(network(x[:, order]), network(x)[:, order])


def _upside_down(network, rows, columns, dim):
    x, order = torch.randn(1, rows * columns, dim), torch.arange(rows * columns).flip(0)
    assert torch.allclose(network(x[:, order]), network(x)[:, order])


def _always_refuses(network, rows, columns, dim):
    x, order = torch.randn(1, rows * columns, dim), torch.arange(rows * columns).flip(0)
    assert torch.allclose(network(x[:, order]), network(x))


def _equal_tokens(network, rows, columns, dim):
    out = network(torch.ones(1, rows * columns, dim))[0]
    assert not torch.allclose(out[0], out[1]) and not torch.allclose(out[0], out[columns])


def _put(*axes):
    def unpatchify(tokens, p, height, width):
        split = tokens.reshape(len(tokens), height // p, width // p, p, p, -1)  # (b, row, column, i, j, c)
        return split.permute(*axes).reshape(len(tokens), -1, height, width)

    return unpatchify


def _square_root(tokens, p, height, width):
    side = math.isqrt(tokens.shape[1])
    split = tokens.reshape(len(tokens), side, side, p, p, -1)
    return split.permute(0, 5, 1, 3, 2, 4).reshape(len(tokens), -1, side * p, side * p)


def _square_root_reshaped(tokens, p, height, width):
    return _square_root(tokens, p, height, width).reshape(len(tokens), -1, height, width)


def _square_by_height(tokens, p, height, width):
    split = tokens.reshape(len(tokens), height // p, height // p, p, p, tokens.shape[-1] // p**2)
    return split.permute(0, 5, 1, 3, 2, 4).reshape(len(tokens), -1, height, height)


def _channel_first_permuted_as_last(tokens, p, height, width):
    split = tokens.reshape(len(tokens), height // p, width // p, -1, p, p)  # (b, row, column, c, i, j)
    return split.permute(0, 5, 1, 3, 2, 4).reshape(len(tokens), -1, height, width)


def _no_permute(tokens, p, height, width):
    return tokens.reshape(len(tokens), height, width, -1).permute(0, 3, 1, 2)


def _exchanged(tokens, p, height, width):
    return _put(0, 5, 1, 3, 2, 4)(tokens, p, width, height)


def _down(tokens, p, height, width):
    split = tokens.reshape(len(tokens), width // p, height // p, p, p, -1)  # (b, column, row, i, j, c)
    return split.permute(0, 5, 2, 3, 1, 4).reshape(len(tokens), -1, height, width)


def _channel_first(tokens, p, height, width):
    split = tokens.reshape(len(tokens), height // p, width // p, -1, p, p)  # (b, row, column, c, i, j)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(tokens), -1, height, width)


def _reshape_only(tokens, p, height, width):
    return tokens.reshape(len(tokens), -1, height, width)


def _kept(tokens, places):
    return tokens.gather(1, places[:, :, None].expand(-1, -1, tokens.shape[-1]))


MISTAKES = {
    "2.1": {
        "A reshape alone cuts strips": _strips,
        "rows of pixels run on": _channels_last,
        "You put the channel first": _cut(0, 2, 4, 1, 3, 5),
        "Inside a token rows and columns are exchanged": _cut(0, 2, 4, 5, 3, 1),
        "run down the columns": _cut(0, 4, 2, 3, 5, 1),
        "among the tokens and inside them": _cut(0, 4, 2, 5, 3, 1),
        "rows of patches and w // p columns": _square_grid,
        "An image need not be square": _square_count,
    },
    "2.2": {
        "You encoded the row in the first half": _row_first,
        "The speeds fall too slowly": _half_speeds,
        "The speeds fall too fast": _one_less,
        "You let sines and cosines alternate": _woven,
        "You put the cosines first": _cosines_first,
        "You let the table run down the columns": _meshgrid,
        "the number of the token": _one_dimension,
    },
    "2.3": {
        "The values are turned too": _rope((1, 1, 1)),
        "Only the queries are turned": _rope((1, 0, 0)),
        "depends on m + n": _rope((1, -1, 0)),
        "Everything is turned backwards": _rope((-1, -1, 0)),
        "You paired (i, i + d/2)": _rope((1, 1, 0), turn=_rotate_half),
        "the number of the token": _one_axis,
        "You turned the first half of a head by the column": _rope((1, 1, 0), first="column"),
    },
    "2.4": {
        "The N^2 term is missing": _macs(products=0),
        "two products of N x N": _macs(products=1),
        "Those are FLOPs": _macs(factor=2),
        "not once for each token": _macs(modulated=lambda n: n),
        "The modulation is missing": _macs(modulated=lambda n: 0),
        "An MLP has two layers": _macs(mlp=4),
        "The first and the last layer are missing": _macs(ends=0),
        "not side / p": _macs(tokens=lambda rows: rows),
    },
    "2.5": {
        "accepts a network that": _only_shapes,
        "Your test accepts": _single_images,
        "not right yet. Your test accepts": _not_put_back,
        "not its": _one_shuffle,
        "knows the column of a token, but not its row": _along_the_row,
        "it is upside down": _upside_down,
        "refuses a right network, with": _always_refuses,
        "With equal tokens all values are equal": _equal_tokens,
    },
    "2.6": {
        "The grid is not square": _square_root,
        "Height and width are exchanged": _exchanged,
        "you put them down the columns": _down,
        "You read the channel first": _channel_first,
        "The permute does not fit the split": _put(0, 3, 1, 4, 2, 5),
        "write the name of each axis": _channel_first_permuted_as_last,
        "Only the channel was moved": _no_permute,
        "Permute all six axes": _put(0, 5, 1, 2, 3, 4),
        "The grid is not square: it has": _square_root_reshaped,
        "c follows": _square_by_height,
        "Inside a patch rows and columns are exchanged": _put(0, 5, 1, 4, 2, 3),
        "You only reshaped": _reshape_only,
    },
    "2.7": {
        "got the first positions": lambda tokens, position, places: (
            _kept(tokens, places) + position[: places.shape[1]]
        ),
        "for the whole batch": lambda tokens, position, places: _kept(tokens, places) + position[places[0]],
        "The positions are sorted": lambda tokens, position, places: (
            _kept(tokens, places) + position[places.sort(dim=1).values]
        ),
        "the tokens are the first ones": lambda tokens, position, places: (
            tokens[:, : places.shape[1]] + position[places]
        ),
        "The positions are missing": lambda tokens, position, places: _kept(tokens, places),
    },
}
