"""From noise to data: interpolants, objectives, samplers, guidance, for any callable f(x, t, condition)."""

from minidit.flow.flow import Flow
from minidit.flow.guidance import guide
from minidit.flow.interpolant import PATHS, Linear
from minidit.flow.objective import Draw, Losses, Objective
from minidit.flow.sampler import State, euler, heun, last, times

__all__ = [
    "PATHS",
    "Draw",
    "Flow",
    "Linear",
    "Losses",
    "Objective",
    "State",
    "euler",
    "guide",
    "heun",
    "last",
    "times",
]
