"""The training objective: how far is the network's prediction from the one we want?"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.coupling import COUPLINGS
from minidit.flow.flow import Flow, Network
from minidit.flow.interpolant import PATHS, over_pixels
from minidit.flow.prediction import convert, predict
from minidit.flow.terms import TERMS, named
from minidit.flow.timing import TIME_SAMPLING, shift
from minidit.flow.weighting import WEIGHTINGS
from minidit.streams import Streams
from minidit.types import Batch, Keys


class Draw(NamedTuple):
    """All the chance of one training step, drawn outside the network.

    t (batch,) in [0, 1]; noise like the images; drop (batch,) bool, True where the label is hidden.
    """

    t: Tensor
    noise: Tensor
    drop: Tensor
    keys: Keys = Keys()


class Losses(NamedTuple):
    """The number to descend, and the named parts it is made of (scalars, before their weights)."""

    total: Tensor
    parts: dict[str, Tensor]


def draw_at(t: Tensor, batch: Batch, streams: Streams, step: int, label_drop: float) -> Draw:
    """The times t (batch,), and from their own streams the noise and the hidden labels."""
    x = batch.x
    return Draw(
        t=t.to(x.device),
        noise=torch.randn(x.shape, generator=streams("noise", step)).to(x.device),
        drop=(torch.rand(len(x), generator=streams("drop", step)) < label_drop).to(x.device),
    )


def answer(f: Network, x_t: Tensor, batch: Batch, draw: Draw) -> Tensor:
    """What f says of x_t, with the labels hidden that the draw hides.

    Keys are handed on only when something was drawn for them: a closed-form f need not know them.
    """
    options = {"keys": draw.keys} if any(key is not None for key in draw.keys) else {}
    return f(x_t, draw.t, batch.condition._replace(drop=draw.drop), **options)


def check_share(label_drop: float) -> None:
    """Raise MiniditError for a share of hidden labels that is not one."""
    if not 0 <= label_drop <= 1:
        raise MiniditError(f"objective.label_drop is {label_drop}; it must lie between 0 and 1.")


@dataclass(frozen=True)
class Objective:
    """Mean squared error of the flow's prediction, with times drawn by a law and labels sometimes hidden.

    label_drop: the share of labels replaced by the null label, so that one network learns both the
        conditional and the unconditional velocity (Ho and Salimans 2022).
    coupling: which noise of a batch goes with which image: "independent", "optimal" or
        "optimal_within_labels", see `coupling`.
    time_shift: more than 1 moves the drawn times towards noise, see `timing.shift`.
    weighting: how much each time counts: "none", "velocity", "likelihood", "min_snr" (with min_snr_gamma).
        A score is compared as the noise -sigma score, as in SiT: its own error has no bound near the data.
    terms: losses beside the squared error, such as "cosine" or "cosine,contrastive", each times its weight.
        "contrastive" is for velocities whose times all count the same.

    Raises:
        MiniditError: a word that is not in the table, a number that makes no sense, or settings that do not
            fit together.
    """

    flow: Flow = field(default_factory=Flow)
    time_sampling: str = "logit_normal"
    label_drop: float = 0.1
    coupling: str = "independent"
    time_shift: float = 1.0
    weighting: str = "none"
    min_snr_gamma: float = 5.0
    terms: str = ""
    cosine_weight: float = 1.0
    contrastive_weight: float = 0.05

    def __post_init__(self) -> None:
        """Refuse unknown words, a share that is not one, and numbers out of their range."""
        words = {"time_sampling": TIME_SAMPLING, "weighting": WEIGHTINGS, "coupling": COUPLINGS}
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise MiniditError(
                    f"objective.{name} is {getattr(self, name)!r}; it must be one of: {', '.join(known)}."
                )
        check_share(self.label_drop)
        if self.coupling != "independent" and self.flow.prediction == "score":
            raise MiniditError(
                f"The mean of -noise / sigma is the score only where pairs are made by chance, and "
                f"objective.coupling is {self.coupling!r}: use prediction=velocity, or coupling=independent."
            )
        for name in ("time_shift", "min_snr_gamma", "cosine_weight", "contrastive_weight"):
            if not 0 < getattr(self, name) < float("inf"):
                raise MiniditError(f"objective.{name} is {getattr(self, name)}; it must be more than 0.")
        if "contrastive" in named(self.terms):
            self._check_contrastive()

    def _check_contrastive(self) -> None:
        if self.contrastive_weight >= 1:
            raise MiniditError(
                f"objective.contrastive_weight is {self.contrastive_weight}; it must be less than 1, or "
                "being far from other images counts more than being right (0.05 is usual)."
            )
        if self.weighting != "none":  # where the weight is less than the term's, being far counts more
            raise MiniditError(
                f"The term contrastive is subtracted from a squared error that is not weighted, and "
                f"objective.weighting is {self.weighting!r}: use weighting=none, or leave the term out."
            )
        if self.flow.prediction != "velocity":
            raise MiniditError(
                f"The term contrastive compares velocities, and objective.flow.prediction is "
                f"{self.flow.prediction!r}: use prediction=velocity, or leave the term out."
            )

    def draw(self, batch: Batch, streams: Streams, step: int) -> Draw:
        """Times, noise and hidden labels for `batch` at `step`; equal arguments give equal draws.

        Every coupling draws the same noise, and hands it out in another order.
        """
        t = TIME_SAMPLING[self.time_sampling](len(batch.x), streams("time", step))
        draw = draw_at(shift(t, self.time_shift), batch, streams, step, self.label_drop)
        return draw._replace(noise=COUPLINGS[self.coupling](draw.noise, batch))

    def loss(self, f: Network, batch: Batch, draw: Draw) -> Losses:
        """Mean over the batch and all pixels of (f(x_t, t) - target)^2 (Ma et al. 2024, equation 7).

        The part is named after the prediction, "velocity" by default; then come the terms.
        """
        path, prediction = PATHS[self.flow.path], self.flow.prediction
        compared = "noise" if prediction == "score" else prediction
        x_t = self.flow.interpolate(batch.x, draw.noise, draw.t)
        output = answer(self.flow.predict(f), x_t, batch, draw)
        output = convert(path, output, x_t, draw.t, prediction, compared)
        target = predict(path, compared, batch.x, draw.noise, draw.t)
        squares, weight = (output - target).square(), WEIGHTINGS[self.weighting]
        if weight is not None:
            squares = squares * over_pixels(weight(path, compared, draw.t, self.min_snr_gamma), squares)
        parts = {prediction: squares.mean()}
        total = parts[prediction]
        for name in named(self.terms):
            parts[name] = TERMS[name](output, target, draw.drop)
            total = total + getattr(self, f"{name}_weight") * parts[name]
        return Losses(total=total, parts=parts)


def velocity_error(flow: Flow, f: Network, batch: Batch, draw: Draw) -> Tensor:
    """Mean squared error of the velocity for each image, whatever f predicts: (batch,).

    The yardstick for networks with different predictions: each is read as a velocity first. A network on
    another path is measured on that path, and compares with others there only.
    """
    x_t = flow.interpolate(batch.x, draw.noise, draw.t)
    target = predict(PATHS[flow.path], "velocity", batch.x, draw.noise, draw.t)
    error = answer(flow.velocity(f), x_t, batch, draw) - target
    return error.square().flatten(1).mean(1)  # (batch, ...) -> (batch,)
