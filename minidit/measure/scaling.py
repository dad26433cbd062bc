"""How an error falls with compute: error = floor + a (compute / unit)^-b, fitted to a few sizes.

Without the floor this is a straight line in logarithms. With it the line bends: what is left when compute has
no end (Hoffmann et al. 2022, arXiv 2203.15556, section 3.3, whose E is our floor).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar, nnls

from minidit.errors import MiniditError

FEWEST = 4  # three numbers are fitted: with three sizes every curve would fit
STEEPEST = 3.0


@dataclass(frozen=True)
class PowerLaw:
    """error = floor + a (compute / unit)^-b, with floor and a of 0 or more, in the unit of the error.

    unit: the geometric mean of the computes of the fit, so that floor + a is the error in the middle.
    """

    floor: float
    a: float
    b: float
    unit: float

    def __call__(self, compute: float) -> float:
        """The error at this compute."""
        return self.floor + self.a * (compute / self.unit) ** -self.b


def fit(compute: Sequence[float], error: Sequence[float], floor: bool = True) -> PowerLaw:
    """The law with the smallest sum of squared relative errors.

    Where b is given, floor and a are the solution of a linear problem with two numbers of 0 or more; so only
    b, from 0 to 3, is searched for.

    Args:
        compute: FLOPs of each size, all different. error: of each, above 0.
        floor: False fits a straight line in logarithms' stead, with floor = 0.

    Raises:
        MiniditError: fewer than four sizes, equal ones, or an error that is not above 0.
    """
    c, e = np.asarray(compute, float), np.asarray(error, float)
    if len(c) != len(e) or len(set(compute)) < FEWEST:
        raise MiniditError(
            f"A floor, a factor and an exponent are fitted to {FEWEST} different sizes or more; there are "
            f"{len(set(compute))}, and {len(e)} errors. Add a size."
        )
    if not (np.isfinite(e).all() and (e > 0).all() and (c > 0).all()):
        raise MiniditError("Compute and errors must be finite numbers above 0; one of them is not.")
    unit = float(np.exp(np.log(c).mean()))

    def solved(b: float) -> tuple[NDArray[np.float64], float]:
        """(floor, a) for this exponent, and the root of the sum of squared relative errors."""
        columns = [np.ones_like(c) if floor else np.zeros_like(c), (c / unit) ** -b]
        return nnls(np.stack(columns, 1) / e[:, None], np.ones_like(e))  # (sizes, 2)

    starts = np.linspace(0.02, STEEPEST, 60)  # the sum may have two valleys: search the better one
    best = starts[np.argmin([solved(b)[1] for b in starts])]
    found = minimize_scalar(lambda b: solved(b)[1], bounds=(max(1e-3, best - 0.06), best + 0.06))
    (low, a), _ = solved(found.x)
    return PowerLaw(float(low), float(a), float(found.x), unit)


def resampled(
    compute: Sequence[float], errors: Sequence[Sequence[float]], draws: int = 1000, seed: int = 0
) -> list[PowerLaw]:
    """Laws fitted to seeds drawn again with replacement (the bootstrap, Efron 1979): the spread of chance.

    Args:
        compute: FLOPs of each size.
        errors: errors[k] are those of seed k, a number for each size. A whole seed is drawn at once, since
            its sizes share images, order and noise.
        draws: how many laws. seed: of the draws.

    Raises:
        MiniditError: fewer than three seeds, or what `fit` refuses.
    """
    rows = np.asarray(errors, float)  # (seeds, sizes)
    if len(rows) < 3:
        raise MiniditError(f"{len(rows)} seeds cannot be drawn again; run 3 or more.")
    chance = np.random.default_rng(seed)
    picks = chance.integers(len(rows), size=(draws, len(rows)))
    return [fit(compute, rows[pick].mean(0)) for pick in picks]
