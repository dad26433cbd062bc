"""Checks of chapter 15: a large latent decoded in tiles that overlap, and blended without a seam."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, shapes_explained

Decode = Callable[[Tensor], Tensor]


class Way(NamedTuple):
    """How tiles are laid and blended; the defaults are right."""

    step: int = 0  # between tiles; 0: tile - overlap
    border: str = "back"  # the last tile: moved "back", "cut" short, "lost"; "every": at every step
    ramp: str = "linear"  # or "flat", "latents" (too short), "wider" (by a pixel)
    half: float = 0.5  # where in a pixel its weight is read
    join: str = "product"  # of both sides' weights, or "least"
    divide: bool = True  # by the sum of weights
    last_wins: bool = False  # a later tile is written over an earlier one
    apart: int = 0  # pixels between latents in the result; 0: the factor


def starts(side: int, tile: int, step: int, border: str = "back") -> list[int]:
    """Where tiles start along a side; the last one ends at the border, unless told otherwise."""
    last = max(side - tile, 0)
    inner = list(range(0, last, step))
    if border == "cut":
        return [*inner, inner[-1] + step] if inner else [0]
    if border == "every":
        return list(range(0, side, step))
    return inner if inner and border == "lost" and last % step else [*inner, last]


def weight(pixels: int, ramp: int, half: float = 0.5) -> Tensor:
    """Along a side: it rises over `ramp` pixels from the edge to 1, and falls as it rose, (pixels,)."""
    i = torch.arange(pixels).double() + half
    return torch.minimum(i, pixels - 1 + 2 * half - i).div(max(ramp, 1)).clamp(max=1)


def tiled(z: Tensor, decode: Decode, tile: int, overlap: int, factor: int, way: Way | None = None) -> Tensor:
    """z (b, c, h, w) decoded in tiles and blended: (b, 3, factor h, factor w)."""
    way = way or Way()
    h, w = z.shape[2:]
    total = torch.zeros(len(z), 3, factor * h, factor * w, dtype=torch.float64)
    sums = torch.zeros_like(total)
    step, place = way.step or tile - overlap, way.apart or factor
    for top in starts(h, tile, step, way.border):
        for left in starts(w, tile, step, way.border):
            image = decode(z[:, :, top : top + tile, left : left + tile]).double()
            rows, columns = image.shape[2:]
            each = _weights(rows, columns, overlap, factor, way)
            spot = (..., slice(place * top, place * top + rows), slice(place * left, place * left + columns))
            if way.last_wins:
                total[spot], sums[spot] = image, 1
            else:
                total[spot] += each * image
                sums[spot] += each
    return total / sums.where(sums > 0, 1) if way.divide else total


def _weights(rows: int, columns: int, overlap: int, factor: int, way: Way) -> Tensor:
    if way.ramp == "flat":
        return torch.ones(rows, columns).double()
    ramp = {"latents": overlap, "wider": overlap * factor + 1}.get(way.ramp, overlap * factor)
    down, across = (weight(side, ramp, way.half) for side in (rows, columns))
    return torch.minimum(down[:, None], across) if way.join == "least" else down[:, None] * across


WAYS = {
    "There is no overlap: neighbours differ where they meet, and a seam shows.": [
        Way(step=-1, border=border, ramp=ramp) for border in ("back", "cut") for ramp in ("linear", "flat")
    ]
    + [Way(step=-1, border="cut", last_wins=True)],
    "The last tile is cut short at the border: the decoder sees less there than elsewhere. Move it back, so "
    "that it ends at the border.": [
        Way(border=border, ramp=ramp) for border in ("cut", "every") for ramp in ("linear", "flat")
    ],
    "The last tile is missing: what is left at the border is no part of the image.": [Way(border="lost")],
    "The weights do not sum to 1 everywhere: divide by their sum.": [
        Way(divide=False),
        Way(divide=False, ramp="flat"),
    ],
    "All tiles count alike where they overlap: a seam shows where one begins. Let a tile's weight rise from "
    "its edge.": [Way(ramp="flat")],
    "A later tile was written over an earlier one: a seam shows. Blend them.": [Way(last_wins=True)],
    "Places in the image are in pixels: a latent's place times the factor.": [
        Way(apart=1),
        Way(apart=1, ramp="flat"),
        Way(apart=1, ramp="latents"),
    ],
    "The ramp is too short: the overlap is in latents, and the image has `factor` pixels for each.": [
        Way(ramp="latents")
    ],
    "The weight is that of a pixel's middle, (i + 1/2) / ramp; yours is read at a pixel's edge.": [
        Way(half=0.0),
        Way(half=1.0),
        Way(half=1.0, ramp="wider"),
    ],
    "A pixel's weight is the product of both sides' weights.": [Way(join="least")],
    "The tiles are too far apart, or too near: from one to the next it is tile - overlap.": [
        Way(step=-2),
        Way(step=-3),
    ],
}


def _mistakes(z: Tensor, decode: Decode, tile: int, overlap: int, factor: int) -> dict[str, Any]:
    steps = {-1: tile, -2: overlap, -3: tile // 2}
    given, right = (z, decode, tile, overlap, factor), tiled(z, decode, tile, overlap, factor)
    found: dict[str, Any] = {"The whole latent was decoded at once: nothing was tiled.": decode(z)}
    for words, ways in WAYS.items():
        values = (tiled(*given, way._replace(step=steps.get(way.step, 0))) for way in ways)
        found[words] = OneOf(x for x in values if not torch.allclose(x, right, atol=1e-3, rtol=1e-3))
    return found


def _decoder(channels: int, factor: int, hears: bool, draw: torch.Generator) -> Decode:
    """A decoder that mixes channels and makes pixels of each latent; it may hear the mean of its tile."""
    mix = torch.randn(3, channels, generator=draw).double()

    def decode(z: Tensor) -> Tensor:
        image = torch.einsum("oc,bchw->bohw", mix, z.double())
        image = image + 3 * image.mean((2, 3), keepdim=True) if hears else image
        return image.repeat_interleave(factor, 2).repeat_interleave(factor, 3).to(z.dtype)

    return decode


class Case(NamedTuple):
    """What an answer is given."""

    z: Tensor
    decode: Decode
    tile: int
    overlap: int
    factor: int


def _case(hears: bool, draw: torch.Generator) -> Case:
    """A latent that its tiles do not fill evenly, and a decoder."""
    while True:
        tile, overlap, factor, c = whole(5, 6, draw), whole(1, 2, draw), whole(2, 3, draw), whole(3, 5, draw)
        step = tile - overlap
        h, w = tile + step + whole(1, step - 1, draw), tile + whole(1, step - 1, draw)
        z = tensor(whole(1, 2, draw), h, w, c, draw=draw).permute(0, 3, 1, 2)
        case = Case(z, _decoder(c, factor, hears, draw), tile, overlap, factor)
        if not hears or apart([tiled(*case), *_mistakes(*case).values()]):
            return case


def _small(draw: torch.Generator) -> Case:
    """A latent that is smaller than a tile, one way: that side has one tile."""
    z = tensor(1, 4, 3, 8, draw=draw).double()
    return Case(z, _decoder(4, 2, True, draw), 5, 1, 2)


@exercise(
    "15.7",
    "decode in tiles",
    hints=(
        "Two questions: where does each tile begin, so that all have full size and the last one ends at the "
        "border? And how much does a tile count at a pixel?",
        "Starts along a side: range(0, side - tile, tile - overlap), and side - tile. Add up weight * image "
        "and weight, each at factor * start, and divide at the end. Along a side pixel i counts "
        "min((i + 1/2) / ramp, (pixels - i - 1/2) / ramp, 1).",
        "last = max(side - tile, 0); starts = [*range(0, last, step), last]; i = arange(pixels) + 0.5; "
        "w = minimum(i, pixels - i).div(overlap * factor).clamp(max=1); all: down[:, None] * across; "
        "return total / sums",
    ),
)
def decode_tiled(answer: Callable, draw: torch.Generator) -> None:
    """decode_tiled(z, decode, tile, overlap, factor) -> images (b, 3, factor h, factor w)."""
    # the first decoder hears its tile; of the second, which does not, tiles give what the whole latent gives
    for case in (_case(True, draw), _case(False, draw), _small(draw)):
        right = tiled(*case).to(case.z.dtype)
        given = {"z": case.z, "tile": case.tile, "overlap": case.overlap, "factor": case.factor}
        words = "Places and sizes in the image are those in the latent, times the factor."
        with shapes_explained(words, given, right):
            got = answer(case.z.clone(), *case[1:])
        if isinstance(got, Tensor) and got.shape == right.shape and got.isnan().any():
            raise CheckFailed(
                "not right yet. Some pixels are not a number: there the weights sum to 0. Places in the "
                "image are a latent's places times the factor; the last tile ends at the border; at a tile's "
                "edge its weight is small, but not 0."
            )
        expect(got, right, given, _mistakes(*case))
