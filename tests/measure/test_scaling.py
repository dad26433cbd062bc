"""A law of compute gives back what was planted, and says so when it cannot."""

import numpy as np
import pytest

from minidit import MiniditError
from minidit.measure.scaling import fit, resampled

COMPUTE = [1e12, 3e12, 7e12, 1.4e13, 3e13]


def planted(floor, a, b):
    unit = np.exp(np.mean(np.log(COMPUTE)))
    return [floor + a * (c / unit) ** -b for c in COMPUTE]


@pytest.mark.parametrize(("floor", "a", "b"), [(0.05, 0.04, 0.5), (0.0, 0.1, 0.3), (0.08, 0.01, 1.2)])
def test_what_was_planted_is_found(floor, a, b):
    law = fit(COMPUTE, planted(floor, a, b))
    assert (law.floor, law.a, law.b) == pytest.approx((floor, a, b), rel=1e-2, abs=1e-3)
    assert law(1e14) == pytest.approx(floor + a * (1e14 / law.unit) ** -b, rel=1e-2)


def test_a_line_without_a_floor_promises_too_much():
    errors = planted(0.05, 0.04, 0.5)
    line, bent = fit(COMPUTE, errors, floor=False), fit(COMPUTE, errors)
    assert line.floor == 0 and line(1e15) < 0.8 * bent(1e15)
    # and it is the straight line of least squares, up to the weights
    slope = np.polyfit(np.log(COMPUTE), np.log(errors), 1)[0]
    assert line.b == pytest.approx(-slope, rel=0.02)


def test_seeds_drawn_again_cover_what_was_planted():
    chance = np.random.default_rng(0)
    true = np.array(planted(0.05, 0.04, 0.5))
    inside = 0
    for trial in range(10):
        rows = true * (1 + 0.01 * chance.standard_normal((8, 5)))
        at = [law(1e14) for law in resampled(COMPUTE, rows, draws=40, seed=trial)]
        inside += (
            np.quantile(at, 0.025)
            <= 0.05 + 0.04 * (1e14 / fit(COMPUTE, true).unit) ** -0.5
            <= np.quantile(at, 0.975)
        )
    assert inside >= 7  # of 10; a bootstrap of eight seeds is a little too narrow
    again = resampled(COMPUTE, rows, draws=3, seed=1)
    assert again == resampled(COMPUTE, rows, draws=3, seed=1) != resampled(COMPUTE, rows, draws=3, seed=2)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(MiniditError, match=r"4 different sizes or more; there are 3"):
        fit(COMPUTE[:3], [0.3, 0.2, 0.1])
    with pytest.raises(MiniditError, match=r"finite numbers above 0"):
        fit(COMPUTE, [0.3, 0.2, 0.1, 0.1, 0.0])
    with pytest.raises(MiniditError, match=r"2 seeds cannot be drawn again"):
        resampled(COMPUTE, [[0.5, 0.4, 0.3, 0.2, 0.1]] * 2)
