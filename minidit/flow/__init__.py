"""From noise to data: interpolants, objectives, samplers, guidance, for any callable f(x, t, condition)."""

from minidit.flow.ancestral import ancestral, ddim
from minidit.flow.coupling import COUPLINGS, optimal, optimal_within_labels
from minidit.flow.diffusion import Diffusion
from minidit.flow.flow import Flow
from minidit.flow.guidance import autoguide, guide, routed
from minidit.flow.hybrid import HybridObjective
from minidit.flow.interpolant import GVP, PATHS, VP, Linear
from minidit.flow.likelihood import Likelihood, exact_trace, hutchinson, log_likelihood, rademacher
from minidit.flow.mixture import GaussianMixture
from minidit.flow.objective import Draw, Losses, Objective, velocity_error
from minidit.flow.prediction import PREDICTIONS, convert
from minidit.flow.sampler import State, euler, gaussian, heun, last, solve, times
from minidit.flow.stochastic import DIFFUSIONS, SDE, euler_maruyama, sde_times, stochastic_heun

__all__ = [
    "COUPLINGS",
    "DIFFUSIONS",
    "GVP",
    "PATHS",
    "PREDICTIONS",
    "SDE",
    "VP",
    "Diffusion",
    "Draw",
    "Flow",
    "GaussianMixture",
    "HybridObjective",
    "Likelihood",
    "Linear",
    "Losses",
    "Objective",
    "State",
    "ancestral",
    "autoguide",
    "convert",
    "ddim",
    "euler",
    "euler_maruyama",
    "exact_trace",
    "gaussian",
    "guide",
    "heun",
    "hutchinson",
    "last",
    "log_likelihood",
    "optimal",
    "optimal_within_labels",
    "rademacher",
    "routed",
    "sde_times",
    "solve",
    "stochastic_heun",
    "times",
    "velocity_error",
]
