"""Checks of chapter 5, the loss: that of one batch, its floor, and a test of training examples."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.checks.ch05 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, shapes_explained
from minidit.teach.mutants import try_test


def _loss_mistakes(f: Callable, x: Tensor, noise: Tensor, t: Tensor) -> dict:
    def error(mixed: Tensor = t, told: Tensor = t, target: Tensor = x - noise) -> Tensor:
        wide = mixed.view(-1, 1, 1, 1)
        return f(wide * x + (1 - wide) * noise, told) - target

    def mse(**changed: Tensor) -> Tensor:
        return error(**changed).square().mean()

    one, mean, wide = t[:1].expand(3), t.mean().expand(3), t.view(-1, 1, 1, 1)
    wrong = {
        "The sign of the target is wrong: the velocity leads from noise to data.": mse(target=noise - x),
        "One time was used for the whole batch; each image has its own.": OneOf(
            (mse(mixed=one, told=one), mse(mixed=one), mse(mixed=mean, told=mean))
        ),
        "Time is reversed in the mixture: at t = 1 it is the image.": OneOf(
            (mse(mixed=1 - t), mse(mixed=1 - t, target=noise - x))
        ),
        "f was told 1 - t; it is told t, 0 at the noise.": mse(told=1 - t),
        "That target is the image; f answers with the velocity, x - noise.": mse(target=x),
        "That target is the noise; f answers with the velocity, x - noise.": mse(target=noise),
        "f was asked at the clean image, or at the noise; it sees the mixture.": OneOf(
            tuple((f(place, t) - (x - noise)).square().mean() for place in (x, noise))
        ),
        "The target was mixed with t; on a straight line the velocity does not change.": (
            mse(target=wide * (x - noise))
        ),
    }
    return wrong | _reductions(error())


def _reductions(error: Tensor) -> dict:
    """What goes wrong on the way from errors (batch, c, h, w) to one number."""
    return {
        "That is the sum; take the mean over images and pixels.": error.square().sum(),
        "That is a sum over the pixels; take their mean.": error.square().flatten(1).sum(1).mean(),
        "That is the absolute error; its best answer is the median, not the mean.": error.abs().mean(),
        "A root was taken; the mean squared error is asked.": error.square().mean().sqrt(),
        "The mean was taken before the square: errors of both signs cancel.": error.mean().square(),
    }


@exercise(
    "5.3",
    "the loss of one batch",
    hints=(
        "Mix, ask, compare, square, mean. What does f see, and what must it answer?",
        "Each image has its own time. f is asked at the mixture, not at the image, and told t as it is.",
        "w = t.view(-1, 1, 1, 1); return (f(w * x + (1 - w) * noise, t) - (x - noise)).square().mean()",
    ),
)
def loss(answer: Callable, draw: torch.Generator) -> None:
    """loss(f, x, noise, t) -> the mean squared error of the velocity, on the straight path."""
    x, noise = (tensor(3, 1, 2, 2, draw=draw) + 0.05 for _ in range(2))
    t, factor = apart(draw), torch.tensor(1.0 + whole(1, 3, draw), requires_grad=True)

    def f(x: Tensor, t: Tensor) -> Tensor:
        if getattr(t, "shape", None) != (len(x),):
            raise CheckFailed("not right yet. f wants the times as they came, one for each image: (batch,).")
        return factor * (1 + t).view(-1, 1, 1, 1) * x + t.view(-1, 1, 1, 1)

    wide, given = t.view(-1, 1, 1, 1), {"x": x, "noise": noise, "t": t}
    words = "t is (batch,), x (batch, c, h, w): view t as (batch, 1, 1, 1) for the mixture."
    with shapes_explained(words, given, torch.tensor(0.0)):
        got = answer(f, x.clone(), noise.clone(), t.clone())
    with torch.no_grad():
        right = (f(wide * x + (1 - wide) * noise, t) - (x - noise)).square().mean()
        mistakes = _loss_mistakes(f, x, noise, t)
    expect(got.detach() if isinstance(got, Tensor) else got, right, given, mistakes, 1e-5)
    if not (isinstance(got, Tensor) and got.requires_grad):
        raise CheckFailed(
            "not right yet. The number is right, but it carries no gradient: leave it a tensor, without "
            ".item() or .detach()."
        )


@exercise(
    "5.4",
    "the floor of the loss",
    hints=(
        "Among the lines that meet at x_t, what is still free? Once x_1 is known, the line is known.",
        "From x_t = t x_1 + (1 - t) noise it follows that x_1 - noise = (x_1 - x_t) / (1 - t). How much does "
        "x_1 vary when x_t is known? Less than it does without.",
        "s = t^2 b^2 + (1 - t)^2; var(x_1 | x_t) = b^2 - (t b^2)^2 / s = b^2 (1 - t)^2 / s; "
        "divide by (1 - t)^2",
    ),
)
def floor(answer: Callable, draw: torch.Generator) -> None:
    """floor(b, t) -> the variance of x_1 - noise among lines that meet, for data N(0, b^2)."""
    for _ in range(2):
        b, t = 1.55 + 0.1 * whole(0, 9, draw), 0.55 + 0.05 * whole(0, 3, draw)
        s, back = t**2 * b**2 + (1 - t) ** 2, (1 - t) ** 2 * b**2 + t**2
        right = b**2 / s
        mistakes = {
            "That is the spread over all lines; among lines that meet at x_t it is smaller.": b**2 + 1,
            "The floor is not zero: lines that meet have different velocities.": 0.0,
            "That is the standard deviation; the loss is squared, so its floor is the variance.": right**0.5,
            "Time is reversed: at t = 0 there is only noise, and the floor is b^2.": b**2 / back,
            "b is the standard deviation of the data; its square is the variance.": OneOf(
                (b / (t**2 * b + (1 - t) ** 2), b / s)
            ),
            "The shares must be squared in the variance of x_t.": b**2 / (t * b**2 + 1 - t),
            "That is the variance of x_1 given x_t; the velocity is (x_1 - x_t) / (1 - t).": (
                b**2 * (1 - t) ** 2 / s
            ),
            "The velocity is (x_1 - x_t) / (1 - t): its variance has (1 - t)^2 below, not 1 - t.": (
                b**2 * (1 - t) / s
            ),
            "That is the variance of x_t.": s,
            "That is how much of the spread is explained; the rest is the floor.": b**2 + 1 - right,
        }
        expect(answer(b, t), right, {"b": b, "t": t}, mistakes)


def _examples(
    x: Tensor,
    generator: torch.Generator,
    times: Callable = lambda t: t,
    noises: Callable = lambda noise: noise,
    told: Callable = lambda t: t,
    sign: int = 1,
) -> tuple[Tensor, Tensor, Tensor]:
    """x_t, t and target; each argument after the generator changes one part into a wrong one."""
    t, noise = times(torch.rand(len(x), generator=generator)), torch.randn(x.shape, generator=generator)
    noise, wide = noises(noise), t.view(-1, 1, 1, 1)
    return wide * x + (1 - wide) * noise, told(t), sign * (x - noise)


def _noise_first(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Right too: only the order of the draws is another."""
    noise, t = torch.randn(x.shape, generator=generator), torch.rand(len(x), generator=generator)
    wide = t.view(-1, 1, 1, 1)
    return wide * x + (1 - wide) * noise, t, x - noise


