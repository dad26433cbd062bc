"""Checks of chapter 7, the ODE: Heun's method and a test for it, its order, a shifted grid."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect
from minidit.teach.mutants import try_test

ONE_EACH = "torch.full((len(x),), t)"
# one step from t to t + dt: f(v, x, t, dt) -> x
Step = Callable[[Callable, Tensor, float, float], Tensor]


def _ask(v: Callable, x: Tensor, t: float) -> Tensor:
    return v(x, torch.full((len(x),), t, dtype=x.dtype))


def _step(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    start = _ask(v, x, t)
    return x + dt * (start + _ask(v, x + dt * start, t + dt)) / 2


def _same_time(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    start = _ask(v, x, t)
    return x + dt * (start + _ask(v, x + dt * start, t)) / 2


def _same_place(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    return x + dt * (_ask(v, x, t) + _ask(v, x, t + dt)) / 2


def _no_half(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    start = _ask(v, x, t)
    return x + dt * (start + _ask(v, x + dt * start, t + dt))


def _from_ahead(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    start = _ask(v, x, t)
    ahead = x + dt * start
    return ahead + dt * (start + _ask(v, ahead, t + dt)) / 2


def _plain(v: Callable, x: Tensor, t: float, dt: float) -> Tensor:
    return x + dt * _ask(v, x, t)


def _walk(v: Callable, x: Tensor, grid: Tensor, step: Step = _step) -> Tensor:
    for t, t_next in pairwise(grid.tolist()):
        x = step(v, x, t, t_next - t)
    return x


def _fixed(v: Callable, x: Tensor, grid: Tensor, dt: float) -> Tensor:
    """Heun's method at the right times, with one dt for all steps."""
    for t, t_next in pairwise(grid.tolist()):
        start = _ask(v, x, t)
        x = x + dt * (start + _ask(v, x + dt * start, t_next)) / 2
    return x


def _evenly(grid: Tensor) -> Tensor:
    return torch.linspace(0, 1, len(grid), dtype=grid.dtype)


STEPS: dict[str, Step] = {
    "The second velocity is asked at t again; the point ahead belongs to the next time. (This method has "
    "order 1, for the price of order 2.)": _same_time,
    "The second velocity is asked at x; ask at the point ahead, x + dt * start.": _same_place,
    "Walk with the mean of the two velocities, not with their sum: a half is missing.": _no_half,
    "The step starts at the point ahead; it starts at x. The point ahead is only asked.": _from_ahead,
    "That is Euler's method: the second velocity is not used.": _plain,
}


@exercise(
    "7.1",
    "Heun's method",
    hints=(
        "Two questions in a step: one where you are, one at the place and time where Euler's step would end.",
        "If your error only halves when the steps double, the second question is asked at the wrong time. "
        "And dt differs from step to step: take it from the grid.",
        "start = v(x, at(t)); end = v(x + dt * start, at(t_next)); x = x + dt * (start + end) / 2",
    ),
)
def heun(answer: Callable, draw: torch.Generator) -> None:
    """heun(v, noise, grid) -> the images at the last time of an uneven grid."""
    for inner in (1, whole(2, 4, draw)):
        noise, a, b = tensor(2, 1, 1, 1, draw=draw).double() + 3, whole(1, 3, draw), whole(1, 3, draw)
        parts = 0.2 + torch.arange(inner + 1.0) + torch.rand(inner + 1, generator=draw)
        grid = torch.cat([torch.zeros(1), parts.cumsum(0) / parts.sum()]).double()
        calls = []

        def v(x: Tensor, t: Tensor, a: int = a, b: int = b, calls: list = calls) -> Tensor:
            if getattr(t, "shape", None) != (len(x),):
                raise CheckFailed(f"not right yet. v wants one time for each image: {ONE_EACH}.")
            calls.append(float(t[0]))
            return (a * t + b).view(-1, 1, 1, 1) * x

        mistakes = {words: _walk(v, noise, grid, step) for words, step in STEPS.items()}
        mistakes |= {
            "The last step is missing: a grid of n times has n - 1 steps.": _walk(v, noise, grid[:-1]),
            "You took all steps as equal; their lengths are in the grid.": _walk(v, noise, _evenly(grid)),
            "dt was taken as 1 / steps; here the steps differ: dt = t_next - t.": (
                _fixed(v, noise, grid, 1 / (len(grid) - 1))
            ),
            "dt was taken from the first step; here the steps differ: dt = t_next - t.": (
                _fixed(v, noise, grid, float(grid[1] - grid[0]))
            ),
            "The grid was walked from data to noise; it rises.": _walk(v, noise, grid.flip(0)),
        }
        expected, given = _walk(v, noise, grid), {"v(x, t)": f"({a} t + {b}) x", "noise": noise, "grid": grid}
        calls.clear()
        expect(answer(v, noise.clone(), grid.clone()), expected, given, mistakes)
        if len(calls) != 2 * (len(grid) - 1):
            raise CheckFailed(
                f"not right yet. The result is right, but v was asked {len(calls)} times in "
                f"{len(grid) - 1} steps; Heun asks twice in a step, and each question is paid for."
            )


