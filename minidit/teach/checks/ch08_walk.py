"""Checks of chapter 8, on the way: guidance in an interval, and halves that part."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect

# where(t, low, high): is this time guided? outside(c, u): what leads where it is not
Where = Callable[[float, float, float], bool]
Outside = Callable[[Tensor, Tensor], Tensor]
# formula(c, u, w): what leads where it is
Formula = Callable[[Tensor, Tensor, float], Tensor]


def _inside(t: float, low: float, high: float) -> bool:
    return low <= t <= high


def _told(good: Tensor, bad: Tensor) -> Tensor:
    return good


def _guided(good: Tensor, bad: Tensor, w: float) -> Tensor:
    return bad + w * (good - bad)


HOW: dict[str, Formula] = {
    "That is the paper's (1 + w), c + w (c - u); here w = 1 is no guidance.": (
        lambda good, bad, w: good + w * (good - bad)
    ),
    "The sign is wrong, u + w (u - c): that walks away from the class.": (
        lambda good, bad, w: bad + w * (bad - good)
    ),
    "c and u are swapped, c + w (u - c): that walks away from the class.": (
        lambda good, bad, w: good + w * (bad - good)
    ),
}

WHEN: dict[str, tuple[Where, Outside]] = {
    "Outside the interval the answer is u; it must be c: the class is still asked for.": (
        _inside,
        lambda good, bad: bad,
    ),
    "Outside the interval nothing moves; there c alone leads.": (_inside, lambda good, bad: 0 * good),
    "Outside the interval c and u are averaged; there c alone leads.": (
        _inside,
        lambda good, bad: (good + bad) / 2,
    ),
    "You guide at the wrong end of time: t = 0 is noise, and low and high are counted from it.": (
        lambda t, low, high: low <= 1 - t <= high,
        _told,
    ),
    "You guide outside the interval, and not inside.": (
        lambda t, low, high: not low <= t <= high,
        _told,
    ),
    "Both ends belong to the interval; you left out t = low and t = high.": (
        lambda t, low, high: low < t < high,
        _told,
    ),
    "Both ends belong to the interval; you left out t = high.": (
        lambda t, low, high: low <= t < high,
        _told,
    ),
    "Both ends belong to the interval; you left out t = low.": (
        lambda t, low, high: low < t <= high,
        _told,
    ),
    "You guide at all times; the interval was not used, or `or` stands for `and`.": (
        lambda t, low, high: True,
        _told,
    ),
    "You guide from low to the data; high was not used.": (lambda t, low, high: t >= low, _told),
    "You guide from the noise to high; low was not used.": (lambda t, low, high: t <= high, _told),
    "You never guide.": (lambda t, low, high: False, _told),
}


def _walk(
    where: Where,
    outside: Outside,
    formula: Formula,
    low: float,
    high: float,
    w: float,
    moments: tuple[float, ...],
    pairs: list[tuple[Tensor, Tensor]],
) -> Tensor:
    """The velocities at all moments: (moments, batch, c, h, w)."""
    steps = [
        formula(good, bad, w) if where(moment, low, high) else outside(good, bad)
        for moment, (good, bad) in zip(moments, pairs, strict=True)
    ]
    return torch.stack(steps)


@exercise(
    "8.4",
    "guidance in an interval",
    hints=(
        "Two cases. Outside the interval, which of the two networks is the one that was told the class?",
        "Print which times you guide. They must lie from low to high, both included, counted from noise (0) "
        "to data (1). And outside, u costs an evaluation that nobody uses.",
        "answer = c(x, t, y); if not low <= float(t[0]) <= high: return answer; "
        "bad = u(x, t); return bad + w * (answer - bad)",
    ),
)
def interval(answer: Callable, draw: torch.Generator) -> None:
    """velocity(c, u, x, t, y, w, low, high) -> guided where low <= t <= high, else c."""
    for size in (1, 2):
        low, high = whole(1, 2, draw) / 8, whole(4, 5, draw) / 8  # exact in binary
        moments = (low / 2, low, (low + high) / 2, high, 1 - low)  # and 1 - t too
        x, y, w = tensor(size, 1, 1, 2, draw=draw), torch.full((size,), 2), 2 + whole(1, 4, draw) / 2
        asked, times = {"c": [], "u": []}, [torch.full((size,), moment) for moment in moments]

        def c(x: Tensor, t: Tensor, y: Tensor, asked: dict = asked) -> Tensor:
            asked["c"].append(float(t[0]))
            return (1 + t + y).view(-1, 1, 1, 1) * x + 1.3

        def u(x: Tensor, t: Tensor, asked: dict = asked) -> Tensor:
            asked["u"].append(float(t[0]))
            return (1 - t).view(-1, 1, 1, 1) * x - 0.7

        pairs = [(c(x, t, y), u(x, t)) for t in times]

        ends = (low, high, w, moments, pairs)
        mistakes = {words: _walk(*way, _guided, *ends) for words, way in WHEN.items()}
        mistakes |= {words: _walk(_inside, _told, formula, *ends) for words, formula in HOW.items()}
        asked.update(c=[], u=[])
        got = [answer(c, u, x.clone(), t, y, w, low, high) for t in times]
        given = {"times": moments, "low, high": (low, high), "w": w, "x": x}
        _compare(got, _walk(_inside, _told, _guided, *ends), given, mistakes, asked)


def _compare(got: list, right: Tensor, given: dict, mistakes: dict, asked: dict) -> None:
    """All times at once: a single one would not tell which are guided."""
    together = torch.stack(got) if all(getattr(one, "shape", 0) == right[0].shape for one in got) else got[0]
    expect(together, right, given, mistakes)
    for name, times in asked.items():
        if len(times) > len(set(times)):
            raise CheckFailed(
                f"not right yet. The result is right, but {name} was asked twice at one time; "
                "keep its answer."
            )
    if len(asked["u"]) != 3:
        raise CheckFailed(
            f"not right yet. The result is right, but u was asked {len(asked['u'])} times for {len(right)} "
            "times, 3 of which lie in the interval; what is not used need not be paid for."
        )


def _halves(
    v: Callable, noise: Tensor, labels: Tensor, null: int, w: float, grid: Tensor, kind: str
) -> Tensor:
    """Guided Euler, or one of the wrong ways to repair it."""
    good, empty, bad = noise, torch.full_like(labels, null), noise
    for t, t_next in pairwise(grid.tolist()):
        at, dt = torch.full((len(noise),), t_next if kind == "late" else t), t_next - t
        c, u = v(good, at, labels), v(bad, at, empty)
        mixed = u + w * (c - u)
        moves = {
            "right": (mixed, None),
            "late": (mixed, None),
            "u half": (mixed, u),
            "follows": (mixed, c),
            "apart": (mixed, u),  # the fault of the exercise
            "own": (c, u),
            "both c": (c, c),
            "mirrored": (mixed, c + w * (u - c)),
            "upside": (c + w * (u - c), None),
        }
        step_good, step_bad = moves[kind]
        good = good + dt * step_good
        bad = good if step_bad is None else bad + dt * step_bad
    return {"own": bad + w * (good - bad), "u half": bad}.get(kind, good)


WAYS: dict[str, str] = {
    "The second half still walks a way of its own: u is asked at another image than c.": "apart",
    "Both halves walk on their own, and their images are mixed at the end; mix the velocities, in "
    "each step.": "own",
    "Both halves take the step of c: nothing is guided.": "both c",
    "The second half is guided the other way; it must be the same image as the first.": "mirrored",
    "c and u are swapped, or their halves are: that walks away from the class.": "upside",
    "The second half follows c: u is asked at another image than the guided one.": "follows",
    "The half of u came back; return the guided one.": "u half",
    "v is asked at t_next; the image stands at t, so ask there.": "late",
}


@exercise(
    "8.7",
    "spot the bug: the halves part",
    hints=(
        "Follow the second half of the batch for two steps. Where is it when u is asked the second time?",
        "c and u must be asked at the same image. After one step, are both halves still the same image? "
        "(With one step, or with w = 1, the fault cannot be seen.)",
        "The whole batch takes the guided step: mixed = u + w * (c - u); "
        "x = x + (t_next - t) * torch.cat([mixed, mixed])",
    ),
)
def halves(answer: Callable, draw: torch.Generator) -> None:
    """guided_euler(v, noise, labels, null, w, grid) -> images; c and u asked at the same image."""
    for steps in (2, whole(3, 5, draw)):
        size, null, w = whole(2, 3, draw), 5, 1.5 + whole(0, 4, draw) / 2
        noise, labels = tensor(size, 1, 1, 2, draw=draw) + 0.05, torch.randint(0, 5, (size,), generator=draw)
        parts = 0.2 + torch.rand(steps, generator=draw)
        grid = torch.cat([torch.zeros(1), parts.cumsum(0) / parts.sum()])

        def v(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
            return (0.3 * y - 0.8 + t).view(-1, 1, 1, 1) * x + (0.2 * y).view(-1, 1, 1, 1)

        made = {words: _halves(v, noise, labels, null, w, grid, kind) for words, kind in WAYS.items()}
        mistakes = made | {
            "The last step is missing.": _halves(v, noise, labels, null, w, grid[:-1], "right"),
            "That is the paper's (1 + w); here w = 1 is no guidance.": _halves(
                v, noise, labels, null, 1 + w, grid, "right"
            ),
            "Both halves come back; return the images once.": torch.cat(
                [_halves(v, noise, labels, null, w, grid, "right")] * 2
            ),
        }
        given = {"noise": noise, "labels": labels, "null": null, "w": w, "grid": grid}
        got = answer(v, noise.clone(), labels.clone(), null, w, grid.clone())
        expect(got, _halves(v, noise, labels, null, w, grid, "right"), given, mistakes)
