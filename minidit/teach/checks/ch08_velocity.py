"""Checks of chapter 8, the velocity itself: its contrast kept, and a weak network in the place of u."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect, shapes_explained


def _deviation(x: Tensor, dims: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return x.std(dims, keepdim=True)


def _norm(x: Tensor) -> Tensor:
    return x.square().sum((1, 2, 3), keepdim=True).sqrt()


def _mix(guided: Tensor, ratio: Tensor | float, share: float) -> Tensor:
    return share * (guided * ratio) + (1 - share) * guided


OVER: dict[str, tuple[int, ...]] = {
    "One deviation for the whole batch: each image has its own.": (0, 1, 2, 3),
    "One deviation for each channel: the image has one, over channels and places.": (2, 3),
    "One deviation for each place, over the channels alone; take it over channels and places.": (1,),
    "That deviation is over the batch; each image has its own.": (0,),
}


def _ratios(guided: Tensor, c: Tensor, share: float) -> dict[str, Tensor]:
    """What 8.5 gives with a wrong ratio."""
    ratio = _deviation(c) / _deviation(guided)
    wrong = {
        "That is the ratio of variances; the contrast is the standard deviation, its root.": ratio**2,
        "The ratio is upside down: the guided contrast must be divided out.": 1 / ratio,
        "That is the ratio of norms (root mean squares); a standard deviation is about the mean.": (
            _norm(c) / _norm(guided)
        ),
        "keepdim is missing: the ratio of image k went to column k of each image.": ratio.flatten(),
        "The ratio is clipped to at most 1; a contrast that is too small grows.": ratio.clamp(max=1),
    }
    wrong |= {words: _deviation(c, dims) / _deviation(guided, dims) for words, dims in OVER.items()}
    return {words: _mix(guided, one, share) for words, one in wrong.items()}


def _contrasts(guided: Tensor, c: Tensor, share: float) -> dict[str, Tensor]:
    """What the common mistakes of 8.5 give."""
    ratio, mean = _deviation(c) / _deviation(guided), guided.mean((1, 2, 3), keepdim=True)
    rest, flat = (1 - share) * guided, (guided - mean) * ratio  # flat: of mean 0
    return _ratios(guided, c, share) | {
        "share and 1 - share are swapped: with share 1 all of it is rescaled.": _mix(
            guided, ratio, 1 - share
        ),
        "share was not used: that is share 1.": _mix(guided, ratio, 1.0),
        "Nothing was rescaled.": guided,
        "The mean was taken out and put back; scale the whole velocity.": share * (flat + mean) + rest,
        "The mean of c was put in as well; only the contrast is c's.": (
            share * (flat + c.mean((1, 2, 3), keepdim=True)) + rest
        ),
        "The result is clamped to [-1, 1]; that is for images, a velocity may be larger.": (
            _mix(guided, ratio, share).clamp(-1, 1)
        ),
        "The rest is c; mix with the guided velocity, not with c.": share * guided * ratio + (1 - share) * c,
    }


@exercise(
    "8.5",
    "keep the contrast",
    hints=(
        "How much larger than c's is the contrast of the guided velocity, image by image? Divide by that.",
        "With share 1 each image of the result has the standard deviation of its c; with share 0 nothing "
        "changes. Test both. A variance is not a standard deviation.",
        "ratio = c.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True); "
        "return share * (guided * ratio) + (1 - share) * guided",
    ),
)
def rescaled(answer: Callable, draw: torch.Generator) -> None:
    """rescaled(guided, c, share) -> the guided velocity with the contrast of c."""
    for size in (2, 3):
        c = tensor(size, 2, 2, size, draw=draw)
        guided = tensor(size, 2, 2, size, draw=draw) * torch.tensor([1.5, 3.0]).view(1, 2, 1, 1) + 0.4
        scale = torch.tensor([0.25, 2.0, 3.0])[:size]  # of other contrast in each image; the first is to grow
        guided = guided * scale.view(-1, 1, 1, 1)
        share = whole(6, 9, draw) / 10

        given = {"guided": guided, "c": c, "share": share}
        right = _mix(guided, _deviation(c) / _deviation(guided), share)
        with shapes_explained("keepdim=True keeps the ratio at (batch, 1, 1, 1).", given, right):
            got = answer(guided.clone(), c.clone(), share)
        expect(got, right, given, _contrasts(guided, c, share))


def _in_their_places(good: Tensor, bad: Tensor, untold: Tensor, worst: Tensor, w: float) -> dict[str, Tensor]:
    """What the common mistakes of 8.6 give; untold and worst are strong and weak without the class."""
    held = {"Between 0 and 1 it is a mixture of the two; w was held at 1 or more.": good} if w < 1 else {}
    return held | {
        "strong and weak are swapped: that walks away from the better one.": good + w * (bad - good),
        "Both networks are told the class; you asked the weak one without it.": worst + w * (good - worst),
        "That guides the strong network by its own answer without a class; you never asked weak.": (
            untold + w * (good - untold)
        ),
        "Neither network was told the class; both are.": worst + w * (untold - worst),
        "That is the paper's (1 + w); here w = 1 is the strong network alone.": good + w * (good - bad),
        "That mixes the two by halves; walk from the weak through the strong, and beyond.": (good + bad) / 2,
        "That is the weak network alone.": bad,
        "That is the strong network alone.": good,
    }


@exercise(
    "8.6",
    "autoguidance",
    hints=(
        "u + w (c - u) again, with other people in the two places. Who is worse?",
        "Both networks are told the class, and asked once. And with w = 1 the weak one cancels.",
        "good = strong(x, t, y); if w == 1: return good; bad = weak(x, t, y); return bad + w * (good - bad)",
    ),
)
def autoguided(answer: Callable, draw: torch.Generator) -> None:
    """autoguided(strong, weak, x, t, y, w) -> weak + w (strong - weak), both told the class."""
    for w in (1.5 + whole(0, 4, draw) / 2, 0.5, 0, 1):
        size, asked = whole(1, 3, draw), {"strong": 0, "weak": 0}
        x, y = tensor(size, 1, 1, 2, draw=draw), torch.randint(1, 5, (size,), generator=draw)
        t = torch.full((size,), whole(1, 9, draw) / 10)

        def strong(x: Tensor, t: Tensor, y: Tensor | None, asked: dict = asked) -> Tensor:
            asked["strong"] += 1
            pull = 0 * t - 3 if y is None else y + t
            return pull.view(-1, 1, 1, 1) * x + 1

        def weak(x: Tensor, t: Tensor, y: Tensor | None, asked: dict = asked) -> Tensor:
            asked["weak"] += 1
            pull = 0 * t - 2 if y is None else 0.5 * y + t
            return pull.view(-1, 1, 1, 1) * x - 0.4

        answers = strong(x, t, y), weak(x, t, y), strong(x, t, None), weak(x, t, None)
        good, bad, *_ = answers
        mistakes = _in_their_places(*answers, w)
        asked.update(strong=0, weak=0)
        got = answer(strong, weak, x.clone(), t.clone(), y.clone(), w)
        expect(got, bad + w * (good - bad), {"x": x, "t": t, "y": y, "w": w}, mistakes)
        _bill(w, asked)


def _bill(w: float, asked: dict[str, int]) -> None:
    """Each network is asked once, and the weak one not at all where it cancels."""
    for name, times in asked.items():
        if times > 1:
            raise CheckFailed(
                f"not right yet. The result is right, but {name} was asked {times} times at one image and "
                "time; keep its answer."
            )
    if w == 1 and asked["weak"]:
        raise CheckFailed(
            "not right yet. The result is right, but at w = 1 the weak network was asked; it cancels, so "
            "do not pay for it."
        )
