"""Checks of chapter 5, pairs and paths: the bend, and labels that stay behind."""

from collections.abc import Callable

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect


def _bend_mistakes(x: Tensor) -> dict:
    steps = len(x) - 1
    step, line = x[1:] - x[:-1], x[-1] - x[0]  # (steps, batch, dim), (batch, dim)
    v, way = step * steps, line.square().sum(1)
    away = (v - line).square().sum(2)  # (steps, batch)

    def per(departure: Tensor) -> Tensor:
        return departure.mean() / way.mean()

    return _other_measures(x, step, line) | {
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
        "The line was divided by the steps; it is walked in one unit of time.": (
            per((v - line / steps).square().sum(2))
        ),
        "Divide by the squared length of the lines, not by that of the velocities.": (
            away.mean() / v.square().sum(2).mean()
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
    for steps in (2, whole(3, 5, draw)):
        right = steps - 1.0
        while abs(right - (steps - 1)) < 0.3:  # where two of the mistakes give nearly the same
            x = tensor(steps + 1, 2, 2, draw=draw).cumsum(0)
            x[-1] = x[-1] + torch.tensor([[3.0, 1.0], [0.5, -6.0]])
            v, line = (x[1:] - x[:-1]) * steps, x[-1] - x[0]
            right = (v - line).square().sum(2).mean() / line.square().sum(1).mean()
        expect(answer(x.clone()), right, {"x": x}, _bend_mistakes(x))


def _ordered(parts: object) -> object:
    """Triples (noise, x, labels) in the order of their noise: which of them was moved does not matter."""
    if not all(isinstance(part, Tensor) for part in parts) or len({len(part) for part in parts}) > 1:
        return parts
    order = parts[0].flatten(1)[:, 0].argsort()
    return tuple(part[order] for part in parts)


def _pairs(size: int, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Noise, images, and the order of the images; mistakes would give other orders, all different."""
    while True:
        noise, x = (torch.randn(size, 1, 2, 1, generator=draw) for _ in range(2))
        squares = torch.cdist(noise.flatten(1), x.flatten(1)).square()
        order = torch.from_numpy(linear_sum_assignment(squares)[1])
        far = torch.from_numpy(linear_sum_assignment(-squares)[1])
        orders = (order, order.argsort(), far, torch.arange(size))
        if len({tuple(one.tolist()) for one in orders}) == 4:
            return noise, x, order


def _couple_mistakes(noise: Tensor, x: Tensor, labels: Tensor, order: Tensor) -> dict:
    squares = torch.cdist(noise.flatten(1), x.flatten(1)).square()
    far, near = torch.from_numpy(linear_sum_assignment(-squares)[1]), squares.argmin(1)
    wrong = {
        "The labels stayed behind: an image took another's place, and its label did not.": (
            (noise, x[order], labels),
        ),
        "The labels went the other way: they need the same order as the images.": (
            (noise, x[order], labels[order.argsort()]),
        ),
        "The order was put to the noise; it says which image goes with a noise, so it orders the images.": (
            (noise[order], x, labels),
            (noise[order], x, labels[order]),
        ),
        "The images stayed where they were, and only the labels were moved.": ((noise, x, labels[order]),),
        "All three were moved in the same way, or none: nothing was paired anew.": ((noise, x, labels),),
        "These are the longest lines.": ((noise, x[far], labels[far]),),
        "Each noise took its nearest image, so some images came twice and others not at all.": (
            (noise, x[near], labels[near]),
        ),
    }
    return {words: OneOf(map(_ordered, values)) for words, values in wrong.items()}


@exercise(
    "5.6",
    "spot the bug: pairs and their labels",
    hints=(
        "Three things belong together: a noise, an image, and the label of that image. Follow one image.",
        "Take two images, a 3 and a 7, that change places. Which label does the network hear with the 3?",
        "return noise, x[order], labels[order]",
    ),
)
def couple(answer: Callable, draw: torch.Generator) -> None:
    """couple(noise, x, labels) -> the same in pairs of shortest lines, each image with its own label."""
    for size in (4, whole(5, 7, draw)):
        noise, x, order = _pairs(size, draw)
        labels = torch.randperm(size, generator=draw)
        got = answer(noise.clone(), x.clone(), labels.clone())
        if not (isinstance(got, tuple | list) and len(got) == 3):
            raise CheckFailed("not right yet. Return three things: noise, images, labels.")
        given = {"noise": noise, "x": x, "labels": labels, "order": order}
        right = _ordered((noise, x[order], labels[order]))
        expect(_ordered(got), right, given, _couple_mistakes(noise, x, labels, order))
