"""Checks of chapter 15: latents brought to mean 0 and deviation 1, and brought back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, same, shapes_explained

Wrong = dict[str, Any]  # words: the value that this mistake would give
PLACES = (0, 2, 3)  # batch, height, width
SD_VAE = 0.18215  # one over the deviation of sd-vae's latents, over all channels at once


def parts(
    got: Any, right: Mapping[str, Any], given: Mapping[str, Any], mistakes: Mapping[str, Wrong]
) -> None:
    """Expect several results one after another, so that the mistake of each is named by itself."""
    got = tuple(got) if isinstance(got, Tensor | list) and len(got) == len(right) else got
    if not isinstance(got, tuple) or len(got) != len(right):
        expect(got, tuple(right.values()), given)
    for value, (name, one) in zip(got, right.items(), strict=True):
        expect(value, one, {**given, "of the results we look at": name}, mistakes[name])


def told_apart(right: Mapping[str, Any], mistakes: Mapping[str, Wrong]) -> bool:
    """Whether in every part the right result and all mistakes differ from one another."""
    return all(apart([value, *mistakes[name].values()]) for name, value in right.items())


def numbers(x: Tensor, over: tuple[int, ...], less: int) -> tuple[Tensor, Tensor]:
    """Mean and deviation of x (b, c, h, w) over some axes; the squares are divided by their number - less."""
    return x.mean(over, keepdim=True), x.std(over, correction=less, keepdim=True)


def ways(training: Tensor, fresh: Tensor, sampled: Tensor, less: int) -> dict[str, Tensor]:
    """Fresh latents for the network, and what it made for the decoder."""
    mean, std = numbers(training, PLACES, less)
    return {"for the network": (fresh - mean) / std, "for the decoder": sampled * std + mean}


def _there(training: Tensor, fresh: Tensor, less: int) -> Wrong:
    mean, std = numbers(training, PLACES, less)
    one_mean, one_std = numbers(training, (0, 1, 2, 3), less)
    own = [numbers(fresh, over, less) for over in ((2, 3), (1, 2, 3))]
    hand_mean, hand_std = numbers(fresh, PLACES, less)
    place_mean, place_std = numbers(training, (0,), less)
    at_places = [(fresh - place_mean) / place_std] if fresh.shape[1:] == training.shape[1:] else []
    return {
        "Each image got statistics of its own: its brightness and contrast are gone, and no one can bring "
        "them back.": OneOf((fresh - m) / s for m, s in own),
        "These are statistics of the batch in hand: the same image would come out otherwise beside other "
        "images. Take those of the training latents.": (fresh - hand_mean) / hand_std,
        "0.18215 is sd-vae's number, for its latents. Measure these.": OneOf(
            (fresh - shift) * SD_VAE for shift in (0 * mean, mean, one_mean)
        ),
        "That is one scale for all channels; each channel has a mean and a deviation of its own.": OneOf(
            (
                (fresh - one_mean) / one_std,
                fresh / one_std,
                (fresh - mean) / one_std,
                (fresh - one_mean) / std,
            )
        ),
        "Each place has statistics of its own here: take them over height and width too.": OneOf(at_places),
        "The mean is still in it.": fresh / std,
        "You divided by the variance; its root is the deviation.": (fresh - mean) / std**2,
        "You multiplied by the deviation: divide on the way to the network.": OneOf(
            ((fresh - mean) * std, fresh * std + mean)
        ),
        "That is the mean of the images' deviations; the deviation of all their latents is larger.": (
            (fresh - mean) / training.std((2, 3), correction=less, keepdim=True).mean(0)
        ),
    }


def _back(training: Tensor, fresh: Tensor, sampled: Tensor, less: int) -> Wrong:
    mean, std = numbers(training, PLACES, less)
    one_mean, one_std = numbers(training, (0, 1, 2, 3), less)
    hand_mean, hand_std = numbers(sampled, PLACES, less)
    fresh_mean, fresh_std = numbers(fresh, PLACES, less)
    own = [numbers(sampled, over, less) for over in ((2, 3), (1, 2, 3))]
    return {
        "The order is turned: first multiply by the deviation, then add the mean.": (sampled + mean) * std,
        "These are statistics of the batch in hand: what was sampled knows nothing of the scale it left. "
        "Take those of the training latents.": OneOf(
            (sampled * s + m for m, s in [(hand_mean, hand_std), (fresh_mean, fresh_std), *own])
        ),
        "0.18215 is sd-vae's number, for its latents. Measure these.": OneOf(
            sampled / SD_VAE + shift for shift in (0 * mean, mean, one_mean)
        ),
        "That is one scale for all channels; each channel has a mean and a deviation of its own.": OneOf(
            (
                sampled * one_std + one_mean,
                sampled * one_std,
                sampled * one_std + mean,
                sampled * std + one_mean,
            )
        ),
        "What was sampled went to the decoder as it was: bring it back to the latents' scale.": sampled,
        "That is the way to the network once more; the decoder needs the way back.": (sampled - mean) / std,
        "The mean was not added.": sampled * std,
        "The mean was subtracted here too; on the way back it is added.": OneOf(
            (sampled * std - mean, (sampled - mean) * std)
        ),
        "One way divides the squares by their number, the other by one less: then they are no inverse.": (
            sampled * numbers(training, PLACES, 1 - less)[1] + mean
        ),
    }


def _mistakes(training: Tensor, fresh: Tensor, sampled: Tensor) -> dict[str, Wrong]:
    found = [
        {"for the network": _there(training, fresh, k), "for the decoder": _back(training, fresh, sampled, k)}
        for k in (0, 1)
    ]
    return {name: {w: _joined(one[name][w] for one in found) for w in found[0][name]} for name in found[0]}


def _joined(values: Any) -> OneOf:
    return OneOf(one for value in values for one in (value if isinstance(value, OneOf) else (value,)))


def _latents(batch: int, like: tuple[Tensor, Tensor], side: tuple[int, int], draw: torch.Generator) -> Tensor:
    """Latents (batch, c, *side) whose channels have means and deviations of their own, not contiguous."""
    mean, std = like
    return mean + std * tensor(batch, *side, len(mean), draw=draw).permute(0, 3, 1, 2)


def _rounds(
    side: tuple[int, int], other: tuple[int, int], draw: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    while True:
        c = whole(1, 2, draw) * 2 + 1  # 3 or 5 channels
        mean = tensor(c, 1, 1, draw=draw) * 2
        std = torch.randint(3, 40, (c, 1, 1), generator=draw) / 10
        training = _latents(whole(4, 6, draw), (mean, std), side, draw)
        fresh = _latents(3, (mean + 0.5, 1.3 * std), other, draw)
        sampled = tensor(2, c, *other, draw=draw)
        given = training, fresh, sampled
        mistakes = _mistakes(*given)
        other_less = (
            "One way divides the squares by their number, the other by one less: then they are no inverse."
        )
        mistakes["for the decoder"].pop(other_less)
        if told_apart(ways(*given, 0), mistakes):
            yield given


@exercise(
    "15.1",
    "standardise latents, and back",
    hints=(
        "How many means and deviations are there? Each channel has one of each, at all places.",
        "Statistics over the axes 0, 2 and 3 of the training latents, with keepdim=True: shape (1, channels, "
        "1, 1). They serve both ways; nothing is measured on the others. Which step is undone first?",
        "mean = training.mean((0, 2, 3), keepdim=True); std likewise; return (fresh - mean) / std, "
        "sampled * std + mean",
    ),
)
def standardise(answer: Callable, draw: torch.Generator) -> None:
    """standardise(training, fresh, sampled) -> (fresh for the network, sampled for the decoder)."""
    for other, dtype in (((3, 4), torch.float32), ((2, 5), torch.float64)):
        given = tuple(x.to(dtype) for x in next(_rounds((3, 4), other, draw)))
        handed = [x.clone() for x in given]
        named = dict(zip(("training", "fresh", "sampled"), given, strict=True))
        right = ways(*given, 0)
        with shapes_explained(
            "Statistics have the shape (1, channels, 1, 1).", named, right["for the network"]
        ):
            got = answer(*handed)
        if isinstance(got, tuple | list) and len(got) == 2:
            unbiased = ways(*given, 1)
            right = unbiased if same(got[0], unbiased["for the network"], 1e-4) else right
        parts(got, right, named, _mistakes(*given))
        if not all(torch.equal(a, b) for a, b in zip(handed, given, strict=True)):
            raise CheckFailed(
                "not right yet. The result is right, but what was handed in was changed in place."
            )
