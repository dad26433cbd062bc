"""Checks of chapter 20: the gradient of a batch that does not fit, made of smaller ones."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect

Loss = Callable[[Tensor], Tensor]


class _Kept:
    """A tensor that autograd saved; when nothing holds this any more, its graph is gone."""

    def __init__(self, value: Tensor):
        self.value = value


class Watched:
    """A small network's mean loss, which notes the images of each call and graphs that are still held."""

    def __init__(self, weights: Sequence[Tensor]):
        self.parameters = [w.clone().requires_grad_() for w in weights]
        self.sizes: list[int] = []
        self.held = False  # whether an earlier call's graph was there when the next one began
        self._saved: list[weakref.ref] = []

    def __call__(self, x: Tensor) -> Tensor:
        """The mean loss of x (b, features)."""
        self.sizes.append(len(x))
        self.held |= any(ref() is not None for ref in self._saved)
        with saved_tensors_hooks(self._pack, lambda kept: kept.value):
            return loss_of(self.parameters, x).mean()

    def _pack(self, value: Tensor) -> _Kept:
        kept = _Kept(value)
        self._saved.append(weakref.ref(kept))
        return kept


def loss_of(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """The loss of each image of x (b, features): (b,)."""
    first, second = parameters
    return ((x @ first).tanh() @ second).square().sum(1)


def gradients(weights: Sequence[Tensor], x: Tensor, factor: Tensor | None = None) -> list[Tensor]:
    """Of the images' losses, each times its factor (b,); of their mean where no factor is given."""
    parameters = [w.clone().requires_grad_() for w in weights]
    each = loss_of(parameters, x)
    total = each.mean() if factor is None else (factor * each).sum()
    return list(torch.autograd.grad(total, parameters))


def _mistakes(
    weights: Sequence[Tensor], x: Tensor, size: int, old: Sequence[Tensor]
) -> dict[str, list[Tensor] | OneOf]:
    n, last = len(x), len(x) % size
    place = torch.arange(n) // size
    here = torch.where(place == n // size, last, size).double()  # images of each one's micro-batch
    parts = n // size + 1

    def by(factor: Tensor) -> list[Tensor]:
        return gradients(weights, x, factor)

    right, summed = by(torch.full_like(here, 1 / n)), by(1 / here)
    return {
        "The gradients were added up and never divided: they are those of as many batches.": summed,
        "Divided by how many micro-batches there are: the last one is smaller, and its images then count "
        "more. Weigh each micro-batch by its share of the images.": by(1 / here / parts),
        "Only the last micro-batch is left: the gradients of the others were cleared.": OneOf(
            by((place == place[-1]) * factor) for factor in (1 / here, 1 / here / parts, here / here / n)
        ),
        "The last micro-batch, which is smaller, is missing.": OneOf(
            by((place < place[-1]) * factor)
            for factor in (1 / here / (parts - 1), torch.full_like(here, 1 / n), 1 / here)
        ),
        "The loss is a mean already: divide by the number of micro-batches' share, not by all images.": by(
            1 / here / n
        ),
        "Each was weighed by the size of a full micro-batch; the last one is smaller.": by(size / here / n),
        "That is the sum over the images; the gradient of their mean was asked.": by(torch.ones_like(here)),
        "Gradients that lay there from the step before were added: clear them first.": OneOf(
            [g + o for g, o in zip(one, old, strict=True)] for one in (right, summed, by(1 / here / parts))
        ),
    }


def _case(draw: torch.Generator) -> tuple[list[Tensor], Tensor, int, list[Tensor]]:
    while True:
        size, features, hidden = whole(3, 5, draw), whole(2, 4, draw), whole(2, 3, draw)
        x = tensor(size * whole(2, 3, draw) + whole(1, size - 1, draw), features, draw=draw).double()
        weights = [tensor(*shape, draw=draw).double() for shape in ((features, hidden), (hidden, 2))]
        old = [tensor(*w.shape, draw=draw).double() for w in weights]
        if apart([gradients(weights, x), *_mistakes(weights, x, size, old).values()]):
            return weights, x, size, old


def _listed(got: Any) -> Any:
    return list(got) if isinstance(got, tuple) else got


@exercise(
    "20.3",
    "accumulate",
    hints=(
        "loss(part) is the mean over that part. What must each part's mean be multiplied by, so that all of "
        "them add up to the mean over the whole batch?",
        "By len(part) / len(x). Go back for each part before the next one is asked, so that one graph is "
        "there at a time; gradients add up by themselves in .grad, so clear that first.",
        "for p in parameters: p.grad = None; for part in x.split(size): (loss(part) * len(part) / "
        "len(x)).backward(); return [p.grad for p in parameters]",
    ),
)
def accumulate(answer: Callable, draw: torch.Generator) -> None:
    """accumulate(loss, parameters, x, size) -> the gradients of the mean loss of x."""
    for _ in range(2):
        weights, x, size, old = _case(draw)
        watched = Watched(weights)
        for parameter, left in zip(watched.parameters, old, strict=True):
            parameter.grad = left.clone()
        got = _listed(answer(watched, watched.parameters, x.clone(), size))
        given = {"images": len(x), "size": size}
        if max(watched.sizes, default=0) > size:
            raise CheckFailed(
                f"not right yet. {max(watched.sizes)} images were asked for at once, and {size} fit: split "
                "the batch."
            )
        expect(got, gradients(weights, x), given, _mistakes(weights, x, size, old))
        if watched.held:
            raise CheckFailed(
                "not right yet. The gradients are right, but when a micro-batch was asked for, the graph of "
                "an earlier one was still held: so nothing is saved. Go back for each before the next."
            )