def _faulty(**changed: Callable | int) -> Callable:
    return lambda x, generator: _examples(x, generator, **changed)


_MUTANTS: dict[str, Callable] = {
    "one time is drawn for the whole batch": _faulty(times=lambda t: t[:1].expand_as(t)),
    "one noise is drawn for the whole batch": _faulty(noises=lambda noise: noise[:1].expand_as(noise)),
    "the target has the wrong sign": _faulty(sign=-1),
    "1 - t is handed out in place of t": _faulty(told=lambda t: 1 - t),
    "no time is later than one half": _faulty(times=lambda t: t / 2),
    "the noise has a standard deviation of one half": _faulty(noises=lambda noise: noise / 2),
}


@exercise(
    "5.7",
    "write the test: training examples",
    hints=(
        "One equation holds for each single example; the rest are statements about many. What must t and the "
        "noise look like over a thousand images?",
        "From x_t, t and the target you get x and the noise back: x_t + (1 - t) target, and x - target. A "
        "batch of one sees no shared time. And do not compare with numbers that you drew yourself: the right "
        "function may draw in another order.",
        "x_t, t, v = examples(x of 1000 images, generator); assert allclose(x_t + (1 - t) v, x), and for "
        "noise = x - v: its std is about 1, noise[0] differs from noise[1], t.min() < 0.1, t.max() > 0.9, "
        "t.std() > 0.2",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(examples) passes for right functions, and raises AssertionError for each wrong one."""
    try_test(answer, _noise_first, {}, draw)
    try_test(answer, _examples, _MUTANTS, draw)
