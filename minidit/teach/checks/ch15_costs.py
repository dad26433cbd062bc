"""Checks of chapter 15: what a convolution costs, and the autoencoder's share of all FLOPs."""

import math
from collections.abc import Callable
from typing import Any

import torch

from minidit.teach.checks.ch14 import apart
from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


def share(one: float, other: float) -> float:
    """The share of one cost in both together."""
    return one / (one + other)


def shares(
    encode: float, decode: float, forward: float, epochs: int, steps: int, guided: bool
) -> dict[str, float]:
    """The autoencoder's shares: of training, of training on kept latents, of sampling."""
    evaluations = steps * (2 if guided else 1)
    return {
        "training": share(encode, 3 * forward),
        "kept": share(encode, 3 * epochs * forward),
        "sampling": share(decode, evaluations * forward),
    }


# ways that give the same share share their words: thrice a frozen encoder, say, and no way back at all
FROZEN = (
    "The way back is forgotten, or counted for the frozen encoder too: only the transformer has one, and it "
    "costs two forward passes more."
)
TWO = (
    "The way back costs as much as two forward passes, one for the weights and one for the tokens; you "
    "counted one."
)
LATENTS = "Training never decodes: the loss is on latents."
RATIO = "That is a ratio to the transformer; the share in both together was asked."
OTHER = "That is the transformer's share."


def _training_mistakes(encode: float, decode: float, forward: float, epochs: int) -> Wrong:
    return {
        LATENTS: OneOf((share(encode + decode, 3 * forward), share(decode, 3 * forward))),
        FROZEN: share(encode, forward),
        TWO: share(encode, 2 * forward),
        RATIO: encode / (3 * forward),
        OTHER: share(3 * forward, encode),
        "Here every image is encoded again each time; once for all epochs is for kept latents.": share(
            encode, 3 * epochs * forward
        ),
    }


def _kept_mistakes(encode: float, decode: float, forward: float, epochs: int) -> Wrong:
    run = 3 * epochs * forward
    return {
        "Kept latents are not free: each image is encoded once.": 0.0,
        "The epochs are forgotten: an image is encoded once in all, and goes through the transformer in "
        "every epoch.": share(encode, 3 * forward),
        LATENTS: OneOf((share(encode + decode, run), share(decode, run))),
        FROZEN: share(encode, epochs * forward),
        TWO: share(encode, 2 * epochs * forward),
        RATIO: encode / run,
        OTHER: share(run, encode),
        "The share was divided by the epochs; divide the cost of encoding.": share(encode, 3 * forward)
        / epochs,
    }


def _sampling_mistakes(encode: float, decode: float, forward: float, steps: int, guided: bool) -> Wrong:
    walk = steps * forward * (2 if guided else 1)
    on = {"Guidance is forgotten: each step evaluates the network twice.": share(decode, walk / 2)}
    off = {"There is no guidance here: a step is one evaluation.": share(decode, 2 * walk)}
    return {
        **(on if guided else off),
        "Sampling never encodes: it starts from noise in the latents.": OneOf(
            (share(encode + decode, walk), share(encode, walk))
        ),
        "The network runs at every step; the latent is decoded once, after the last.": OneOf(
            (share(decode, walk / steps), share(decode, forward))
        ),
        "Nothing is trained here: there is no way back.": share(decode, 3 * walk),
        RATIO: decode / walk,
        OTHER: share(walk, decode),
    }


@exercise(
    "15.5",
    "the autoencoder's share",
    hints=(
        "Which half of the autoencoder runs in training, and which in sampling? How often, for one image?",
        "Training: encode once an image, and three forward passes of the transformer. Kept latents: encode "
        "once for all epochs. Sampling: steps times one or two evaluations, then decode once.",
        "encode / (encode + 3 * forward), encode / (encode + 3 * epochs * forward), decode / (decode + "
        "steps * (2 if guided else 1) * forward)",
    ),
)
def autoencoder_share(answer: Callable, draw: torch.Generator) -> None:
    """shares(encode, decode, forward, epochs, steps, guided) -> (training, kept, sampling)."""
    for guided in (True, False):
        while True:
            encode, decode = float(whole(60, 300, draw)), float(whole(310, 700, draw))
            forward, epochs, steps = float(whole(20, 250, draw)), whole(4, 12, draw), whole(4, 20, draw)
            right = shares(encode, decode, forward, epochs, steps, guided)
            mistakes = {
                "training": _training_mistakes(encode, decode, forward, epochs),
                "kept": _kept_mistakes(encode, decode, forward, epochs),
                "sampling": _sampling_mistakes(encode, decode, forward, steps, guided),
            }
            if told_apart(right, mistakes):
                break
        given = {"encode": encode, "decode": decode, "forward": forward, "epochs": epochs, "steps": steps}
        got = answer(encode, decode, forward, epochs, steps, guided)
        parts(got, right, {**given, "guided": guided}, mistakes)


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


def _miscounted(conv: Conv) -> dict[str, Any]:
    h, w, channels, filters, kernel, stride, padding, groups = conv
    rows, columns = out(h, kernel, stride, padding), out(w, kernel, stride, padding)
    macs, places = counted(conv), rows * columns
    a_place = macs // places
    found = {
        "These MACs are called FLOPs: a MAC is two, a multiplication and an addition.": OneOf(
            ((macs, macs), (macs / 2, macs))
        ),
        "The order is MACs, FLOPs.": (2 * macs, macs),
        "Those are FLOPs called MACs: a MAC is a multiplication and an addition together.": (
            2 * macs,
            4 * macs,
        ),
        "The kernel stands at each pixel of the result; you counted those of the image.": _both(
            h * w * a_place
        ),
        "The groups are forgotten: a filter sees the channels of its own group alone.": _both(macs * groups),
        "The groups divide once: a filter sees channels / groups, and all filters are there.": _both(
            macs // groups
        ),
        "The bias was counted as multiplications; it only adds, and is left off here.": OneOf(
            (_both(macs + places * filters), (macs, 2 * macs + places * filters))
        ),
        "The padding is forgotten: it makes the result larger.": _both(
            out(h, kernel, stride, 0) * out(w, kernel, stride, 0) * a_place
        ),
        "The padding is on both sides.": _both(
            math.prod((side + padding - kernel) // stride + 1 for side in (h, w)) * a_place
        ),
        "Places are whole: cut what is left over.": OneOf(
            _both(math.prod(cut((side + 2 * padding - kernel) / stride) + 1 for side in (h, w)) * a_place)
            for cut in (float, math.ceil)
        ),
        "The stride is forgotten.": _both(out(h, kernel, 1, padding) * out(w, kernel, 1, padding) * a_place),
        "The last place is missing: n whole strides have n + 1 places.": _both(
            (rows - 1) * (columns - 1) * a_place
        ),
        "A kernel has kernel * kernel places.": _both(macs // kernel),
        "Every filter is counted, not one.": _both(macs // filters),
        "A filter sees several channels, not one.": _both(macs // (channels // groups)),
        "Those are the weights: each is used at every place.": _both(a_place),
        "The image is not square: height and width each have their own number of places.": OneOf(
            _both(side**2 * a_place) for side in (rows, columns)
        ),
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
