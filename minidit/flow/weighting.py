"""How much each time counts in the loss, and what an error in one prediction is worth in another.

On a fixed x the predictions move together: if the guess of the noise is off by e, that of the data is off
by -e sigma / alpha, and that of the velocity by -e D / alpha with D = alpha' sigma - alpha sigma'. So a
weight on one squared error is a weight on every other.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.flow.interpolant import Path
from minidit.flow.prediction import turn

# Some weights have no bound at the ends. Where sigma / alpha is above 19 or below 1 / 19, a time counts as
# the nearest one that is not: on the linear path t stays in 0.05 to 0.95, where JiT (2025) clips too.
LIMIT = 19.0


def _shares(path: Path, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    early, late = path.time(torch.tensor([LIMIT, 1 / LIMIT], dtype=torch.float64)).to(t)
    t = t.clamp(early, late)
    return path.alpha(t), path.sigma(t), turn(path, t)


def error_ratio(path: Path, source: str, target: str, t: Tensor) -> Tensor:
    """|error of the prediction `target`| for each unit of error of `source` at times t (batch,): (batch,).

    Times near the ends are held, see LIMIT. Velocity against data on the linear path: 1 / sigma, since
    v = (data - x) / sigma.
    """
    alpha, sigma, d = _shares(path, t)
    # for each unit of error of the noise; the score is -noise / sigma
    of_noise = {"noise": torch.ones_like(d), "data": sigma / alpha, "velocity": d / alpha, "score": 1 / sigma}
    return of_noise[target] / of_noise[source]


def velocity_weight(path: Path, prediction: str, t: Tensor, gamma: float) -> Tensor:
    """The squared error counts as that of the velocity does (SiT's "velocity": (lambda / sigma)^2)."""
    return error_ratio(path, prediction, "velocity", t).square()


def likelihood_weight(path: Path, prediction: str, t: Tensor, gamma: float) -> Tensor:
    """D / (alpha sigma) on the noise's squared error (SiT's "likelihood": lambda / sigma^2)."""
    alpha, sigma, d = _shares(path, t)
    return d / (alpha * sigma) * error_ratio(path, prediction, "noise", t).square()


def min_snr_weight(path: Path, prediction: str, t: Tensor, gamma: float) -> Tensor:
    """min(SNR, gamma) on the data's squared error, SNR = alpha^2 / sigma^2 (Hang et al. 2023, gamma = 5).

    That is min(SNR, gamma) / SNR on the noise's. On GVP it is min(SNR, gamma) / (SNR + 1) on the
    velocity's, over D^2 = (pi / 2)^2: there the published v prediction is our velocity over -pi / 2.
    """
    alpha, sigma, _ = _shares(path, t)
    return (alpha / sigma).square().clamp(max=gamma) * error_ratio(path, prediction, "data", t).square()


Weighting = Callable[[Path, str, Tensor, float], Tensor]
WEIGHTINGS: dict[str, Weighting | None] = {
    "none": None,
    "velocity": velocity_weight,
    "likelihood": likelihood_weight,
    "min_snr": min_snr_weight,
}
