"""Other people's clocks: the number that a network from elsewhere wants to be told, for our time t.

Ours: t = 0 is noise, t = 1 is data. `Flow(clock=...)` calls such a network; `minidit.flow.notation` prints
the dialects side by side.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from minidit.flow.interpolant import Path
from minidit.flow.prediction import MARGIN

STEPS = 1000  # of DDPM, and of the numbers told to flow-matching networks in diffusers


def reversed_time(t: Tensor) -> Tensor:
    """1 - t: noise at 1 and data at 0, as in SiT's paper, REPA, SRA, REG. It is its own inverse."""
    return 1 - t


def timestep(t: Tensor) -> Tensor:
    """1000 (1 - t): what diffusers tells flow-matching networks such as SD3."""
    return STEPS * (1 - t)


def time_of_timestep(timestep: Tensor) -> Tensor:
    """The inverse of `timestep`."""
    return 1 - timestep / STEPS


def ddpm_step(t: Tensor) -> Tensor:
    """1000 (1 - t) - 1: DDPM's step i = 0 (almost clean) to 999, not rounded, never below 0.

    DiT's sinusoidal features take any number, so a time between two steps is asked for as it is.
    """
    return (STEPS * (1 - t) - 1).clamp(min=0)


def time_of_ddpm_step(step: Tensor) -> Tensor:
    """t = 1 - (i + 1) / 1000: what minidit tells a network at DDPM's step i."""
    return 1 - (step + 1) / STEPS


def edm_sigma(t: Tensor, path: Path) -> Tensor:
    """sigma / alpha: the noise of x / alpha = data + (sigma / alpha) noise (Karras et al. 2022).

    `path.time` is the inverse. At t = 0, where alpha is 0, the divisor is held at MARGIN.
    """
    return path.sigma(t) / path.alpha(t).clamp(min=MARGIN)


class Clock(NamedTuple):
    """told(t, path) is the number told. sign: the network's velocity is sign times ours; 0: no such thing.

    rescaled: the network looks at x / alpha, noise added to clean images, and not at x.
    """

    told: Callable[[Tensor, Path], Tensor]
    sign: int
    rescaled: bool = False


CLOCKS = {
    "unit": Clock(lambda t, path: t, sign=1),
    "reversed": Clock(lambda t, path: reversed_time(t), sign=-1),
    "timestep": Clock(lambda t, path: timestep(t), sign=-1),
    "step": Clock(lambda t, path: ddpm_step(t), sign=0),
    "sigma": Clock(edm_sigma, sign=0, rescaled=True),
}
