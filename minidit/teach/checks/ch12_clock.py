"""Checks of chapter 12: a network through another clock, and the signal-to-noise ratio of three paths."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect

Network = Callable[[Tensor, Tensor], Tensor]


def places(count: int, draw: torch.Generator) -> Tensor:
    """Times (count,) away from the ends and from 1/2, each in a part of its own."""
    start = torch.tensor([0.2, 0.7, 0.35, 0.56])[:count]
    return (start + 0.1 * torch.rand(count, generator=draw)).double()


def wide(t: Tensor) -> Tensor:
    """A number for each image, over its pixels."""
    return t.view(-1, 1, 1, 1)  # (b,) -> (b, 1, 1, 1)


def through(f: Network, x: Tensor, t: Tensor) -> Tensor:
    """The velocity on the straight path that a noise network of the quarter circle means."""
    told, size = on_circle(t)
    noise = f(x / wide(size), told)
    return (x - noise) / wide(t)


def on_circle(t: Tensor) -> tuple[Tensor, Tensor]:
    """For our t: the number 0 to 1000 that the network is told, and the length of (t, 1 - t), both (b,)."""
    return 1000 * (1 - torch.atan2(t, 1 - t) * 2 / math.pi), (t**2 + (1 - t) ** 2).sqrt()


def _wrong_questions(f: Network, x: Tensor, t: Tensor) -> dict[str, OneOf]:
    """What a network says that was told another number, or shown another image."""
    told, size = on_circle(t)
    n, t_, s_ = wide(size), wide(t), wide(1 - t)
    asked = {
        "The network was told a time from 0 to 1: its clock counts to 1000.": (
            (x / n, told / 1000),
            (x / n, 1 - told / 1000),
            (x / n, t),
        ),
        "The network's clock runs the other way: it is told 1000 at the noise.": ((x / n, 1000 - told),),
        "It was told our time, turned and scaled: at the same t the circle has another noise level.": (
            (x / n, 1000 * (1 - t)),
            (x, 1000 * (1 - t)),
        ),
        "x was not rescaled: on the circle its share of the data is larger.": ((x, told),),
        "x was multiplied where it is divided.": ((x * n, told),),
        "x was rescaled by the noise's share and the data's: divide both shares by the same length.": (
            (x * s_ / (t_ * n), told),
            (x * t_ / (s_ * n), told),
        ),
    }
    return {words: OneOf((x - f(*one)) / t_ for one in pairs) for words, pairs in asked.items()}


def _wrong_readings(f: Network, x: Tensor, t: Tensor) -> dict[str, Tensor | OneOf]:
    """What other readings of the right noise give."""
    told, size = on_circle(t)
    good, t_, s_ = x / wide(size), wide(t), wide(1 - t)
    noise = f(good, told)
    return {
        "The sign of the velocity is turned: it leads from noise to data.": (noise - x) / t_,
        "You divided by the noise's share: with the noise known, the data are (x - (1 - t) noise) / t.": (
            OneOf([(x - noise) / s_, (x - t_ * noise) / s_ - noise])
        ),
        "That is the noise: a velocity was asked.": noise,
        "That is the data: a velocity was asked.": (x - s_ * noise) / t_,
        "The noise was taken off the circle's image; the velocity is that of x.": OneOf(
            [(good - noise) / t_, (good - noise) * wide(size) / t_]
        ),
    }


@exercise(
    "12.3",
    "one network through two clocks",
    hints=(
        "Two images with the same sigma / alpha are the same up to a factor. At which place of the circle is "
        "the ratio (1 - t) / t?",
        "(t, 1 - t) is a point; the circle has one in the same direction, at the angle atan2(t, 1 - t), of "
        "length 1. x is divided by the length of (t, 1 - t). The number told is 1000 at the noise and 0 at "
        "the data. With the noise known, velocity = data - noise.",
        "size = (t**2 + (1 - t)**2).sqrt().view(-1, 1, 1, 1); told = 1000 * (1 - torch.atan2(t, 1 - t) * 2 / "
        "torch.pi); noise = f(x / size, told); return (x - noise) / t.view(-1, 1, 1, 1)",
    ),
)
def clocks(answer: Callable, draw: torch.Generator) -> None:
    """velocity(f, x, t) -> the velocity on the straight path, from a noise network of the quarter circle."""
    for side in (1, 2):
        x, t = tensor(2, 1, side, side, draw=draw).double() + 1.55, places(2, draw)
        bend = 0.3 + 0.1 * tensor(1, draw=draw).abs().item()

        def f(x: Tensor, s: Tensor, bend: float = bend) -> Tensor:
            """A network: `x` and the number told, bent."""
            return torch.tanh(bend * x + wide(s) / 400) + 0.1 * x * x

        given = {"f": f"tanh({bend:.2f} x + s / 400) + 0.1 x x", "x": x, "t": t}
        got = answer(f, x.clone(), t.clone())
        mistakes = _wrong_questions(f, x, t) | _wrong_readings(f, x, t)
        expect(got, through(f, x, t), given, mistakes)


def _log_alpha(u: Tensor) -> Tensor:
    """VP: the logarithm of alpha at u = 1 - t."""
    return -(0.1 * u + 19.9 * u**2 / 2) / 2


def snr(path: str, t: Tensor) -> Tensor:
    """alpha / sigma on one of the three paths, (b,)."""
    if path == "linear":
        return t / (1 - t)
    if path == "gvp":
        return torch.tan(t * math.pi / 2)
    alpha = _log_alpha(1 - t).exp()
    return alpha / (1 - alpha**2).sqrt()


@exercise(
    "12.4",
    "log-SNR of three paths",
    hints=(
        "SNR compares variances. With the share alpha of the data and sigma of the noise, what are these?",
        "SNR = alpha^2 / sigma^2, and log is the natural logarithm, so log SNR = 2 log(alpha / sigma). It "
        "rises with t. On vp sigma^2 = 1 - alpha^2, and u = 1 - t.",
        "alpha, sigma = {'linear': (t, 1 - t), 'gvp': (sin(pi t / 2), cos(pi t / 2))}[path], or for vp u = "
        "1 - t; alpha = (-(0.1 u + 19.9 u**2 / 2) / 2).exp(); sigma = (1 - alpha**2).sqrt(); return "
        "2 * (alpha / sigma).log()",
    ),
)
def log_snr(answer: Callable, draw: torch.Generator) -> None:
    """log_snr(path, t) -> the logarithm of alpha^2 / sigma^2, on the paths linear, gvp and vp."""
    for path in ("linear", "gvp", "vp"):
        t = places(3, draw)
        ratio = snr(path, t)
        right = 2 * ratio.log()
        mistakes = {
            "SNR is a ratio of variances, alpha^2 / sigma^2: the square is missing.": ratio.log(),
            "That is a logarithm to another base: log is the natural one.": OneOf(
                [right / math.log(10), right / math.log(2), 10 * right / math.log(10)]
            ),
            "That is SNR; its logarithm was asked.": OneOf([ratio**2, ratio]),
            "It falls with t, and must rise: time is turned, or the ratio upside down.": OneOf(
                [-right, 2 * snr(path, 1 - t).log(), -ratio.log(), snr(path, 1 - t).log()]
            ),
            "That is 4 log(alpha / sigma): the square was taken twice.": 2 * right,
        }
        if path == "vp":
            mistakes |= _vp_mistakes(t)
        expect(answer(path, t.clone()), right, {"path": path, "t": t}, mistakes)


def _vp_mistakes(t: Tensor) -> dict[str, Tensor | OneOf]:
    alpha = _log_alpha(1 - t).exp()
    return {
        "On vp sigma is not 1 - alpha: alpha^2 + sigma^2 = 1.": 2 * (alpha / (1 - alpha)).log(),
        "You took alpha for alpha^2: the formula gives log alpha.": (alpha / (1 - alpha)).log(),
        "The last half is missing: -(0.1 u + 19.9 u^2 / 2) is log alpha^2.": OneOf(
            [2 * (alpha**2 / (1 - alpha**4).sqrt()).log()]
        ),
    }
