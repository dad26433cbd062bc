"""Checks of chapter 1: count, expect, interpolate, sample, drop, mend, test."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect
from minidit.teach.mutants import try_test


class _Toy(nn.Module):
    """Two parts; one has a buffer and a frozen weight, which are no trainable parameters."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, width))
        self.head = nn.Linear(width, 2)
        self.body[2].weight.requires_grad_(False)


@exercise(
    "1.1",
    "parameters by part",
    hints=(
        "`model.named_children()` gives the parts with their names; each part knows its `parameters()`.",
        "A weight of shape (3, 5) is 15 parameters: `.numel()`. What does `requires_grad` say?",
        "{name: sum(p.numel() for p in part.parameters() if p.requires_grad) for name, part in ...}",
    ),
)
def parameters_by_part(answer: Callable, draw: torch.Generator) -> None:
    """count(model) -> {name of a part: its trainable parameters}."""
    for _ in range(3):
        model = _Toy(whole(2, 5, draw), whole(2, 6, draw))
        parts = dict(model.named_children())
        trainable = {k: sum(p.numel() for p in m.parameters() if p.requires_grad) for k, m in parts.items()}
        everything = {k: sum(p.numel() for p in m.parameters()) for k, m in parts.items()}
        stored = {k: sum(v.numel() for v in m.state_dict().values()) for k, m in parts.items()}
        tensors = {k: sum(p.requires_grad for p in m.parameters()) for k, m in parts.items()}
        mistakes = {
            "You counted weights that are frozen: they are not trained.": everything,
            "You counted buffers too: they are stored, but not trained.": stored,
            "You counted tensors: a weight of shape (3, 5) is 15 parameters, not one.": tensors,
            "That is the sum over all parts; each part was asked for.": sum(trainable.values()),
        }
        expect(answer(model), trainable, {"model": model}, mistakes)


@exercise(
    "1.2",
    "the loss of a constant",
    hints=(
        "The target is x - noise. Which constant image is nearest to it on average? The noise has mean 0.",
        "What is left is the variance of x - noise. x and noise are independent: their variances add.",
        "Per pixel the variance of x over the images, plus 1; the mean: x.var(0, unbiased=False).mean() + 1",
    ),
)
def loss_of_a_constant(answer: Callable, draw: torch.Generator) -> None:
    """constant_loss(x) -> expected velocity error of the best constant image."""
    for size in (1, 3):
        x = tensor(whole(3, 5, draw), 1, size, 2, draw=draw) + 2
        variance, pooled, unbiased = x.var(0, unbiased=False).mean(), x.var(unbiased=False), x.var(0).mean()
        mistakes = {
            "The noise is part of the target: its variance of 1 is missing.": variance,
            "That is the loss of the constant 0; the mean image is a better constant.": x.square().mean() + 1,
            "That is one number for all pixels; a constant image may differ between pixels.": pooled + 1,
            "Divide by n, not n - 1: the loss is a mean over these images.": unbiased + 1,
        }
        expect(answer(x.clone()), (variance + 1).item(), {"x": x}, {w: v.item() for w, v in mistakes.items()})


