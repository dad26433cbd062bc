"""Checks of chapter 2: cut, say where, turn, count, test, put together, mend."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.model.patch import patchify as right_patchify
from minidit.model.position import sincos_2d
from minidit.model.rope import axial, rotate
from minidit.teach.checks import ch02_wrong as wrong
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect, shapes_explained


def _picture(channels: int, height: int, width: int, draw: torch.Generator) -> Tensor:
    """Two images whose pixels tell where they are: 1000 k + 100 channel + 10 row + column."""
    image = 100 * torch.arange(channels).view(-1, 1, 1) + 10 * torch.arange(height).view(-1, 1)
    image = (image + torch.arange(width)).float()  # (c, h, w)
    return torch.stack([image + 1000 * whole(1, 4, draw), image + 1000 * whole(5, 9, draw)])


@exercise(
    "2.1",
    "patchify",
    hints=(
        "A pixel has a row in the grid of patches, and a row inside its patch: the height splits into "
        "(height / p, p). So does the width.",
        "A single reshape returns the right shape with the wrong pixels, and undoing it hides that. Read the "
        "numbers of token 0: they should be one square, all channels of a pixel side by side.",
        "x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p * c)",
    ),
)
def patchify(answer: Callable, draw: torch.Generator) -> None:
    """patchify(x, p) -> tokens."""
    for _ in range(2):
        p, c, rows = whole(2, 3, draw), whole(2, 3, draw), whole(2, 3, draw)
        x = _picture(c, rows * p, (5 - rows) * p, draw)
        given, right = (
            {"a pixel is 1000 k + 100 channel + 10 row + column, x": x, "p": p},
            right_patchify(x, p),
        )
        words = "There are h // p rows of patches and w // p columns. An image need not be square."
        with shapes_explained(words, {"x": x, "p": p}, right):
            got = answer(x.clone(), p)
        expect(got, right, given, wrong.patchified(x, p))


@exercise(
    "2.2",
    "the table of sines and cosines",
    hints=(
        "A token has a column and a row. Each gets half of the vector: dim/2 numbers, dim/4 sines and dim/4 "
        "cosines.",
        "The width differs from the height in the check: columns run 0 1 2 0 1 2, rows 0 0 0 1 1 1. "
        "`repeat` makes the first, `repeat_interleave` the second.",
        "speeds = 10_000 ** (-torch.arange(dim // 4) / (dim // 4)); for column and then row: angles = "
        "place[:, None] * speeds; cat([angles.sin(), angles.cos()], dim=1); then cat both halves",
    ),
)
def position_table(answer: Callable, draw: torch.Generator) -> None:
    """table(rows, columns, dim) -> (rows * columns, dim)."""
    for dim in (8, 16):
        rows = whole(2, 4, draw)
        columns = rows + whole(1, 2, draw)
        given = {"rows": rows, "columns": columns, "dim": dim}
        got, right = answer(rows, columns, dim), sincos_2d(rows, columns, dim)
        expect(got, right, given, wrong.tables(rows, columns, dim))


@exercise(
    "2.3",
    "RoPE in two dimensions",
    hints=(
        "A head of d numbers is d/2 pairs. The first d/4 pairs turn by row * speed, the others by column * "
        "speed. Which of q, k and v must not turn?",
        "If lengths are kept but the values are wrong, look at the pairs: x[..., 0::2] and x[..., 1::2], and "
        "back with stack(..., dim=-1).flatten(-2).",
        "speeds = 10_000 ** (-torch.arange(d // 4) / (d // 4)); angle = cat([row[:, None] * speeds, "
        "column[:, None] * speeds], 1); pairs become a cos - b sin, a sin + b cos; v stays",
    ),
)
def rope(answer: Callable, draw: torch.Generator) -> None:
    """turn(q, k, v, rows, columns) -> (q, k, v), queries and keys turned."""
    for d in (8, 12):
        rows = whole(2, 3, draw)
        columns = rows + 1
        q, k, v = (1 + tensor(1, 2, rows * columns, d, draw=draw) for _ in range(3))
        rotation = axial(rows, columns, d)
        given = {"q": q, "k": k, "v": v, "rows": rows, "columns": columns}
        got = answer(q.clone(), k.clone(), v.clone(), rows, columns)
        expect(
            got, (rotate(q, rotation), rotate(k, rotation), v), given, wrong.turned(q, k, v, rows, columns)
        )


@exercise(
    "2.4",
    "what a network costs",
    hints=(
        "A linear layer from a to b numbers costs a b MACs for each token that passes it. What passes it: N "
        "tokens, or one vector for the whole image?",
        "A block: 4 N dim^2 for q, k, v and out; 8 N dim^2 for the MLP; N^2 dim twice for attention; 6 dim^2 "
        "once. Factor 2 off? FLOPs were not asked for.",
        "n = (side // p) ** 2; depth * (12 * n * dim**2 + 2 * n**2 * dim + 6 * dim**2) + 2 * n * p * p * "
        "channels * dim + 2 * dim**2 + 256 * dim + dim**2",
    ),
)
def cost(answer: Callable, draw: torch.Generator) -> None:
    """macs(side, p, channels, dim, depth) -> MACs of one image, to 2 %."""
    for side, p in ((16, 1), (8, 4)):  # many tokens, then few
        channels, dim, depth = whole(3, 4, draw), 16 * whole(2, 3, draw), whole(4, 6, draw)
        sizes = {"side": side, "p": p, "channels": channels, "dim": dim, "depth": depth}
        right = sum(wrong.counted((side // p) ** 2, p * p * channels, dim, depth).values())
        expect(answer(*sizes.values()), right, sizes, wrong.miscounted(*sizes.values()), tolerance=0.02)


ROWS, COLUMNS, WIDTH = 3, 4, 16


def _accepts(test: Callable, network: Callable) -> bool:
    try:
        test(network, ROWS, COLUMNS, WIDTH)
    except AssertionError:
        return False
    return True


@exercise(
    "2.5",
    "write the test: positions",
    hints=(
        "A network without positions, given its tokens in another order, gives the same answers in that "
        "order. So the test must find that it does not.",
        "Compare network(x[:, order]) with network(x)[:, order], not with network(x), by torch.allclose. "
        "And a network may know rows only: then exchanging two rows shows, and two columns does not.",
        "Twice: exchange tokens 0 and 1, which differ in the column only; exchange tokens 0 and `columns`, "
        "which differ in the row only. Each time assert not torch.allclose(network(x[:, order]), "
        "network(x)[:, order]).",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(network, rows, columns, dim) passes for right networks, raises AssertionError for others."""
    right, blind = wrong.networks(draw, ROWS, COLUMNS, WIDTH)
    for name, network in right.items():
        alike = []  # for each call, whether all tokens of an image were equal

        def heard(x: Tensor, network: Callable = network, alike: list[bool] = alike) -> Tensor:
            alike.append(torch.equal(x, x[:, :1].expand_as(x)))
            return network(x)

        try:
            answer(heard, ROWS, COLUMNS, WIDTH)
        except AssertionError as error:
            why = wrong.EQUAL if name == "RoPE" and any(alike) else ""
            why = wrong.UPSIDE_DOWN if _accepts(answer, blind[wrong.NO_POSITIONS]) else why
            words = f"not right yet. Your test refuses a right network, with {name}: AssertionError {error}"
            raise CheckFailed(words + why) from None
    names = list(blind)
    for index in torch.randperm(len(names), generator=draw).tolist():
        if _accepts(answer, blind[names[index]]):
            raise CheckFailed(f"not right yet. Your test accepts a network that {names[index]}.")


