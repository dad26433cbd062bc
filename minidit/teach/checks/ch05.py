"""Checks of chapter 5, the field: a line of another path, and the mean velocity at a place."""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, shapes_explained

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
    kept = angle.sin() * x - angle.cos() * noise
    straight = wide * x + (1 - wide) * noise
    return {
        "The chain rule: the derivative of sin(pi t / 2) by t is pi / 2 times the cosine.": (x_t, v / HALF),
        "The derivative of a cosine is minus a sine: the noise fades.": OneOf(
            ((x_t, rising), (x_t, rising / HALF))
        ),
        "The minus is there, but sine and cosine were not exchanged: the derivative of a sine is a cosine.": (
            OneOf(((x_t, kept), (x_t, HALF * kept)))
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
        "Return both, x_t and v, in this order.": OneOf((x_t, v, (v, x_t))),
    } | _angle_mistakes(x, noise, t, v)


def _angle_mistakes(x: Tensor, noise: Tensor, t: Tensor, v: Tensor) -> dict:
    """Another angle, or other shares of it; v is the right velocity."""
    (half, half_v), (degrees, degrees_v) = _on_arc(x, noise, t, math.pi), _on_arc(x, noise, t, 90)
    (bare, bare_v), angle = _on_arc(x, noise, t, 0.5), (HALF * t).view(-1, 1, 1, 1)
    squared = angle.sin() ** 2 * x + angle.cos() ** 2 * noise
    squared_v = HALF * (2 * angle).sin() * (x - noise)
    return {
        "The angle runs to half a circle, pi t; a quarter was asked, pi t / 2.": OneOf(
            ((half, half_v), (half, half_v / math.pi), (half, half_v / 2), (half, v))
        ),
        "pi was forgotten: the angle is pi t / 2.": OneOf(
            ((bare, bare_v), (bare, 2 * bare_v), (bare, v), _on_arc(x, noise, t, 1))
        ),
        "The shares were squared; they are the sine and the cosine themselves.": OneOf(
            ((squared, squared_v), (squared, squared_v / HALF), (squared, v))
        ),
        "The angle is in degrees; torch.sin wants radians.": OneOf(
            ((degrees, degrees_v), (degrees, degrees_v * HALF / 90))
        ),
    }


@contextmanager
def _tensors_explained() -> Iterator[None]:
    """Around a call of an answer: math.sin of a whole tensor is told."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError) as error:
        if not re.search("(?i)scalar|only one element", str(error)):
            raise
        raise CheckFailed(
            f"not right yet: {error}. math.sin takes one number; a tensor has torch.sin."
        ) from error


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
    with shapes_explained(words, given, x), _tensors_explained():
        got = answer(x.clone(), noise.clone(), t.clone())
    expect(got, _on_arc(x, noise, t), given, _arc_mistakes(x, noise, t))


def _weights(x: Tensor, t: float, points: Tensor) -> Tensor:
    """How probable each point is, (batch, points)."""
    return (-(x[:, None] - t * points).square().sum(2) / (2 * (1 - t) ** 2)).softmax(1)


def _field_mistakes(x: Tensor, t: float, points: Tensor) -> dict:
    sigma = 1 - t
    squares = (x[:, None] - t * points).square().sum(2)  # (batch, points)
    near, right = F.one_hot(squares.argmin(1), len(points)).to(x.dtype), _weights(x, t, points)
    bare = (-squares / (2 * sigma**2)).exp()

    def towards(weight: Tensor) -> Tensor:
        return (weight @ points - x) / sigma

    def by(logits: Tensor) -> Tensor:
        return towards(logits.softmax(1))

    words = {
        "All points were given the same weight; those that would need a large noise are less probable.": (
            by(0 * squares)
        ),
        "Only the most probable point was followed; the mean over all is asked.": towards(near),
        "That is the way that is left, to the mean of the points; there is only 1 - t to walk it.": (
            right @ points - x
        ),
        "That is the mean of the points; the velocity leads there from x.": right @ points,
        "The velocity points from the data to x.": -towards(right),
        "Each velocity is point - noise, and the noise of a line is (x - t * point) / (1 - t): "
        "it was not divided by 1 - t.": right @ points - (x - t * (right @ points)),
    }
    return (
        words
        | _sum_mistakes(bare, (points - x[:, None]) / sigma)
        | _weight_mistakes(squares, sigma, towards, by)
        | _place_mistakes(x, t, points, by)
    )


def _place_mistakes(x: Tensor, t: float, points: Tensor, by: Callable) -> dict:
    """What goes wrong in the distance, or in the time."""
    sigma, width = 1 - t, 2 * (1 - t) ** 2
    bare, back = (x[:, None] - points).square().sum(2), (x[:, None] - sigma * points).square().sum(2)
    reverse, dots = ((-back / (2 * t**2)).softmax(1) @ points - x) / t if t else x, x @ points.T
    return {
        "The distance is measured to the points themselves; at time t they stand at t * point.": OneOf(
            (by(-bare / width), by(-bare / 2))
        ),
        "Dot products are not distances: |x - t p|^2 holds t^2 |p|^2 too, and points differ in that.": (
            OneOf((by(dots), by(t * dots), by(t * dots / sigma**2), by(dots / sigma**2)))
        ),
        "Time is reversed: here t = 1 is data.": OneOf((reverse, -reverse)),
    }


def _sum_mistakes(bare: Tensor, v: Tensor) -> dict:
    """Sums in place of means; bare (batch, points) are weights not yet divided, v (batch, points, dim)."""
    sums = OneOf(((bare[..., None] * v).sum(1), v.sum(1)))
    return {"The velocities were added; a mean is asked, whose weights sum to 1 for each place.": sums}


def _weight_mistakes(squares: Tensor, sigma: float, towards: Callable, by: Callable) -> dict:
    """What goes wrong in the weights; squares (batch, points)."""
    width = 2 * sigma**2
    return {
        "The width of the weights is sigma squared: divide by 2 (1 - t)^2.": by(-squares / (2 * sigma)),
        "The 2 of the normal density is missing: divide by 2 (1 - t)^2.": by(-squares / sigma**2),
        "The noise of the weights was taken as 1; at time t it is 1 - t.": by(-squares / 2),
        "The distance must be squared: a normal density falls like exp(-distance^2).": OneOf(
            (by(-squares.sqrt() / width), by(-squares.sqrt() / (2 * sigma)), by(-squares.sqrt()))
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
    for dim, t in ((1, 0.3), (2, 0.4), (2, 0.0), (2, 0.97 + 0.01 * whole(0, 2, draw))):
        x, points = _far_apart(dim, t, draw)
        given = {"x": x, "t": t, "points": points}
        words = "x is (batch, dim), points (n, dim): x[:, None] - points is (batch, n, dim)."
        with shapes_explained(words, given, x):
            got = answer(x.clone(), t, points.clone())
        if isinstance(got, Tensor) and got.isnan().any():
            raise CheckFailed(
                f"not right yet. At t = {t:g} your velocities hold nan: far from all points every weight "
                "underflows to 0, and 0 / 0 is nan. Subtract the largest exponent from all before you take "
                "exp, or use softmax, which does so."
            )
        expect(got, (_weights(x, t, points) @ points - x) / (1 - t), given, _field_mistakes(x, t, points))


def _far_apart(dim: int, t: float, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places and points. Near the data one place is far from all points, and none is between two of them.

    There the weights are 0 and 1: a right answer that adds up otherwise would round to other weights between.
    """
    while True:
        x, points = tensor(3, dim, draw=draw) + 0.05, tensor(whole(4, 5, draw), dim, draw=draw)
        squares = (x[:, None] - t * points).square().sum(2).sort(1).values  # (batch, points)
        if t < 0.9 or (squares[:, 0].max() > 0.5 and (squares[:, 1] - squares[:, 0]).min() > 0.1):
            return x, points