@exercise(
    "7.2",
    "the order of a method",
    hints=(
        "Twice the steps divide the error by 2 ** p. How often was it divided, from first to last?",
        "A method of second order gives 2, not 4 and not -2: an order is a logarithm of a ratio. And k "
        "errors have k - 1 doublings between them.",
        "float((errors[0] / errors[-1]).log2()) / (len(errors) - 1)",
    ),
)
def order(answer: Callable, draw: torch.Generator) -> None:
    """order(errors) -> the order p, from errors each with twice the steps of the one before."""
    for size in (2, whole(3, 6, draw)):
        p, first = (
            0.8 + 2.5 * torch.rand((), generator=draw).item(),
            1 + torch.rand((), generator=draw).item(),
        )
        bumps = 1 + 0.2 * torch.rand(size, generator=draw)
        errors = first * bumps * 2.0 ** (-p * torch.arange(size))
        total = (errors[0] / errors[-1]).log2().item()
        right = total / (size - 1)
        mistakes = {
            "That is the factor by which the error falls; the order is its logarithm to base 2.": 2**right,
            "The sign is wrong: the error falls like steps ** -p, and p is positive.": -right,
            "That is the natural logarithm; steps double, so the base is 2.": right * 0.6931472,
            "That is the logarithm to base 10; steps double, so the base is 2.": right * 0.3010300,
            "You divided by the number of errors; between k errors lie k - 1 doublings.": total / size,
            "You did not divide by the number of doublings.": total,
            "You used the last pair; the range was asked, from the first error to the last.": (
                (errors[-2] / errors[-1]).log2().item()
            ),
        }
        expect(answer(errors.clone()), right, {"errors": errors}, mistakes)


@exercise(
    "7.3",
    "a shifted grid",
    hints=(
        "First an even grid: how many times have n steps? Then put each time through the formula.",
        "Look at the differences of your grid for shift = 3: they must grow. If they shrink, your t runs "
        "from data to noise, as SD3's does.",
        "t = torch.linspace(0, 1, steps + 1); return t / (t + shift * (1 - t))",
    ),
)
def shifted(answer: Callable, draw: torch.Generator) -> None:
    """shifted(steps, shift) -> times (steps + 1,) from 0 to 1; shift > 1: short steps near the noise."""
    for steps in (2, whole(3, 8, draw)):
        shift = 1.5 + whole(0, 5, draw) / 2
        t, short = torch.linspace(0, 1, steps + 1), torch.linspace(0, 1, steps)
        right = t / (t + shift * (1 - t))
        mistakes = {
            "The shift was applied to 1 - t: your short steps lie near the data. (SD3's formula, "
            "shift t / (1 + (shift - 1) t), is meant for its own t, which is 1 at the noise.)": shift
            * t
            / (1 + (shift - 1) * t),
            "These are `steps` times; n steps need n + 1.": short / (short + shift * (1 - short)),
            "The grid falls from data to noise; it must rise from 0 to 1.": right.flip(0),
            "The grid does not reach 1: the (1 - t) beside the shift is missing.": t / (t + shift),
            "That is an even grid; the shift was not used.": t,
        }
        expect(answer(steps, shift), right, {"steps": steps, "shift": shift}, mistakes)


def _mutant(step: Step) -> Callable:
    return lambda v, noise, grid: _walk(v, noise, grid, step)


_MUTANTS: dict[str, Callable] = {
    "the second velocity is asked at t, not at the next time": _mutant(_same_time),
    "the second velocity is asked at x, not at the point ahead": _mutant(_same_place),
    "the last step is missing": lambda v, noise, grid: _walk(v, noise, grid[:-1]),
    "all steps are taken as equal": lambda v, noise, grid: _walk(v, noise, _evenly(grid)),
    "the second velocity is never used: it is Euler's method": _mutant(_plain),
}


@exercise(
    "7.7",
    "write the test: Heun's method",
    hints=(
        "Choose a velocity that depends on x and on t, a grid whose steps differ; compute two steps by hand.",
        "v(x, t) = x does not see which time is asked, v(x, t) = t does not see which place, and [0, 0.5, 1] "
        "does not see who ignores the grid. And Heun's method errs: do not compare with the exact path.",
        "v = lambda x, t: (1 + t).view(-1, 1, 1, 1) * x, a grid such as [0, 0.3, 1]; from t over dt: "
        "start = (1 + t) x, end = (1 + t + dt)(x + dt start), x += dt (start + end) / 2; then allclose",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(heun) passes for the right function, and raises AssertionError for each wrong one."""
    try_test(answer, _walk, _MUTANTS, draw)
