"""Checks of chapter 20: what a parameter costs in memory while it is trained."""

from collections.abc import Callable

import torch

from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf

NAMES = ("weights", "gradients", "AdamW", "EMA")
BYTES = {False: (4, 4, 8, 4), True: (2 + 4, 2, 8, 4)}  # by parameter: all in float32, or mixed


def memory(parameters: int, mixed: bool, devices: int) -> dict[str, int]:
    """Bytes on each device, where all four are shared out evenly."""
    each = parameters // devices
    return {name: each * size for name, size in zip(NAMES, BYTES[mixed], strict=True)}


MASTER = (
    "The master weights are forgotten: bfloat16 weights serve the products, and float32 ones, 4 bytes more, "
    "take the small updates."
)
OWN = {
    "weights": {
        MASTER: {True: (2,)},
        "The float32 weights alone: the bfloat16 copy that the products read has 2 bytes more.": {True: (4,)},
        "Both copies are counted as float32.": {True: (8,)},
        "Nothing is mixed here: there is one copy, of 4 bytes.": {False: (6, 2)},
    },
    "gradients": {
        "Gradients have the precision of the weights that the products read: bfloat16 here.": {True: (4,)},
        "Nothing is mixed here: a gradient has 4 bytes.": {False: (2,)},
    },
    "AdamW": {
        "AdamW keeps two float32 numbers a parameter, a mean of gradients and one of their squares; yours is "
        "half of that.": {True: (4,), False: (4,)},
        "The master weights are counted with the weights.": {True: (12,)},
    },
    "EMA": {
        "The EMA is forgotten: it is a whole copy of the weights.": {True: (0,), False: (0,)},
        "The EMA moves by a ten-thousandth a step: in bfloat16 it would stand still. It is float32.": {
            True: (2,)
        },
    },
}


def _mistakes(parameters: int, mixed: bool, devices: int) -> dict[str, Wrong]:
    each = parameters // devices
    found: dict[str, Wrong] = {}
    for name, right in zip(NAMES, BYTES[mixed], strict=True):
        own = {words: OneOf(each * size for size in by.get(mixed, ())) for words, by in OWN[name].items()}
        found[name] = {
            **own,
            "Each device keeps its own share of this alone: divide by the devices.": OneOf(
                size * parameters for size in {right, 4}
            ),
            "Those are bits: a byte has eight.": 8 * right * each,
            "That is how many numbers there are; bytes were asked.": each,
        }
    return found


def _case(mixed: bool, draw: torch.Generator) -> tuple[int, bool, int]:
    while True:
        devices = (3, 5, 7)[whole(0, 2, draw)]
        case = devices * whole(1000, 9000, draw), mixed, devices
        if told_apart(memory(*case), _mistakes(*case)):
            return case


@exercise(
    "20.2",
    "memory of AdamW plus EMA",
    hints=(
        "Count copies. How many numbers of the size of the network are alive between two steps?",
        "Weights, gradients, two moments, the average. float32 has 4 bytes, bfloat16 has 2. Mixed: which of "
        "the five may be bfloat16, and which one is then there twice?",
        "each = parameters // devices; float32: 4, 4, 8, 4 bytes; mixed: 2 + 4, 2, 8, 4",
    ),
)
def training_memory(answer: Callable, draw: torch.Generator) -> None:
    """training_memory(parameters, mixed, devices) -> bytes of weights, gradients, AdamW, EMA on each."""
    for mixed in (False, True):
        case = _case(mixed, draw)
        given = dict(zip(("parameters", "mixed", "devices"), case, strict=True))
        parts(answer(*case), memory(*case), given, _mistakes(*case))
