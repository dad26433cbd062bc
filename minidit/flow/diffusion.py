"""DDPM: noise is added in a thousand small steps, and each step back is a normal distribution.

Step k = 0 is almost clean and k = K - 1 is noise; a network is told our time t = 1 - (k + 1) / 1000.
(Ho et al. 2020; Nichol and Dhariwal 2021; the settings are those of DiT, Peebles and Xie 2023.)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.clock import STEPS, time_of_ddpm_step
from minidit.flow.interpolant import over_pixels


class Gaussian(NamedTuple):
    """A normal distribution for each pixel: mean and logarithm of the variance, like the images."""

    mean: Tensor
    log_variance: Tensor


@dataclass(frozen=True, eq=False)  # tensors have no one answer to ==
class Diffusion:
    """The noise of each step, and the tables that follow from it, in float64.

    betas: (K,), the variance added in each step.
    steps: (K,) int64, the steps of the thousand that these are; a network is told the time of those.
    """

    betas: Tensor
    steps: Tensor

    @classmethod
    def linear(cls, first: float = 1e-4, final: float = 0.02) -> "Diffusion":
        """The thousand evenly growing betas of DDPM, used by DiT."""
        return cls(torch.linspace(first, final, STEPS, dtype=torch.float64), torch.arange(STEPS))

    def __len__(self) -> int:
        return len(self.betas)

    @cached_property
    def abar(self) -> Tensor:
        """The share of the data's variance left after each step: the product of 1 - beta, (K,)."""
        return (1 - self.betas).cumprod(0)

    @cached_property
    def abar_before(self) -> Tensor:
        """abar of the cleaner step; before the first step all of the data is there, (K,)."""
        return torch.cat([torch.ones(1, dtype=torch.float64), self.abar[:-1]])

    @cached_property
    def posterior_variance(self) -> Tensor:
        """Variance of x_{k-1} when x_k and the data are known (DDPM, equation 7); 0 at k = 0, (K,)."""
        return self.betas * (1 - self.abar_before) / (1 - self.abar)

    @cached_property
    def posterior_log_variance(self) -> Tensor:
        """Its logarithm; k = 0 takes the value of k = 1, since log 0 has none, (K,)."""
        variance = self.posterior_variance
        return torch.cat([variance[1:2], variance[1:]]).log() if len(self) > 1 else self.betas.log()

    def respace(self, name: str) -> "Diffusion":
        """The process that visits some of the steps only, with the betas that keep abar there.

        Args:
            name: "250" spreads 250 steps evenly from the first to the last, rounded half to even;
                "ddim50" takes every 20th, from the first.

        Raises:
            MiniditError: not a number of steps, or ddim with a number that no whole stride gives.
        """
        count = name.removeprefix("ddim")
        if not count.isdecimal() or not 1 <= int(count) <= len(self):
            raise MiniditError(
                f"Respacing to {name!r} makes no sense; give a number from 1 to {len(self)}, such as '250', "
                "or 'ddim50' for a whole stride."
            )
        rule = _strided if name.startswith("ddim") else _even
        chosen = torch.tensor(rule(len(self), int(count)))
        abar = self.abar[chosen]
        before = torch.cat([torch.ones(1, dtype=torch.float64), abar[:-1]])
        return Diffusion(1 - abar / before, self.steps[chosen])

    def time(self, k: Tensor) -> Tensor:
        """What a network is told at step k (batch,): our t in [0, 1), float64 (batch,)."""
        return time_of_ddpm_step(self.steps[k.cpu()].double())

    def noised(self, data: Tensor, noise: Tensor, k: Tensor) -> Tensor:
        """x_k = sqrt(abar) data + sqrt(1 - abar) noise; data, noise (batch, ...), k (batch,) int64."""
        return at(self.abar.sqrt(), k, data) * data + at((1 - self.abar).sqrt(), k, data) * noise

    def data(self, noise: Tensor, x: Tensor, k: Tensor) -> Tensor:
        """The data that x_k and its noise leave: (x - sqrt(1 - abar) noise) / sqrt(abar), not clipped."""
        return at(self.abar.rsqrt(), k, x) * x - at((1 / self.abar - 1).sqrt(), k, x) * noise

    def posterior(self, data: Tensor, x: Tensor, k: Tensor) -> Gaussian:
        """x_{k-1} when x_k and the data are known (DDPM, equation 7): log_variance (batch, 1, ...)."""
        rest = 1 - self.abar
        from_data = self.betas * self.abar_before.sqrt() / rest
        from_x = (1 - self.abar_before) * (1 - self.betas).sqrt() / rest
        mean = at(from_data, k, x) * data + at(from_x, k, x) * x
        return Gaussian(mean, at(self.posterior_log_variance, k, x))

    def reverse(self, output: Tensor, x: Tensor, k: Tensor) -> Gaussian:
        """x_{k-1} as the network sees it.

        output: (batch, C, ...), the noise, with the variance of the posterior; or (batch, 2C, ...), the
            noise and v: log variance = f log beta + (1 - f) log posterior variance with f = (v + 1) / 2,
            not clamped (Nichol and Dhariwal 2021, equation 15).
        x: (batch, C, ...); k (batch,) int64.

        Raises:
            MiniditError: the output has another number of channels.
        """
        channels = x.shape[1]
        if output.shape[1] not in (channels, 2 * channels):
            raise MiniditError(
                f"The network answers with {output.shape[1]} channels for images of {channels}; a diffusion "
                f"needs {channels} for the noise, or {2 * channels} with a learned variance (learn_sigma)."
            )
        noise, learned = output[:, :channels], output[:, channels:]
        mean, log_variance = self.posterior(self.data(noise, x, k), x, k)
        if learned.shape[1]:
            share = (learned + 1) / 2
            log_variance = share * at(self.betas.log(), k, x) + (1 - share) * log_variance
        return Gaussian(mean, log_variance)


def at(table: Tensor, k: Tensor, x: Tensor) -> Tensor:
    """table (K,) at k (batch,), to be multiplied with x: (batch, 1, 1, ...), in the type of x."""
    return over_pixels(table.to(x.device, x.dtype)[k], x)


def _even(total: int, count: int) -> list[int]:
    stride, place, chosen = (total - 1) / max(count - 1, 1), 0.0, []
    for _ in range(count):
        chosen.append(round(place))
        place += stride  # added up, as the published procedure does: rounding then agrees step by step
    return chosen


def _strided(total: int, count: int) -> list[int]:
    for stride in range(1, total + 1):
        chosen = range(0, total, stride)
        if len(chosen) == count:
            return list(chosen)
    raise MiniditError(f"No whole stride through {total} steps visits {count}; try 'ddim50' or 'ddim100'.")
