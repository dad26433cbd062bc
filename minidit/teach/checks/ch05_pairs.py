"""A check of chapter 5: images that change places, and labels that stay behind."""

from collections.abc import Callable

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed

Orders = tuple[Tensor, Tensor, Tensor]  # indices (batch,) into the noise, the images, the labels


def _best(cost: Tensor) -> Tensor:
    """The image of each noise, so that the sum of cost (noises, images) is least."""
    return torch.from_numpy(linear_sum_assignment(cost)[1])


def _answers(noise: Tensor, x: Tensor, labels: Tensor) -> dict[str, list[Orders]]:
    """What comes back, as three orders: under "" the right ones, under words a mistake's."""
    lengths = torch.cdist(noise.flatten(1), x.flatten(1))  # (noises, images)
    squares, rest = lengths.square(), torch.arange(len(x))
    order, near = _best(squares), squares.argmin(1)
    far, plain = _best(-squares), _best(lengths)
    inside = _best(squares + 1e6 * (labels[:, None] != labels))  # so dear that no label meets another
    return {
        "": [(rest, order, order)],
        "The labels stayed behind: an image took another's place, and its label did not.": [
            (rest, order, rest)
        ],
        "The labels went the other way: they need the same order as the images.": [
            (rest, order, order.argsort())
        ],
        "The order was put to the noise; it says which image goes with a noise, so it orders the images.": [
            (order, rest, rest),
            (order, rest, order),
        ],
        "The images stayed where they were, and only the labels were moved.": [(rest, rest, order)],
        "All three were moved in the same way, or none: nothing was paired anew.": [(rest, rest, rest)],
        "Noise and images were moved in the same way, so nothing was paired anew; and the labels stayed.": [
            (order, order, rest)
        ],
        "These are the longest lines.": [(rest, far, far)],
        "Each noise took its nearest image, so some images came twice and others not at all.": [
            (rest, near, near)
        ],
        "The lengths must be squared before they are added up.": [(rest, plain, plain)],
        "You paired within each label; the pairing over the whole batch was to be kept.": [
            (rest, inside, inside)
        ],
    }


def _key(orders: Orders, labels: Tensor) -> tuple:
    """Image and label of each noise: which of the triples comes first does not matter."""
    noises, images, told = orders
    back = noises.argsort()
    return tuple(images[back].tolist()), tuple(labels[told][back].tolist())


def _inputs(size: int, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Noise, images and labels, some of them alike, for which every mistake gives another result."""
    while True:
        noise, x = (torch.randn(size, 1, 2, 1, generator=draw) for _ in range(2))
        labels = torch.arange(size)[torch.randperm(size, generator=draw)] % 4
        found = [_key(orders, labels) for one in _answers(noise, x, labels).values() for orders in one]
        if len(set(found)) == len(found):
            return noise, x, labels


def _indices(parts: Tensor, pool: Tensor) -> Tensor:
    """Where each part stands in the pool; -1 for one that is not there."""
    equal = (parts[:, None] == pool).flatten(2).all(2)  # (parts, pool)
    return torch.where(equal.any(1), equal.int().argmax(1), -1)


def _told(images: Tensor, noises: Tensor, told: list, labels: Tensor, order: Tensor) -> str:
    """The first thing that is wrong, in one line; images and noises are indices, of which -1 is none."""
    if min(images.min(), noises.min()) < 0:
        return "A noise or an image came back changed; they only change places."
    for image, label in zip(images.tolist(), told, strict=True):
        if label != labels[image]:
            return f"Image {image} came back with label {label}; its label is {labels[image]}."
    for noise, image in zip(noises.tolist(), images.tolist(), strict=True):
        if image != order[noise]:
            return f"Noise {noise} came with image {image}; the shortest lines give it image {order[noise]}."
    return "Each noise comes back once."


@exercise(
    "5.6",
    "spot the bug: pairs and their labels",
    hints=(
        "Three things belong together: a noise, an image, and the label of that image. Follow one image.",
        "Take two images, a 3 and a 7, that change places. Which label does the network hear with the 3?",
        "return noise, x[order], labels[order]",
    ),
)
def couple(answer: Callable, draw: torch.Generator) -> None:
    """couple(noise, x, labels) -> the same in pairs of shortest lines, each image with its own label."""
    for size in (6, 7 + whole(0, 1, draw)):
        noise, x, labels = _inputs(size, draw)
        got = answer(noise.clone(), x.clone(), labels.clone())
        if not (isinstance(got, tuple | list) and len(got) == 3):
            raise CheckFailed("not right yet. Return three things: noise, images, labels.")
        for part, right, name in zip(got, (noise, x, labels), ("noise", "images", "labels"), strict=True):
            if getattr(part, "shape", None) != right.shape:
                raise CheckFailed(f"not right yet. The {name} should be of shape {tuple(right.shape)}.")
        _judge(got, noise, x, labels)


def _judge(got: tuple, noise: Tensor, x: Tensor, labels: Tensor) -> None:
    """Compare triples, in whichever order they come; raise CheckFailed with the first that is wrong."""
    noises, images, told = _indices(got[0], noise), _indices(got[1], x), got[2]
    back, answers = noises.argsort(), _answers(noise, x, labels)
    found, (right,) = (tuple(images[back].tolist()), tuple(told[back].tolist())), answers.pop("")
    if found == _key(right, labels) and noises.unique().numel() == len(noise):
        return
    named = (words for words, many in answers.items() if found in [_key(one, labels) for one in many])
    line = _told(images, noises, told.tolist(), labels, right[1])
    raise CheckFailed(f"not right yet. {line}\n  {next(named, '')}".rstrip())
