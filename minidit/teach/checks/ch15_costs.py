"""Checks of chapter 15: the autoencoder's share of all FLOPs, in training and in sampling."""

from collections.abc import Callable

import torch

from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf


def share(one: float, other: float) -> float:
    """The share of one cost in both together."""
    return one / (one + other)


def shares(
    encode: float, decode: float, forward: float, epochs: int, steps: int, guided: bool
) -> dict[str, float]:
    """The autoencoder's shares: of training, of training on kept latents, of sampling."""
    evaluations = steps * (2 if guided else 1)
    return {
        "training": share(encode, 3 * forward),
        "kept": share(encode, 3 * epochs * forward),
        "sampling": share(decode, evaluations * forward),
    }


# ways that give the same share share their words: thrice a frozen encoder, say, and no way back at all
FROZEN = (
    "The way back is forgotten, or counted for the frozen encoder too: only the transformer has one, and it "
    "costs two forward passes more."
)
TWO = (
    "The way back costs as much as two forward passes, one for the weights and one for the tokens; you "
    "counted one."
)
LATENTS = "Training never decodes: the loss is on latents."
RATIO = "That is a ratio to the transformer; the share in both together was asked."
OTHER = "That is the transformer's share."


def _training_mistakes(encode: float, decode: float, forward: float, epochs: int) -> Wrong:
    return {
        LATENTS: OneOf((share(encode + decode, 3 * forward), share(decode, 3 * forward))),
        FROZEN: share(encode, forward),
        TWO: share(encode, 2 * forward),
        RATIO: encode / (3 * forward),
        OTHER: share(3 * forward, encode),
        "Here every image is encoded again each time; once for all epochs is for kept latents.": share(
            encode, 3 * epochs * forward
        ),
    }


def _kept_mistakes(encode: float, decode: float, forward: float, epochs: int) -> Wrong:
    run = 3 * epochs * forward
    return {
        "Kept latents are not free: each image is encoded once.": 0.0,
        "The epochs are forgotten: an image is encoded once in all, and goes through the transformer in "
        "every epoch.": share(encode, 3 * forward),
        LATENTS: OneOf((share(encode + decode, run), share(decode, run))),
        FROZEN: share(encode, epochs * forward),
        TWO: share(encode, 2 * epochs * forward),
        RATIO: encode / run,
        OTHER: share(run, encode),
        "The share was divided by the epochs; divide the cost of encoding.": share(encode, 3 * forward)
        / epochs,
    }


def _sampling_mistakes(encode: float, decode: float, forward: float, steps: int, guided: bool) -> Wrong:
    walk = steps * forward * (2 if guided else 1)
    on = {"Guidance is forgotten: each step evaluates the network twice.": share(decode, walk / 2)}
    off = {"There is no guidance here: a step is one evaluation.": share(decode, 2 * walk)}
    return {
        **(on if guided else off),
        "Sampling never encodes: it starts from noise in the latents.": OneOf(
            (share(encode + decode, walk), share(encode, walk))
        ),
        "The network runs at every step; the latent is decoded once, after the last.": OneOf(
            (share(decode, walk / steps), share(decode, forward))
        ),
        "Nothing is trained here: there is no way back.": share(decode, 3 * walk),
        RATIO: decode / walk,
        OTHER: share(walk, decode),
    }


@exercise(
    "15.5",
    "the autoencoder's share",
    hints=(
        "Which half of the autoencoder runs in training, and which in sampling? How often, for one image?",
        "Training: encode once an image, and three forward passes of the transformer. Kept latents: encode "
        "once for all epochs. Sampling: steps times one or two evaluations, then decode once.",
        "encode / (encode + 3 * forward), encode / (encode + 3 * epochs * forward), decode / (decode + "
        "steps * (2 if guided else 1) * forward)",
    ),
)
def autoencoder_share(answer: Callable, draw: torch.Generator) -> None:
    """shares(encode, decode, forward, epochs, steps, guided) -> (training, kept, sampling)."""
    for guided in (True, False):
        while True:
            encode, decode = float(whole(60, 300, draw)), float(whole(310, 700, draw))
            forward, epochs, steps = float(whole(20, 250, draw)), whole(4, 12, draw), whole(4, 20, draw)
            right = shares(encode, decode, forward, epochs, steps, guided)
            mistakes = {
                "training": _training_mistakes(encode, decode, forward, epochs),
                "kept": _kept_mistakes(encode, decode, forward, epochs),
                "sampling": _sampling_mistakes(encode, decode, forward, steps, guided),
            }
            if told_apart(right, mistakes):
                break
        given = {"encode": encode, "decode": decode, "forward": forward, "epochs": epochs, "steps": steps}
        got = answer(encode, decode, forward, epochs, steps, guided)
        parts(got, right, {**given, "guided": guided}, mistakes)
