"""Checks of chapter 15: what the autoencoder loses, what the generator misses, what chance makes."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf

Distance = Callable[[Tensor, Tensor], Tensor]
NAMES = ("training", "held_out", "reconstructions", "samples")


def crowd(a: Tensor, b: Tensor) -> Tensor:
    """The Frechet distance of two crowds of features (n, d), with each feature by itself."""
    return ((a.mean(0) - b.mean(0)) ** 2 + (a.std(0) - b.std(0)) ** 2).sum()


def three(training: Tensor, held_out: Tensor, reconstructions: Tensor, samples: Tensor) -> dict[str, Tensor]:
    """The three distances, all from the same held-out images, each of two crowds of the same size."""
    n = min(len(x) for x in (training, held_out, reconstructions, samples))
    real = held_out[:n]
    return {
        "rfd": crowd(reconstructions[:n], real),
        "gfd": crowd(samples[:n], real),
        "floor": crowd(training[:n], real),
    }


UNEQUAL = (
    "The numbers of images are not equal: a distance of few images is larger by chance alone. Cut all four "
    "to the smallest number."
)


def _uncut(a: Tensor, real: Tensor, n: int) -> OneOf:
    """Their distances where one set is not cut to n images, or neither is."""
    pairs = [(a, real), (a[:n], real), (a, real[:n])]
    return OneOf(crowd(x, y) for x, y in pairs if len(x) > n or len(y) > n)


def _reconstruction(
    training: Tensor, held_out: Tensor, reconstructions: Tensor, samples: Tensor, n: int
) -> Wrong:
    r, h = reconstructions[:n], held_out[:n]
    pairs = [reconstructions - held_out, r - h]
    return {
        "Each image was compared with its own reconstruction, row by row: that is an error, and has no "
        "floor to be compared with. Compare the crowds.": OneOf(
            value
            for x in pairs
            for value in (
                (x**2).mean(),
                (x**2).mean().sqrt(),
                (x**2).sum(1).mean(),
                x.norm(dim=1).mean(),
                x.abs().mean(),
            )
        ),
        "You compared reconstructions of held-out images with training images: what the autoencoder "
        "loses is mixed with how the two sets differ.": crowd(r, training[:n]),
        "Reconstructions were compared with samples; compare them with real images.": crowd(r, samples[:n]),
        UNEQUAL: _uncut(reconstructions, held_out, n),
    }


def _generation(
    training: Tensor, held_out: Tensor, reconstructions: Tensor, samples: Tensor, n: int
) -> Wrong:
    t, h, r, s = (x[:n] for x in (training, held_out, reconstructions, samples))
    return {
        "Samples were compared with reconstructions: what the decoder loses is lost in both, and the "
        "generator is flattered. Compare with real images.": OneOf(
            (crowd(s, r), crowd(samples, reconstructions))
        ),
        "Samples were compared with training images: who copies them wins. Take held-out images.": OneOf(
            (crowd(s, t), crowd(samples, training))
        ),
        "That is what the autoencoder loses; samples were not looked at.": OneOf(
            (crowd(r, h), crowd(reconstructions, held_out))
        ),
        UNEQUAL: _uncut(samples, held_out, n),
        "The reconstructions' distance was subtracted; the two do not add up.": crowd(s, h) - crowd(r, h),
    }


def _floor(training: Tensor, held_out: Tensor, reconstructions: Tensor, samples: Tensor, n: int) -> Wrong:
    t, h, r, s = (x[:n] for x in (training, held_out, reconstructions, samples))
    return {
        "The same images compared with themselves: that is 0, and no floor. Take other real images.": 0.0,
        "Two halves of one set are half as many images: their distance is larger by chance. Training images "
        "are real, and so are held-out ones.": OneOf(
            crowd(x[: len(x) // 2], x[len(x) // 2 :]) for x in (h, held_out, t, training)
        ),
        "The floor is a distance of real images from real images; no network has a part in it.": OneOf(
            (crowd(r, h), crowd(r, t), crowd(s, r), crowd(s, t), crowd(s, h))
        ),
        UNEQUAL: _uncut(training, held_out, n),
    }


def _mistakes(*sets: Tensor) -> dict[str, Wrong]:
    n = min(len(x) for x in sets)
    return {"rfd": _reconstruction(*sets, n), "gfd": _generation(*sets, n), "floor": _floor(*sets, n)}


def _sets(shortest: int, draw: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Features of four sets; training (0), held-out (1) or samples (2) are the fewest."""
    while True:
        d, n = whole(2, 4, draw), 2 * whole(4, 6, draw)
        more = [whole(3, 6, draw), whole(7, 9, draw), whole(10, 12, draw)]
        more[shortest] = 0
        training, held_out, samples = (torch.randn(n + extra, d, generator=draw) for extra in more)
        chance = torch.randn(held_out.shape, generator=draw)  # a reconstruction for each held-out image
        sets = training, held_out, 0.8 * held_out + 0.3 + 0.2 * chance, 1.3 * samples - 0.5
        if told_apart(three(*sets), _mistakes(*sets)):
            yield sets


def _sized(distance: Distance) -> Distance:
    """The distance, which says so when it gets something other than features of some images."""

    def measured(a: Tensor, b: Tensor) -> Tensor:
        if not (isinstance(a, Tensor) and isinstance(b, Tensor) and a.ndim == b.ndim == 2):
            raise CheckFailed(
                "not right yet. distance(a, b) compares two sets of features (images, features)."
            )
        if min(len(a), len(b)) < 2:
            raise CheckFailed("not right yet. One image is no crowd: distance(a, b) compares whole sets.")
        return distance(a, b)

    return measured


@exercise(
    "15.4",
    "two distances and a floor",
    hints=(
        "Which images has neither network trained on? Everything is compared with them. What would perfect "
        "reconstructions give, what a perfect generator, and what do other real images give?",
        "All three are distances of a crowd from the held-out images. A distance shrinks with the number of "
        "images: how many may each crowd have, so that the three can be compared?",
        "n = min(len of all four); real = held_out[:n]; return distance(reconstructions[:n], real), "
        "distance(samples[:n], real), distance(training[:n], real)",
    ),
)
def distances(answer: Callable, draw: torch.Generator) -> None:
    """distances(training, held_out, reconstructions, samples, distance) -> (rfd, gfd, floor)."""
    for shortest in torch.randperm(3, generator=draw).tolist():
        sets = next(_sets(shortest, draw))
        given = dict(zip(NAMES, sets, strict=True))
        got = answer(*(x.clone() for x in sets), _sized(crowd))
        parts(got, three(*sets), given, _mistakes(*sets))