def _right(x: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    w = t.view(-1, 1, 1, 1)
    return w * x + (1 - w) * noise, x - noise


def _wrong(x: Tensor, noise: Tensor, t: Tensor) -> dict[str, tuple[Tensor | None, Tensor]]:
    """What each common mistake would give for (x_t, v)."""
    w, (x_t, v) = t.view(-1, 1, 1, 1), _right(x, noise, t)
    reversed_t, shared = (1 - w) * x + w * noise, t[0] * x + (1 - t[0]) * noise
    # with images of one pixel, t of shape (batch,) spreads over the width without an error
    spread = t * x + (1 - t) * noise if x.shape[-1] == 1 else None
    return {
        "t has shape (batch,), the images four axes: line them up with t.view(-1, 1, 1, 1).": (spread, v),
        "You reversed time; asked for is t = 0 at the noise, t = 1 at the data.": (reversed_t, v),
        "You reversed time in both results; asked for is t = 0 at the noise.": (
            reversed_t,
            -v,
        ),
        "The velocity has the wrong sign: it points from noise to data.": (x_t, -v),
        "One t was used for the whole batch; each image has its own.": (shared, v),
    }


@exercise(
    "1.3",
    "interpolate, and its velocity",
    hints=(
        "At t = 0 the mixture is the noise, at t = 1 the image. The velocity is its derivative in t.",
        "`RuntimeError: The size of tensor a must match the size of tensor b`: t has one axis, the images "
        "have four. `t.view(-1, 1, 1, 1)` lines them up.",
        "w = t.view(-1, 1, 1, 1); return w * x + (1 - w) * noise, x - noise",
    ),
)
def interpolate(answer: Callable, draw: torch.Generator) -> None:
    """interpolate(x, noise, t) -> (x_t, v)."""
    for batch, side in ((2, 1), (3, 2), (4, 4)):
        x, noise = (tensor(batch, 1, side, side, draw=draw) for _ in range(2))
        noise = torch.where(noise == x, noise + 1, noise)  # a velocity of 0 hides its sign
        t = torch.linspace(0.1, 0.8, batch) + 0.1 * torch.rand(1, generator=draw)
        got, given = answer(x.clone(), noise.clone(), t.clone()), {"x": x, "noise": noise, "t": t}
        expect(got, _right(x, noise, t), given, _wrong(x, noise, t))


def _walk(v: Callable, x: Tensor, grid: list[float], late: bool = False) -> Tensor:
    for now, then in pairwise(grid):
        x = x + (then - now) * v(x, torch.full((len(x),), then if late else now, dtype=x.dtype))
    return x


@exercise(
    "1.4",
    "Euler's method",
    hints=(
        "From t = 0 to t = 1 in equal steps. A step adds its length times the velocity where you are.",
        "`steps` steps need `steps` evaluations, at k / steps for k = 0 ... steps - 1. v wants one time for "
        "each image: `torch.full((len(x),), k / steps)`.",
        "for k in range(steps): x = x + v(x, torch.full((len(x),), k / steps, dtype=x.dtype)) / steps",
    ),
)
def euler(answer: Callable, draw: torch.Generator) -> None:
    """euler(v, noise, steps) -> the images at t = 1."""
    for steps in (2, whole(3, 6, draw)):
        # with whole numbers two mistakes can give the same result
        noise, a, b = tensor(2, 1, 1, 1, draw=draw).double() + 3, whole(1, 3, draw), whole(1, 3, draw) + 0.5

        def v(x: Tensor, t: Tensor, a: float = a, b: float = b) -> Tensor:
            return (a * t + b).view(-1, 1, 1, 1) * x

        grid = [k / steps for k in range(steps + 1)]
        mistakes = {
            "The last step is missing: you end before t = 1.": _walk(v, noise, grid[:-1]),
            "The grid is reversed: start at t = 0, which is noise, and go up.": _walk(v, noise, grid[::-1]),
            "The velocity is taken at the end of each step; Euler takes it at the beginning.": _walk(
                v, noise, grid, late=True
            ),
            "There is one step too many: you go past t = 1.": _walk(v, noise, [*grid, 1 + 1 / steps]),
        }
        given = {"v(x, t)": f"({a} t + {b}) x", "noise": noise, "steps": steps}
        expect(answer(v, noise.clone(), steps), _walk(v, noise, grid), given, mistakes)


@exercise(
    "1.5",
    "dropping labels",
    hints=(
        "keys are uniform in 0 .. 1. Which comparison is true for a share p of them?",
        "With p = 0.1 nine labels in ten must stay. Count them. And leave the labels you were given as they "
        "are: `torch.where` makes new ones.",
        "torch.where(keys < p, null, labels)",
    ),
)
def drop_labels(answer: Callable, draw: torch.Generator) -> None:
    """drop_labels(labels, keys, p, null) -> labels, a share p of them replaced by null."""
    for size in (4, 50):
        null, p = whole(5, 20, draw), 0.1 + 0.2 * torch.rand((), generator=draw).item()
        labels = torch.randint(1, null, (size,), generator=draw)  # a 0 that became 0 would show nothing
        # in the short example exactly one label is to be dropped, and not the first
        keys = torch.rand(size, generator=draw) if size > 4 else torch.tensor([0.9, 0.5 * p, 0.8, 0.6])
        given = {"labels": labels, "keys": keys, "p": p, "null": null}
        mistakes = {
            "The mask is inverted: you drop the share 1 - p and keep p.": torch.where(keys > p, null, labels),
            "One key decided for all labels; each has its own.": torch.where(keys[0] < p, null, labels),
            "Dropped labels became 0, which is a class; the null label is `null`.": labels.masked_fill(
                keys < p, 0
            ),
        }
        handed = labels.clone()
        expect(answer(handed, keys.clone(), p, null), torch.where(keys < p, null, labels), given, mistakes)
        if not torch.equal(handed, labels):
            raise CheckFailed("not right yet. The result is right, but your function changed its labels.")


@exercise(
    "1.6",
    "spot the bug: guidance",
    hints=(
        "Put in numbers: if the conditional velocity is 3 and the unconditional one is 1, w = 2 must give 5.",
        "Which half of the doubled batch carries the labels, and which the null label? Compare the order in "
        "`cat` with the order after `chunk`.",
        "The first half has the labels: `c, u = v(...).chunk(2)`, then u + w * (c - u).",
    ),
)
def guidance(answer: Callable, draw: torch.Generator) -> None:
    """guided(v, x, t, labels, null, w) -> u + w (c - u), with one call of v."""
    for _ in range(2):
        null, w = whole(6, 9, draw), whole(2, 5, draw) + 0.5
        x, t = tensor(2, 1, 1, 1, draw=draw), torch.rand(2, generator=draw)
        labels, calls = torch.randint(1, 6, (2,), generator=draw), []

        def v(x: Tensor, t: Tensor, labels: Tensor, calls: list = calls) -> Tensor:
            calls.append(len(x))
            return x + (1 + t).view(-1, 1, 1, 1) * labels.view(-1, 1, 1, 1)

        c, u = v(x, t, labels), v(x, t, torch.full_like(labels, null))
        calls.clear()
        mistakes = {
            "The two halves are swapped: the labels are in the first half of the batch.": c + w * (u - c),
            "You gave c + w (c - u), the other convention; asked for is u + w (c - u).": c + w * (c - u),
            "That is w c - u: for w = 1 it must give c, not c - u.": w * c - u,
        }
        given = {"conditional c": c, "unconditional u": u, "w": w}
        expect(answer(v, x, t, labels, null, w), u + w * (c - u), given, mistakes)
        if calls != [4]:
            raise CheckFailed(f"not right yet. v got batches of {calls}, not one call with a batch of 4.")


_MUTANTS: dict[str, Callable] = {
    "time is reversed": lambda x, n, t: (_right(x, n, 1 - t)[0], x - n),
    "the velocity has the wrong sign": lambda x, n, t: (_right(x, n, t)[0], n - x),
    "one t serves the whole batch": lambda x, n, t: (_right(x, n, t[:1].expand_as(t))[0], x - n),
    "the path is curved, but its ends are right": lambda x, n, t: (_right(x, n, t**2)[0], x - n),
}


@exercise(
    "1.7",
    "write the test: interpolation",
    hints=(
        "Compute by hand for one image and one t that is neither 0, 1/2 nor 1, and compare.",
        "Use a batch of two images with different t, so that a shared t shows. Check the velocity too.",
        "x_t, v = interpolate(x, noise, t); for each i assert that x_t[i] is close to t[i] * x[i] + "
        "(1 - t[i]) * noise[i]; and assert that v is close to x - noise",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(interpolate) passes for the right function, and raises AssertionError for each wrong one."""
    try_test(answer, _right, _MUTANTS, draw)
