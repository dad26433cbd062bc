"""Checks of chapter 8, one step: two dialects, and one call for both answers with a test for it."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect, shapes_explained
from minidit.teach.mutants import try_test


@exercise(
    "8.1",
    "guidance in two dialects",
    hints=(
        'Both walk from u through c and beyond. Which number means "stop at c": here, and in the paper?',
        "With the paper's strength 0 your formula must give c. With ours 1 must give c, and 0 must give u.",
        'w = strength if dialect == "ours" else 1 + strength; return u + w * (c - u)',
    ),
)
def combine(answer: Callable, draw: torch.Generator) -> None:
    """combine(u, c, strength, dialect) -> the guided velocity; dialect is "ours" or "paper"."""
    for size in (1, 3):
        u, c = tensor(2, 1, 1, size, draw=draw) + 0.15, tensor(2, 1, 1, size, draw=draw) + 0.32
        for dialect, shift in (("ours", 0), ("paper", 1)):
            for strength in (1 + whole(1, 8, draw) / 4, whole(1, 3, draw) / 4):
                w = strength + shift
                other = strength + 1 - shift  # the other dialect's reading
                words = (
                    "That is the paper's reading, (1 + s) c - s u; with ours the strength 1 is no guidance."
                    if dialect == "ours"
                    else "That reads the paper's s as our w; its 0 is no guidance, our 1 is: w = 1 + s."
                )
                mistakes = {words: u + other * (c - u)}
                if dialect == "paper":
                    back = u + (strength - 1) * (c - u)
                    mistakes["w = s - 1 goes the wrong way: the paper's 0 is our 1, so w = 1 + s."] = back
                    turned = u + (1 - strength) * (c - u)
                    mistakes["Both signs of s are turned, (1 - s) c + s u; it is (1 + s) c - s u."] = turned
                mistakes |= {
                    "c and u are swapped: that walks away from the class.": c + w * (u - c),
                    "The sign is wrong: it walks from u away from c.": u - w * (c - u),
                    "w is clipped to at most 1: guidance is to walk beyond c.": u + min(w, 1) * (c - u),
                    "That is the difference alone; add it to u.": w * (c - u),
                    "That adds c to u; the difference c - u is wanted.": u + w * c,
                }
                given = {"u": u, "c": c, "strength": strength, "dialect": dialect}
                mine = {"u": u.clone(), "c": c.clone()}
                expect(answer(*mine.values(), strength, dialect), u + w * (c - u), given, mistakes)
                _untouched(mine, given)


def _untouched(mine: dict[str, Tensor], given: dict) -> None:
    for name, part in mine.items():
        if not torch.equal(part, given[name]):
            raise CheckFailed(
                f"not right yet. The result is right, but you wrote into the {name} that you were given; "
                "whoever uses it next finds other numbers. Make a new tensor."
            )


CHANNELS = 4  # as latents have, so that guiding three of them shows
# v(x, t, y), and the parts of a call: images, times, labels
Network = Callable[[Tensor, Tensor, Tensor], Tensor]


def _network(classes: int, draw: torch.Generator, asked: list) -> Network:
    """A network that takes each image for itself; what it is asked is noted in `asked`."""
    pull = (torch.randperm(classes + 1, generator=draw) + 1).float()  # differs for each label

    def v(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        if x.shape[1] != CHANNELS:
            raise CheckFailed(
                f"not right yet. v was given images of {x.shape[1]} channels, yours have {CHANNELS}. "
                "The batch is dimension 0: double along it, torch.cat([x, x])."
            )
        for name, part in (("t", t), ("y", y)):
            if getattr(part, "shape", None) != (len(x),):
                raise CheckFailed(
                    f"not right yet. v was asked with {len(x)} images; it wants as many numbers in {name}: "
                    "double images, times and labels."
                )
        if int(y.min()) < 0 or int(y.max()) > classes:
            raise CheckFailed(
                f"not right yet. v was told the label {int(y.min()) if int(y.min()) < 0 else int(y.max())}; "
                f"labels are 0 to {classes - 1}, and {classes} is the null label."
            )
        asked.append(len(x))
        return pull[y].view(-1, 1, 1, 1) * x + (1 + t).view(-1, 1, 1, 1)

    return v


def _guided(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    null = torch.full_like(labels, classes)
    c, u = v(torch.cat([x, x]), torch.cat([t, t]), torch.cat([labels, null])).chunk(2)
    return u + w * (c - u)


def _swapped(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return _guided(v, x, t, labels, classes, 1 - w)  # c + w (u - c)


def _last_class(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return _guided(v, x, t, labels, classes - 1, w)


def _first_class(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return _guided(v, x, t, labels, 0, w)


def _dialect(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return _guided(v, x, t, labels, classes, 1 + w)


def _clipped(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return _guided(v, x, t, labels, classes, min(w, 1.0))


def _unguided(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    return v(x, t, labels)


def _three(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    mixed = _guided(v, x, t, labels, classes, w)
    return torch.cat([mixed[:, :3], v(x, t, labels)[:, 3:]], 1)


def _channels_cut(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    both = torch.cat([labels, torch.full_like(labels, classes)])
    c, u = v(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2, dim=1)
    return u + w * (c - u)


def _at_zeros(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    u = v(0 * x, t, torch.full_like(labels, classes))
    return u + w * (v(x, t, labels) - u)


def _untimed(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    u = v(x, 0 * t, torch.full_like(labels, classes))
    return u + w * (v(x, t, labels) - u)


def _interleaved(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    """Images side by side, the labels one half after the other."""
    both = torch.cat([labels, torch.full_like(labels, classes)])
    c, u = v(x.repeat_interleave(2, 0), t.repeat_interleave(2, 0), both).chunk(2)
    return u + w * (c - u)


def _cut(v: Network, x: Tensor, t: Tensor, labels: Tensor, classes: int, w: float) -> Tensor:
    """Images and labels side by side, and then cut in the middle."""
    both = torch.stack([labels, torch.full_like(labels, classes)], 1).flatten()  # (b, 2) -> (2b,)
    c, u = v(x.repeat_interleave(2, 0), t.repeat_interleave(2, 0), both).chunk(2)
    return u + w * (c - u)


WRONG: dict[str, Callable] = {
    "The halves are swapped: chunk gives them in the order of your cat.": _swapped,
    "The null label is the index `classes`, one past the last class; you took the last class.": _last_class,
    "The null label is the index `classes`, one past the last class; you took class 0.": _first_class,
    "That is the paper's (1 + w); here w = 1 is no guidance.": _dialect,
    "That is c alone: nothing is guided, or w is clipped to at most 1. Walk beyond c.": _unguided,
    "That is DiT's own code: the fourth channel was not guided. Here all are.": _three,
    "The batch is dimension 0; you cut the channels.": _channels_cut,
    "u is asked at another image than c; both are asked at x.": _at_zeros,
    "u is asked at another time than c; both are asked at t.": _untimed,
    "Images lie side by side (x0, x0, x1, x1), labels half after half: images and labels no longer belong "
    "together. Use torch.cat for all.": _interleaved,
    "The batch is interleaved (c0, u0, c1, u1), and chunk cuts it in the middle: each half holds both kinds. "
    "Use torch.cat, or take [0::2] and [1::2].": _cut,
}


@exercise(
    "8.2",
    "both answers from one call",
    hints=(
        "Twice the images, twice the times; the labels once as they are and once replaced.",
        "Check with two images: which row holds the second image with its label, and in which half does it "
        "end? And which index has the null label?",
        "null = torch.full_like(labels, classes); c, u = v(torch.cat([x, x]), torch.cat([t, t]), "
        "torch.cat([labels, null])).chunk(2); return u + w * (c - u)",
    ),
)
def one_call(answer: Callable, draw: torch.Generator) -> None:
    """guided(v, x, t, labels, classes, w) -> the guided velocity, from one call of v."""
    for size in (2, whole(3, 5, draw)):
        classes, w, asked = whole(4, 9, draw), 1.25 + whole(0, 6, draw) / 2, []
        v = _network(classes, draw, asked)
        x = tensor(size, CHANNELS, 1, 2, draw=draw) + 0.05
        t = (0.1 + 0.7 * torch.rand(size, generator=draw)).round(decimals=2)
        labels = 1 + torch.randperm(classes - 2, generator=draw)[:size]  # not 0, not the last
        if len(labels) < size:
            labels = labels.repeat(3)[:size]
        mistakes = {words: wrong(v, x, t, labels, classes, w) for words, wrong in WRONG.items()}
        right = _guided(v, x, t, labels, classes, w)
        asked.clear()
        given = {"x": x, "t": t, "labels": labels, "classes": classes, "w": w}
        words = "The batch is dimension 0: double images, times and labels along it, torch.cat([x, x])."
        with shapes_explained(words, given, right):
            got = answer(v, x.clone(), t.clone(), labels.clone(), classes, w)
        expect(got, right, given, mistakes)
        if len(asked) != 1:
            raise CheckFailed(
                f"not right yet. The result is right, but v was called {len(asked)} times; put both "
                "questions into one call of twice the batch."
            )


_MUTANTS: dict[str, Callable] = {
    "the halves are swapped": _swapped,
    "the null label is the last class": _last_class,
    "w is taken as the paper's, 1 + w": _dialect,
    "w is clipped to at most 1": _clipped,
    "the second half is asked at t = 0": _untimed,
    "images lie side by side, and the labels half after half": _interleaved,
    "nothing is guided: c comes back": _unguided,
}


@exercise(
    "8.8",
    "write the test: both answers from one call",
    hints=(
        "Make a small v that shows in its answer which image and which label it was given. Ask it twice "
        "yourself, and compare.",
        "At w = 1 u cancels: nothing about the null label can be seen. w = 0.5 cannot tell c from u, w below "
        "1 does not see a w that is clipped, one image alone does not see which rows belong together, and "
        "a v that does not look at t sees no wrong time.",
        "v = lambda x, t, y: (y + 1 + t).view(-1, 1, 1, 1) * x; two images, labels 0 and 2 of 5 classes, "
        "w = 3: compare with u + 3 * (c - u); image by image c is (label + 1 + t) x and u is (6 + t) x",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(guided) passes for the right function, and raises AssertionError for each wrong one."""
    try_test(answer, _guided, _MUTANTS, draw)
