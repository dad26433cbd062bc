"""A check of chapter 5: the bend of paths."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, shapes_explained


def _bend_mistakes(x: Tensor) -> dict:
    steps = len(x) - 1
    step, line = x[1:] - x[:-1], x[-1] - x[0]  # (steps, batch, dim), (batch, dim)
    v, way = step * steps, line.square().sum(1)
    away = (v - line).square().sum(2)  # (steps, batch)

    def per(departure: Tensor) -> Tensor:
        return departure.mean() / way.mean()

    return (
        _other_measures(x, step, line)
        | _axis_mistakes(x, v, line)
        | {
            "Only the first step was measured; the mean over all steps is asked.": per(away[0]),
            "Only the last step was measured; the mean over all steps is asked.": per(away[-1]),
            "These are steps, not velocities: divide each by its time.": per((step - line).square().sum(2)),
            "n + 1 places have n steps between them: the time of a step is 1 / n.": (
                per((step * (steps + 1) - line).square().sum(2))
            ),
            "It is not divided by the way: twice as large paths would bend four times as much.": away.mean(),
            "A root was taken; the bend is a ratio of squares.": per(away).sqrt(),
            "That is the mean of each path's ratio; take the ratio of the two means.": (
                away.mean(0) / way
            ).mean(),
            "That is a sum over the steps; the integral over time is their mean.": away.sum() / way.sum(),
            "Divide by the squared length of the lines, not by that of the velocities.": (
                away.mean() / v.square().sum(2).mean()
            ),
        }
    )


def _axis_mistakes(x: Tensor, v: Tensor, line: Tensor) -> dict:
    """Norms, axes and times; v (steps, batch, dim), line (batch, dim)."""
    squares, way, slow = (v - line).square(), line.square(), line / len(v)
    turned = x.transpose(0, 1)  # what comes out when the paths are taken for the times
    other, its_line = (turned[1:] - turned[:-1]) * (len(turned) - 1), turned[-1] - turned[0]
    return {
        "The line was divided by the steps; it is walked in one unit of time.": OneOf(
            (
                (v - slow).square().mean() / way.mean(),
                (v - slow).square().mean() / slow.square().mean(),
                squares.mean() / slow.square().mean(),
            )
        ),
        "The norms must be squared before the mean.": OneOf(
            (
                squares.sum(2).sqrt().mean() / way.sum(1).sqrt().mean(),
                squares.sum(2).sqrt().mean() / way.sum(1).mean(),
                (squares.sum(2).sqrt().mean() / way.sum(1).sqrt().mean()).square(),
            )
        ),
        "One is a mean over the numbers of a path, the other a sum: |.|^2 is a sum in both.": OneOf(
            (squares.mean() / way.sum(1).mean(), squares.sum(2).mean() / way.mean())
        ),
        "x is (steps + 1, batch, dim): the first axis is time, the second the paths.": (
            (other - its_line).square().sum(2).mean() / its_line.square().sum(1).mean()
        ),
    }


def _other_measures(x: Tensor, step: Tensor, line: Tensor) -> dict:
    """Lengths and places, where velocities were asked."""
    length, straight = step.norm(dim=2).sum(0), line.norm(dim=1)  # (batch,)
    chord = x[0] + torch.linspace(0, 1, len(x)).view(-1, 1, 1) * line  # (steps + 1, batch, dim)
    off = (x - chord).square().sum(2)
    return {
        "That compares lengths; a straight path that is walked unevenly is bent too.": OneOf(
            (length.sum() / straight.sum() - 1, (length / straight).mean() - 1, length.sum() / straight.sum())
        ),
        "You measured how far the places are from the line; the velocities are asked.": OneOf(
            part.mean() / straight.square().mean() for part in (off, off[1:])
        ),
    }


@exercise(
    "5.5",
    "the bend",
    hints=(
        "On an even grid the velocity of a step is its length divided by its time. The line is one vector "
        "for each path, from its first place to its last.",
        "A path that is straight and even has bend 0. If yours does not, your velocities are not divided by "
        "the time of a step, 1 / steps. And numerator and denominator are means of their own.",
        "v = (x[1:] - x[:-1]) * (len(x) - 1); line = x[-1] - x[0]; "
        "(v - line).square().sum(2).mean() / line.square().sum(1).mean()",
    ),
)
def bend(answer: Callable, draw: torch.Generator) -> None:
    """bend(x) -> how far the paths x (steps + 1, batch, dim) are from straight, relative to their lines."""
    for steps in (4, whole(5, 7, draw)):  # 2 paths of 3 numbers: an axis taken for another is seen
        right = steps - 1.0
        while abs(right - (steps - 1)) < 0.3:  # where two of the mistakes give nearly the same
            x = tensor(steps + 1, 2, 3, draw=draw).cumsum(0)
            x[-1] = x[-1] + torch.tensor([[3.0, 1.0, -2.0], [0.5, -6.0, 1.0]])
            v, line = (x[1:] - x[:-1]) * steps, x[-1] - x[0]
            right = (v - line).square().sum(2).mean() / line.square().sum(1).mean()
        words = "x is (steps + 1, batch, dim): time first, then the paths, then the numbers of each."
        with shapes_explained(words, {"x": x}, right):
            got = answer(x.clone())
        expect(got, right, {"x": x}, _bend_mistakes(x))
