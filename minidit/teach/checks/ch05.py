"""Checks of chapter 5, the field: a line of another path, and the mean velocity at a place."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, shapes_explained

HALF = math.pi / 2


def apart(draw: torch.Generator) -> Tensor:
    """Three times in 0.1 to 0.8 that lie apart, in any order."""
    return 0.1 + 0.3 * torch.randperm(3, generator=draw) + 0.1 * torch.rand(3, generator=draw)


def _on_arc(x: Tensor, noise: Tensor, t: Tensor, turn: float = HALF) -> tuple[Tensor, Tensor]:
    """x_t and its velocity, on a circle walked at `turn` radians in one unit of time."""
    angle = (turn * t).view(-1, 1, 1, 1)
    sin, cos = angle.sin(), angle.cos()
    return sin * x + cos * noise, turn * (cos * x - sin * noise)


def _arc_mistakes(x: Tensor, noise: Tensor, t: Tensor) -> dict:
    (x_t, v), (back, back_v) = _on_arc(x, noise, t), _on_arc(noise, x, t)
    angle, wide = (HALF * t).view(-1, 1, 1, 1), t.view(-1, 1, 1, 1)
    rising = HALF * (angle.cos() * x + angle.sin() * noise)
    straight, degrees = wide * x + (1 - wide) * noise, _on_arc(x, noise, t, 90)
    return {
        "The chain rule: the derivative of sin(pi t / 2) by t is pi / 2 times the cosine.": (x_t, v / HALF),
        "The derivative of a cosine is minus a sine: the noise fades.": OneOf(
            ((x_t, rising), (x_t, rising / HALF))
        ),
        "That is the velocity of the straight path; on an arc it changes with t.": (x_t, x - noise),
        "That velocity points from data to noise.": OneOf(((x_t, -v), (x_t, noise - x))),
        "These are the shares once more, not their derivatives.": OneOf(((x_t, x_t), (x_t, HALF * x_t))),
        "The shares are swapped: at t = 0 there is only noise.": OneOf(
            ((back, back_v), (back, -back_v), (back, v))
        ),
        "One time was used for the whole batch; each image has its own.": OneOf(
            (_on_arc(x, noise, t[:1].expand(3)), _on_arc(x, noise, t.mean().expand(3)))
        ),
        "That is the straight path: the shares are a sine and a cosine here.": OneOf(
            ((straight, x - noise), (straight, v))
        ),
        "The angle runs to half a circle; a quarter was asked, pi t / 2.": _on_arc(x, noise, t, math.pi),
        "The angle is in degrees; torch.sin wants radians.": OneOf(
            (degrees, (degrees[0], degrees[1] * HALF / 90))
        ),
        "Return both, x_t and v, in this order.": OneOf((x_t, v, (v, x_t))),
    }


@exercise(
    "5.1",
    "a line of another path",
    hints=(
        "Two shares, alpha and sigma, and the derivative of each by t. One time for each image.",
        "The derivative of sin(pi t / 2) is not cos(pi t / 2): a factor comes out. And one of the two "
        "derivatives is negative.",
        "a = pi t / 2 as (batch, 1, 1, 1); x_t = sin(a) x + cos(a) noise; "
        "v = pi / 2 (cos(a) x - sin(a) noise)",
    ),
)
def arc(answer: Callable, draw: torch.Generator) -> None:
    """arc(x, noise, t) -> x_t and the velocity, on the quarter circle."""
    x, noise = (tensor(3, 1, 2, 2, draw=draw) + 0.05 for _ in range(2))
    t = apart(draw)
    given = {"x": x, "noise": noise, "t": t}
    words = "t is (batch,), x is (batch, c, h, w): view t as (batch, 1, 1, 1) first."
    with shapes_explained(words, given, x):
        got = answer(x.clone(), noise.clone(), t.clone())
    expect(got, _on_arc(x, noise, t), given, _arc_mistakes(x, noise, t))


def _field_mistakes(x: Tensor, t: float, points: Tensor) -> dict:
    sigma = 1 - t
    squares = (x[:, None] - t * points).square().sum(2)  # (batch, points)
    bare, back = (x[:, None] - points).square().sum(2), (x[:, None] - sigma * points).square().sum(2)
    width, near = 2 * sigma**2, F.one_hot(squares.argmin(1), len(points)).to(x.dtype)

    def towards(weight: Tensor) -> Tensor:
        return (weight @ points - x) / sigma

    def by(logits: Tensor) -> Tensor:
        return towards(logits.softmax(1))

    right = (-squares / width).softmax(1)
    reverse = ((-back / (2 * t**2)).softmax(1) @ points - x) / t
    words = {
        "All points were given the same weight; those that would need a large noise are less probable.": (
            by(0 * squares)
        ),
        "Only the most probable point was followed; the mean over all is asked.": towards(near),
        "The distance is measured to the points themselves; at time t they stand at t * point.": OneOf(
            (by(-bare / width), by(-bare / 2))
        ),
        "That is the way that is left, to the mean of the points; there is only 1 - t to walk it.": (
            right @ points - x
        ),
        "That is the mean of the points; the velocity leads there from x.": right @ points,
        "The velocity points from the data to x.": -towards(right),
        "Time is reversed: here t = 1 is data.": OneOf((reverse, -reverse)),
    }
    return words | _weight_mistakes(squares, sigma, towards, by)


def _weight_mistakes(squares: Tensor, sigma: float, towards: Callable, by: Callable) -> dict:
    """What goes wrong in the weights; squares (batch, points)."""
    width = 2 * sigma**2
    return {
        "The width of the weights is sigma squared: divide by 2 (1 - t)^2.": by(-squares / (2 * sigma)),
        "The 2 of the normal density is missing: divide by 2 (1 - t)^2.": by(-squares / sigma**2),
        "The noise of the weights was taken as 1; at time t it is 1 - t.": by(-squares / 2),
        "The distance must be squared: a normal density falls like exp(-distance^2).": (
            by(-squares.sqrt() / width)
        ),
        "The sign in the exponent is wrong: far points got the large weights.": by(squares / width),
        "The weights do not sum to 1: divide by their sum (softmax does).": towards((-squares / width).exp()),
        "The softmax runs over the places; for each place the weights of the points sum to 1.": (
            towards((-squares / width).softmax(0))
        ),
    }


@exercise(
    "5.2",
    "the mean velocity at a place",
    hints=(
        "If the line leads to point k, what noise did it start from? The nearer that noise to 0, the more "
        "probable is k.",
        "Near t = 1 the velocity must lead to one point, at t = 0 to the mean of all. If not, look at the "
        "weights: they sum to 1 for each place, and their width is that of the noise, 1 - t.",
        "away = x[:, None] - t * points; w = softmax(-away.square().sum(2) / (2 (1 - t)^2), 1); "
        "return (w @ points - x) / (1 - t)",
    ),
)
def field(answer: Callable, draw: torch.Generator) -> None:
    """field(x, t, points) -> the mean velocity at places x, when the data are these points."""
    for dim in (1, 2):
        points = tensor(whole(4, 5, draw), dim, draw=draw)
        x, t = tensor(3, dim, draw=draw) + 0.05, 0.3 + 0.1 * whole(0, 1, draw)
        given = {"x": x, "t": t, "points": points}
        words = "x is (batch, dim), points (n, dim): x[:, None] - points is (batch, n, dim)."
        with shapes_explained(words, given, x):
            got = answer(x.clone(), t, points.clone())
        weight = (-(x[:, None] - t * points).square().sum(2) / (2 * (1 - t) ** 2)).softmax(1)
        expect(got, (weight @ points - x) / (1 - t), given, _field_mistakes(x, t, points))
