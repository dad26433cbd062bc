"""Checks of chapter 11: stochastic depth, and a probe with its control."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, same


def block(x: Tensor) -> Tensor:
    """Stands for a block: the tokens and what is added to them, (b, n, d) -> (b, n, d)."""
    return x + 0.5 * x.square() + x.mean(1, keepdim=True) + 1


def skipped(x: Tensor, keys: Tensor | None, rate: float, run: Callable = block) -> Tensor:
    """x (b, n, d): samples whose key is below `rate` as they were, the others with 1 / (1 - rate) of it."""
    if keys is None:
        return run(x)
    alive = (keys >= rate)[:, None, None]
    return torch.where(alive, x + (run(x) - x) / (1 - rate), x)


def _evaluation_mistakes(x: Tensor, rate: float) -> dict[str, Any]:
    """What wrong evaluations give, where keys are None."""
    update = block(x) - x
    return {
        "The network was shrunk for evaluation: with the rescaling in training the whole block runs.": (
            x + (1 - rate) * update
        ),
        "Rescaled in evaluation too: there nothing is skipped, and nothing is to be made up for.": (
            x + update / (1 - rate)
        ),
        "Nothing ran: keys are None in evaluation, and then every sample runs.": x,
    }


def _skip_mistakes(x: Tensor, keys: Tensor, rate: float) -> dict[str, Any]:
    """What wrong ways of skipping give in training."""
    update = block(x) - x
    alive = (keys >= rate)[:, None, None]
    turned = (keys < rate)[:, None, None]

    def out(scale: float, runs: Tensor = alive) -> Tensor:
        return torch.where(runs, x + scale * update, x)

    return {
        "The rescaling is forgotten: the mean over keys would be less than the block's update.": out(1.0),
        "Multiplied by 1 - rate; in training the update is divided by it.": out(1 - rate),
        "Divided by rate; a share of 1 - rate runs.": out(1 / rate),
        "The tokens were rescaled as well; only the update is.": OneOf(
            [
                torch.where(alive, block(x) / (1 - rate), x),
                torch.where(alive, x / (1 - rate) + update, x),
                torch.where(alive, block(x / (1 - rate)), x),
            ]
        ),
        "All samples ran, or all skipped: each sample has its own key.": OneOf(
            [block(x), x + update / (1 - rate), x]
        ),
        "Turned round: samples whose key is below rate skip.": OneOf(
            [out(s, turned) for s in (1 / (1 - rate), 1.0, 1 / rate)]
        ),
        "A sample that skips keeps its tokens; yours are zero.": OneOf(
            [torch.where(alive, x + s * update, 0 * x) for s in (1 / (1 - rate), 1.0)]
        ),
        "Everything ran, at the mean of the update: samples are to skip.": x + (1 - rate) * update,
    }


def _telling_samples(draw: torch.Generator, batch: int) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Some samples skip and some run, and every mistake shows by values of its own."""
    while True:
        x, keys = tensor(batch, 3, 2, draw=draw), torch.rand(batch, generator=draw)
        rate = whole(3, 7, draw) / 10
        if rate == 0.5 or not 0 < int((keys >= rate).sum()) < batch:
            continue
        made = _skip_mistakes(x, keys, rate).values()
        kinds = [(skipped(x, keys, rate),), *[v if isinstance(v, OneOf) else (v,) for v in made]]
        flat = [(k, one) for k, kind in enumerate(kinds) for one in kind]
        if not any(same(a, b, 1e-3) for i, a in flat for j, b in flat if i < j):
            yield x, keys, rate


@exercise(
    "11.6",
    "stochastic depth",
    hints=(
        "Each sample decides by its own key. What is it that a skipping sample does without, and what "
        "does it keep?",
        "What the block adds is block(x) - x. If a share of 1 - rate of the samples gets it, by how much has "
        "it to grow, so that the mean stays? And in evaluation, where keys are None?",
        "if keys is None: return block(x); alive = (keys >= rate)[:, None, None]; "
        "return torch.where(alive, x + (block(x) - x) / (1 - rate), x)",
    ),
)
def stochastic_depth(answer: Callable, draw: torch.Generator) -> None:
    """skip(block, x, keys, rate) -> the tokens behind a block that some samples skip."""
    for batch in (3, 4):
        x, keys, rate = next(_telling_samples(draw, batch))
        given = {"x": x, "keys": keys, "rate": rate}
        got = answer(block, x.clone(), keys.clone(), rate)
        expect(got, skipped(x, keys, rate), given, _skip_mistakes(x, keys, rate))
    nobody = keys * 0 + rate / 2
    got = answer(block, x.clone(), nobody, rate)
    expect(got, x, {"x": x, "keys": nobody, "rate": rate}, {"All samples skip here: x comes back.": block(x)})
    given = {"x": x, "keys": None, "rate": rate}
    got = answer(block, x.clone(), None, rate)
    expect(got, block(x), given, _evaluation_mistakes(x, rate))