@exercise(
    "2.6",
    "unpatchify, also where the image is not square",
    hints=(
        "Undo exercise 2.1 step by step: split the tokens into rows and columns, split their numbers into "
        "(p, p, channels), and bring the axes back.",
        "The number of tokens does not tell the grid: 16 tokens can be 4 x 4 or 2 x 8. Take the grid from "
        "height and width.",
        "tokens.reshape(b, height // p, width // p, p, p, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, "
        "height, width)",
    ),
)
def unpatchify(answer: Callable, draw: torch.Generator) -> None:
    """unpatchify(tokens, p, height, width) -> images."""
    for grid in ((2, 8), (3, 2)):
        rows, columns = grid if whole(0, 1, draw) else grid[::-1]
        p = whole(2, 3, draw)
        x = _picture(5 - p, rows * p, columns * p, draw)  # p channels would hide which axis is which
        tokens, size = right_patchify(x, p), (rows * p, columns * p)
        given = {"tokens": tokens, "p": p, "height": size[0], "width": size[1]}
        words = "There are height // p rows of tokens and width // p columns; c follows."
        with shapes_explained(words, given, x):
            got = answer(tokens.clone(), p, *size)
        expect(got, x, given, wrong.unpatchified(tokens, p, x.shape))


@exercise(
    "2.7",
    "spot the bug: some tokens enter",
    hints=(
        "Token 7 of the image has position 7, also when it is the second of those that were kept.",
        "No error is raised, because position[:k] has the right shape. What would position[places] have?",
        "kept + position[places], where position[places] is (batch, kept, dim)",
    ),
)
def enter(answer: Callable, draw: torch.Generator) -> None:
    """enter(tokens, position, places) -> the tokens at `places`, each with its own position."""
    for n, k in ((4, 2), (6, 3)):
        tokens, position = tensor(2, n, 2, draw=draw), 10 * tensor(n, 2, draw=draw)
        order = torch.randperm(n, generator=draw)
        # the first image keeps its tokens in falling order, so that neither sorting nor counting up fits
        places = torch.stack([order[:k].sort(descending=True).values, order[1 : k + 1]])
        index = places[:, :, None].expand(-1, -1, 2)  # (b, k) -> (b, k, d)
        kept = tokens.gather(1, index)
        mistakes = {
            "The kept tokens got the first positions; each needs the position of its own place.": kept
            + position[:k],
            "The places of the first image served for the whole batch.": kept + position[places[0]],
            "The positions are sorted, the tokens are not.": kept + position[places.sort(dim=1).values],
            "The positions are right, but the tokens are the first ones, not those at `places`.": tokens[
                :, :k
            ]
            + position[places],
            "The positions are missing.": kept,
        }
        given = {"tokens": tokens, "position": position, "places": places}
        expect(
            answer(tokens.clone(), position.clone(), places.clone()), kept + position[places], given, mistakes
        )
