"""The check of exercise 12.7: how large is what a network must answer?"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.teach.checks.ch12 import shares
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


class Place(NamedTuple):
    """Shares of data and noise and their derivatives, each (b,), and the data's mean square."""

    alpha: Tensor
    sigma: Tensor
    alpha_dot: Tensor
    sigma_dot: Tensor
    s: float


class Sizes(NamedTuple):
    """Mean squares of the four targets, each (b,)."""

    noise: Tensor
    data: Tensor
    score: Tensor
    velocity: Tensor


def mean_squares(at: Place) -> Sizes:
    """Mean squares of noise, data, score and velocity."""
    one = torch.ones_like(at.alpha)
    return Sizes(one, at.s * one, 1 / at.sigma**2, at.s * at.alpha_dot**2 + at.sigma_dot**2)


def _wrong(at: Place) -> dict[str, Sizes | OneOf]:
    """What each mistake outside of the velocity gives in place of the four."""
    right = mean_squares(at)
    return {
        "The score is noise / sigma, so its mean square is divided by sigma^2: that is its root.": (
            right._replace(score=1 / at.sigma)
        ),
        "The score is divided by sigma, not multiplied: it grows towards the data.": OneOf(
            [right._replace(score=at.sigma**2), right._replace(score=at.sigma)]
        ),
        "The noise is not scaled: sigma stands in x, not in the noise.": right._replace(noise=at.sigma**2),
        "The data are not scaled: alpha stands in x, not in the data.": (
            right._replace(data=right.data * at.alpha**2)
        ),
        "These are roots of mean squares; mean squares were asked.": Sizes(*(x.sqrt() for x in right)),
    }


def _wrong_velocities(at: Place) -> dict[str, Sizes | OneOf]:
    """What each mistake in the velocity gives."""
    right = mean_squares(at)
    up, down = at.s * at.alpha_dot**2, at.sigma_dot**2
    wrong = {
        "Data and noise are independent: mean squares add up, and no product is left.": (
            (at.alpha_dot * at.s**0.5 + at.sigma_dot) ** 2,
            (at.alpha_dot + at.sigma_dot) ** 2,
        ),
        "Squares add up, whatever the sign in front: a noise taken off makes the velocity no smaller.": (
            up - down,
            (up - down).abs(),
        ),
        "The data's mean square belongs to alpha'^2: it is not 1.": (at.alpha_dot**2 + down,),
        "s is a mean square already: it is not squared again.": (at.s * up + down,),
        "The velocity is the derivative: alpha' and sigma' stand in it, not alpha and sigma.": (
            at.s * at.alpha**2 + at.sigma**2,
        ),
    }
    return {words: OneOf(right._replace(velocity=v) for v in values) for words, values in wrong.items()}


@exercise(
    "12.7",
    "how large is the answer?",
    hints=(
        "Noise and data are independent, and the noise has mean 0 and mean square 1. What is the mean square "
        "of a sum of two such things?",
        "Each target is a times data plus b times noise, and its mean square a^2 s + b^2. For the score a "
        "= 0, b = -1 / sigma; for the velocity a = alpha', b = sigma'.",
        "one = torch.ones_like(alpha); return one, s * one, 1 / sigma**2, s * alpha_dot**2 + sigma_dot**2",
    ),
)
def targets(answer: Callable, draw: torch.Generator) -> None:
    """mean_squares(alpha, sigma, alpha_dot, sigma_dot, s) -> those of noise, data, score and velocity."""
    for count in (1, 3):
        alpha, sigma = shares(count, draw)
        up, down = 1.2 + torch.rand(count, generator=draw), -1.6 - torch.rand(count, generator=draw)
        s = round(0.3 + 0.2 * float(torch.rand(1, generator=draw)), 2)
        at = Place(alpha, sigma, up.double(), down.double(), s)
        got = answer(*(value.clone() for value in at[:4]), s)
        got = tuple(got) if isinstance(got, Tensor | list) else got
        expect(got, tuple(mean_squares(at)), at._asdict(), _wrong(at) | _wrong_velocities(at))