Probe = Callable[[Tensor], Tensor]


def nearest_mean(features: Tensor, classes: Tensor) -> Probe:
    """A probe that reads the class whose mean lies nearest: features (n, d), classes (n,)."""
    names = classes.unique()
    means = torch.stack([features[classes == name].mean(0) for name in names])
    return lambda x: names[torch.cdist(x, means).argmin(1)]


def scores(fit: Callable, seen: tuple[Tensor, ...], held: tuple[Tensor, ...]) -> tuple[float, float]:
    """Features, classes and an order, of the training and of the held-out images: score, and control."""
    (x, y, order), (x_new, y_new, order_new) = seen, held
    return _right(fit(x, y)(x_new), y_new), _right(fit(x, y[order])(x_new), y_new[order_new])


def _right(read: Tensor, true: Tensor) -> float:
    return float((read == true).double().mean())


def _probe_mistakes(seen: tuple[Tensor, ...], held: tuple[Tensor, ...]) -> dict[str, Any]:
    (x, y, order), (x_new, y_new, order_new) = seen, held
    probe, control = nearest_mean(x, y), nearest_mean(x, y[order])
    score, chance = scores(nearest_mean, seen, held)
    trained, fooled = _right(probe(x), y), _right(control(x), y[order])
    own = nearest_mean(x_new, y_new)
    return {
        "The probe was scored on the images it was fitted on; score it on held-out ones.": OneOf(
            [(trained, chance), (trained, fooled)]
        ),
        "The control was scored on the images it was fitted on: shuffled classes can be learned by heart.": (
            (score, fooled)
        ),
        "The control is missing: chance was taken for it, or the score told twice.": OneOf(
            [(score, score), (score, 1 / len(y.unique())), (score, 0.0), score]
        ),
        "The probe was fitted on the held-out images.": OneOf(
            [(_right(own(x_new), y_new), chance), (_right(own(x), y), chance)]
        ),
        "The control was not fitted anew: shuffle, and fit on shuffled classes.": (
            (score, _right(probe(x_new), y_new[order_new]))
        ),
        "The held-out classes of the control are to be shuffled too.": (score, _right(control(x_new), y_new)),
        "Those are the shares read wrongly.": (1 - score, 1 - chance),
        "Score and control are exchanged.": (chance, score),
    }


def _heaps(draw: torch.Generator) -> Iterator[tuple[tuple[Tensor, ...], tuple[Tensor, ...]]]:
    """Classes in heaps that overlap, few images: the four scores of probe and control all differ."""
    while True:
        centres = 1.5 * torch.randn(3, 4, generator=draw)
        sets = []
        for count in (whole(16, 20, draw), whole(21, 25, draw)):
            y = torch.randint(3, (count,), generator=draw)
            x = centres[y] + 1.5 * torch.randn(count, 4, generator=draw)
            sets.append((x, y, torch.randperm(count, generator=draw)))
        if len(sets[0][1].unique()) < 3 or len(sets[1][1].unique()) < 3:
            continue
        made = _probe_mistakes(*sets).values()
        kinds = [(scores(nearest_mean, *sets),), *[v if isinstance(v, OneOf) else (v,) for v in made]]
        flat = [(k, one) for k, kind in enumerate(kinds) for one in kind]
        if not any(k != m and same(a, b, 1e-3) for k, a in flat for m, b in flat):
            yield tuple(sets)


@exercise(
    "11.7",
    "a probe and its control",
    hints=(
        "A probe can learn its own images by heart. Which images tell what it can read?",
        "The control is a whole probe: fitted on shuffled classes, scored on shuffled classes of held-out "
        "images. order and held_order say how to shuffle.",
        "share = lambda read, true: (read == true).double().mean().item(); return share(fit(x, y)(held_x), "
        "held_y), share(fit(x, y[order])(held_x), held_y[held_order])",
    ),
)
def probe(answer: Callable, draw: torch.Generator) -> None:
    """probe(fit, x, y, held_x, held_y, order, held_order) -> (score, control)."""
    for _ in range(2):
        (x, y, order), (held_x, held_y, held_order) = sets = next(_heaps(draw))
        given = {"x": x, "y": y, "held_x": held_x, "held_y": held_y}
        copies = [value.clone() for value in (*given.values(), order, held_order)]
        got = answer(nearest_mean, *copies)
        if isinstance(got, tuple | list):
            got = tuple(float(value) for value in got)
        elif got is None:
            raise CheckFailed("not right yet. The function returned nothing: is there a `return`?")
        expect(got, scores(nearest_mean, *sets), given, _probe_mistakes(*sets))
