"""From noise to data: interpolants, objectives, samplers, guidance, for any callable f(x, t, condition)."""

from minidit.flow.flow import Flow
from minidit.flow.guidance import guide
from minidit.flow.interpolant import GVP, PATHS, VP, Linear
from minidit.flow.mixture import GaussianMixture
from minidit.flow.objective import Draw, Losses, Objective
from minidit.flow.prediction import PREDICTIONS, convert
from minidit.flow.sampler import State, euler, heun, last, times

__all__ = [
    "GVP",
    "PATHS",
    "PREDICTIONS",
    "VP",
    "Draw",
    "Flow",
    "GaussianMixture",
    "Linear",
    "Losses",
    "Objective",
    "State",
    "convert",
    "euler",
    "guide",
    "heun",
    "last",
    "times",
]
