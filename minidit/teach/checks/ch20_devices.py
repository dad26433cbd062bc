"""Checks of chapter 20: the noise of one process of several."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minidit.streams import generator
from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, same

Shape = tuple[int, int, int, int]
Stream = Callable[[int], torch.Generator]


ALONE = (
    "It is right with one process, and wrong with several: put the slices of all ranks together, and you "
    "must have the whole batch again, in its order."
)


def stream(seed: int) -> Stream:
    """The run's stream of noise: a fresh generator for each step, equal for equal steps."""
    return lambda step: generator(seed, "noise", step)


def local(draw: Stream, step: int, shape: Shape, rank: int, world: int) -> Tensor:
    """The slice that process `rank` of `world` takes of the global batch's noise."""
    size = shape[0] // world
    return torch.randn(shape, generator=draw(step))[rank * size : (rank + 1) * size]


def _own(chance: torch.Generator, shape: Shape, world: int) -> Tensor:
    return torch.randn((shape[0] // world, *shape[1:]), generator=chance)


def _again(chance: torch.Generator, shape: Shape, rank: int, world: int) -> Tensor:
    """The last of rank + 1 small draws from one generator."""
    return [_own(chance, shape, world) for _ in range(rank + 1)][-1]


def _mistakes(draw: Stream, step: int, shape: Shape, rank: int, world: int) -> dict[str, Any]:
    noise, size = torch.randn(shape, generator=draw(step)), shape[0] // world
    channels = shape[1] // world
    apart_by_rank = [step + rank, step * world + rank, step + rank + 1, 1000 * rank + step]
    return {
        "Every process draws the same noise: two images of a batch share theirs, and the batch is smaller "
        "than it seems.": OneOf((_own(draw(step), shape, world), noise[:size])),
        "Each process draws from a stream of its own: with another number of processes the run is another "
        "one. Draw the whole batch, and take a slice.": OneOf(
            [_own(draw(one), shape, world) for one in apart_by_rank if one != step]
            + [_again(draw(step), shape, rank, world)]
        ),
        "The slice is of the channels; images are the first axis.": noise[
            :, rank * channels : (rank + 1) * channels
        ],
        "That is every world-th image; process r has the images that stand together.": noise[rank::world],
        "Processes are counted from 0.": OneOf(
            (noise[(rank - 1) * size : rank * size], noise[(rank + 1) * size : (rank + 2) * size])
        ),
        "That is the noise of all images: this process has its own alone.": noise,
        "The step is forgotten: every step would see the same noise.": local(draw, 0, shape, rank, world),
        "The slice is as long as there are processes: it is the batch divided by them.": noise[
            rank * world : (rank + 1) * world
        ],
    }


def _case(world: int, draw: torch.Generator) -> tuple[Stream, int, Shape, int, int]:
    while True:
        # a size that is not the number of processes, and enough channels to be cut by mistake
        shape = (world * whole(world + 1, world + 3, draw), world * whole(1, 2, draw), 3, 3)
        case = stream(whole(0, 10**6, draw)), whole(3, 400, draw), shape, whole(2, world - 1, draw), world
        if apart([local(*case), *_mistakes(*case).values()]):
            return case


def _draws_freely(answer: Callable, case: tuple[Stream, int, Shape, int, int]) -> bool:
    one, two = answer(*case), answer(*case)
    return not same(one, two, 1e-6)


@exercise(
    "20.4",
    "the noise of one process",
    hints=(
        "What should a run on one device and a run on eight have in common? All of it, if you can.",
        "stream(step) gives the same generator in every process. Let each draw the noise of the whole batch, "
        "and keep the images that are its own.",
        "size = shape[0] // world; noise = torch.randn(shape, generator=stream(step)); return noise[rank * "
        "size : (rank + 1) * size]",
    ),
)
def local_noise(answer: Callable, draw: torch.Generator) -> None:
    """local_noise(stream, step, shape, rank, world) -> noise (batch / world, c, h, w)."""
    for world in (3, 4):
        case = _case(world, draw)
        given = {"step": case[1], "shape": case[2], "rank": case[3], "world": world}
        got = answer(*case)
        if isinstance(got, Tensor) and _draws_freely(answer, case):
            raise CheckFailed(
                "not right yet. Two calls with the same arguments differ: draw from stream(step), which is "
                "handed in, else nothing repeats."
            )
        mistakes, alone = _mistakes(*case), (*case[:3], 0, 1)  # one process has the whole batch
        if same(answer(*alone), local(*alone), 1e-6):
            mistakes[ALONE] = got  # the last, so only where no other name fits
        expect(got, local(*case), given, mistakes)
    expect(answer(*alone), local(*alone), {"rank": 0, "world": 1})
