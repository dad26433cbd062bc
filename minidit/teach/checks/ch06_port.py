"""Checks of chapter 6, the end of it: port another's network, and test what reads a velocity."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.checks.ch06 import over, times
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import expect
from minidit.teach.mutants import try_test


@exercise(
    "6.6",
    "spot the bug: a port",
    hints=(
        "Two things differ between their network and ours: where time starts, and where the answer points.",
        "Follow it one step from pure noise: x + dt f(x, 1000). Does the image come nearer, or the noise "
        "grow? Their time grows towards the noise, and along their velocity x does too.",
        "return -f(x, 1000 * (1 - t))",
    ),
)
def ported(answer: Callable, draw: torch.Generator) -> None:
    """ported(f, x, t) -> our velocity, from a network that is told 1000 (1 - t) and answers noise - data."""
    for _ in range(2):
        x, t, a = tensor(2, 1, 1, 1, draw=draw).double() + 3, times(2, draw), whole(1, 4, draw)

        def f(x: Tensor, s: Tensor, a: int = a) -> Tensor:
            return (a + over(s) / 100) * x + 1

        right = -f(x, 1000 * (1 - t))
        mistakes = {
            "The time is turned, and the sign is not: their answer points to the noise.": -right,
            "The sign is turned, and the time is not: at t = 1, data, they are told 0.": -f(x, 1000 * t),
            "Neither time nor sign is turned.": f(x, 1000 * t),
            "They are told 1000 (1 - t), not 1 - t.": -f(x, 1 - t),
            "You turned the image's sign; it is the answer that points the other way.": f(-x, 1000 * (1 - t)),
            "999 is DDPM's last step; this clock runs from 0 to 1000.": -f(x, 1000 * (1 - t) - 1),
        }
        given = {"f(x, s)": f"({a} + s / 100) x + 1", "x": x, "t": t}
        expect(answer(f, x.clone(), t.clone()), right, given, mistakes)


def _right(v: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    w = over(t)
    return x + (1 - w) * v, x - w * v


_MUTANTS: dict[str, Callable] = {
    "the velocity's sign is turned": lambda v, x, t: _right(-v, x, t),
    "t and 1 - t are swapped": lambda v, x, t: _right(v, x, 1 - t),
    "one t serves the whole batch": lambda v, x, t: _right(v, x, t[:1].expand_as(t)),
    "data and noise change places": lambda v, x, t: _right(v, x, t)[::-1],
}


@exercise(
    "6.7",
    "write the test: data and noise from a velocity",
    hints=(
        "Make an image and noise first. Then you know what read(v, x, t) must return for their mixture.",
        "That data and noise mix to x again is not enough: with the velocity's sign turned they do so too. "
        "And t = 1/2 cannot see t and 1 - t swapped. Use two images with two times.",
        "data, noise = torch.randn(2, 2, 1, 2, 2); w = torch.tensor([0.2, 0.7]).view(-1, 1, 1, 1); "
        "read(data - noise, w * data + (1 - w) * noise, w.flatten()) must be close to (data, noise)",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(read) passes for the right function, and raises AssertionError for each wrong one."""
    try_test(answer, _right, _MUTANTS, draw)
