"""Checks of chapter 15: the MACs and the FLOPs of a convolution."""

import math
from collections.abc import Callable
from typing import Any

import torch

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect

Conv = tuple[int, int, int, int, int, int, int, int]
NAMES = ("height", "width", "channels", "filters", "kernel", "stride", "padding", "groups")
SD_VAE = {
    "the first layer of sd-vae, of 256 x 256 pixels": (256, 256, 3, 128, 3, 1, 1, 1),
    "a layer of sd-vae's first level": (256, 256, 128, 128, 3, 1, 1, 1),
}


def out(side: int, kernel: int, stride: int, padding: int) -> int:
    """How many places a kernel has along a side."""
    return (side + 2 * padding - kernel) // stride + 1


def counted(conv: Conv) -> int:
    """MACs of a convolution for one image: places times filters times what a filter sees."""
    h, w, channels, filters, kernel, stride, padding, groups = conv
    places = out(h, kernel, stride, padding) * out(w, kernel, stride, padding)
    return places * filters * (channels // groups) * kernel**2


def _both(macs: float) -> tuple[float, float]:
    return macs, 2 * macs


def _misread(macs: int, a_place: int, places: int, filters: int, groups: int) -> dict[str, Any]:
    """The right places with other words or other weights."""
    return {
        "These MACs are called FLOPs: a MAC is two, a multiplication and an addition.": OneOf(
            ((macs, macs), (macs / 2, macs))
        ),
        "The order is MACs, FLOPs.": (2 * macs, macs),
        "Those are FLOPs called MACs: a MAC is a multiplication and an addition together.": (
            2 * macs,
            4 * macs,
        ),
        "The groups are forgotten: a filter sees the channels of its own group alone.": _both(macs * groups),
        "The groups divide once: a filter sees channels / groups, and all filters are there.": _both(
            macs // groups
        ),
        "The bias was counted as multiplications; it only adds, and is left off here.": OneOf(
            (_both(macs + places * filters), (macs, 2 * macs + places * filters))
        ),
        "Every filter is counted, not one.": _both(macs // filters),
        "Those are the weights: each is used at every place.": _both(a_place),
    }


def _misplaced(conv: Conv, a_place: int) -> dict[str, Any]:
    """The right weights at other places."""
    h, w, _, _, kernel, stride, padding, _ = conv
    sides = [out(side, kernel, stride, padding) for side in (h, w)]

    def at(find: Callable[[int], float]) -> tuple[float, float]:
        return _both(find(h) * find(w) * a_place)

    return {
        "The kernel stands at each pixel of the result; you counted those of the image.": _both(
            h * w * a_place
        ),
        "The padding is forgotten: it makes the result larger.": at(
            lambda side: out(side, kernel, stride, 0)
        ),
        "The padding is on both sides.": at(lambda side: (side + padding - kernel) // stride + 1),
        "Places are whole: cut what is left over.": OneOf(
            at(lambda side, cut=cut: cut((side + 2 * padding - kernel) / stride) + 1)
            for cut in (float, math.ceil)
        ),
        "The stride is forgotten.": at(lambda side: out(side, kernel, 1, padding)),
        "The last place is missing: n whole strides have n + 1 places.": at(
            lambda side: out(side, kernel, stride, padding) - 1
        ),
        "The image is not square: height and width each have their own number of places.": OneOf(
            _both(side**2 * a_place) for side in sides
        ),
    }


def _miscounted(conv: Conv) -> dict[str, Any]:
    h, w, channels, filters, kernel, stride, padding, groups = conv
    macs = counted(conv)
    places = out(h, kernel, stride, padding) * out(w, kernel, stride, padding)
    found = {
        **_misread(macs, macs // places, places, filters, groups),
        **_misplaced(conv, macs // places),
        "A kernel has kernel * kernel places.": _both(macs // kernel),
        "A filter sees several channels, not one.": _both(macs // (channels // groups)),
    }
    return {words: value for words, value in found.items() if not _is(value, _both(macs))}


def _is(value: Any, right: tuple[float, float]) -> bool:
    return right in (value if isinstance(value, OneOf) else (value,))


def _conv(stride: int, groups: int, draw: torch.Generator) -> Conv:
    """A convolution in which every mistake shows by a value of its own."""
    while True:
        h, kernel = whole(9, 20, draw), 3 + 2 * whole(0, 1, draw)
        w = h + whole(2, 7, draw)
        channels, filters = groups * whole(2, 5, draw), groups * whole(2, 5, draw)
        conv = (h, w, channels, filters, kernel, stride, whole(1, 4, draw), groups)
        if apart([_both(counted(conv)), *_miscounted(conv).values()]):
            return conv


@exercise(
    "15.6",
    "MACs and FLOPs of a convolution",
    hints=(
        "One number of the result: how many weights does its filter have, and how many channels do they see? "
        "Then: how many numbers has the result?",
        "Places along a side: (side + 2 * padding - kernel) // stride + 1. A filter sees channels // groups "
        "channels, with kernel * kernel weights each.",
        "macs = rows * columns * filters * (channels // groups) * kernel**2; return macs, 2 * macs",
    ),
)
def conv_cost(answer: Callable, draw: torch.Generator) -> None:
    """cost(height, width, channels, filters, kernel, stride, padding, groups) -> (macs, flops)."""
    rounds = [_conv(2, 1, draw), _conv(3, 3 + 2 * whole(0, 1, draw), draw), *SD_VAE.values()]
    for conv in rounds:
        got = answer(*conv)
        given = dict(zip(NAMES, conv, strict=True))
        expect(got, _both(counted(conv)), given, _miscounted(conv), tolerance=1e-9)
