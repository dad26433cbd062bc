"""Paths from noise (t = 0) to data (t = 1): x_t = alpha(t) x_1 + sigma(t) eps.

A path is alpha and sigma, their derivatives, and the way back from sigma / alpha to the time. The three
are those of SiT (Ma et al. 2024, section 2.3 and appendix B), written with t = 1 at the data as in its code.
"""

import math

import torch
from torch import Tensor


def over_pixels(t: Tensor, x: Tensor) -> Tensor:
    """t (batch,) -> (batch, 1, 1, ...), to be multiplied with x. One time for each image of the batch."""
    return t.view(-1, *[1] * (x.ndim - 1))


class Linear:
    """The straight path of rectified flow and of SiT's default.

    alpha(t) = t and sigma(t) = 1 - t, so the velocity x_1 - eps is the same at every time.
    """

    def alpha(self, t: Tensor) -> Tensor:
        """Share of the data."""
        return t

    def sigma(self, t: Tensor) -> Tensor:
        """Share of the noise."""
        return 1 - t

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Derivative of alpha."""
        return t * 0 + 1

    def sigma_dot(self, t: Tensor) -> Tensor:
        """Derivative of sigma."""
        return t * 0 - 1

    def time(self, ratio: Tensor) -> Tensor:
        """The time at which sigma / alpha equals `ratio`."""
        return 1 / (1 + ratio)


class GVP:
    """A quarter of a circle: alpha^2 + sigma^2 = 1, so x_t keeps its variance when the data's is 1.

    alpha(t) = sin(pi t / 2) and sigma(t) = cos(pi t / 2) (Albergo and Vanden-Eijnden 2023).
    """

    def alpha(self, t: Tensor) -> Tensor:
        """Share of the data."""
        return torch.sin(t * math.pi / 2)

    def sigma(self, t: Tensor) -> Tensor:
        """Share of the noise; written as a sine so that it is exactly 0 at t = 1."""
        return torch.sin((1 - t) * math.pi / 2)

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Derivative of alpha."""
        return self.sigma(t) * math.pi / 2

    def sigma_dot(self, t: Tensor) -> Tensor:
        """Derivative of sigma."""
        return -self.alpha(t) * math.pi / 2

    def time(self, ratio: Tensor) -> Tensor:
        """The time at which sigma / alpha equals `ratio`."""
        return 1 - torch.atan(ratio) * 2 / math.pi


class VP:
    """DDPM's linear betas in continuous time (Song et al. 2020, equation 33): alpha^2 + sigma^2 = 1.

    (arXiv 2011.13456.) With u = 1 - t, beta(u) = 0.1 + 19.9 u and log alpha = -(0.1 u + 19.9 u^2 / 2) / 2.
    At t = 0 a share alpha = 0.0066 of the data is left. sigma' has no bound at t = 1, so the time is held at
    1 - 1e-5, where SiT's training ends too: there sigma = 0.001 and every value is finite.
    """

    low, rise, held = 0.1, 19.9, 1e-5

    def _u(self, t: Tensor) -> Tensor:
        return (1 - t).clamp(min=self.held)

    def _log_alpha(self, t: Tensor) -> Tensor:
        u = self._u(t)
        return -u * (self.low + self.rise * u / 2) / 2

    def _log_alpha_dot(self, t: Tensor) -> Tensor:
        return (self.low + self.rise * self._u(t)) / 2

    def alpha(self, t: Tensor) -> Tensor:
        """Share of the data."""
        return self._log_alpha(t).exp()

    def sigma(self, t: Tensor) -> Tensor:
        """Share of the noise; expm1 keeps its digits near the data, where 1 - alpha^2 would lose them."""
        return (-torch.expm1(2 * self._log_alpha(t))).sqrt()

    def alpha_dot(self, t: Tensor) -> Tensor:
        """Derivative of alpha."""
        return self.alpha(t) * self._log_alpha_dot(t)

    def sigma_dot(self, t: Tensor) -> Tensor:
        """Derivative of sigma, from alpha^2 + sigma^2 = 1."""
        return -self.alpha(t) * self.alpha_dot(t) / self.sigma(t)

    def time(self, ratio: Tensor) -> Tensor:
        """The time at which sigma / alpha equals `ratio`: the root of a quadratic in u."""
        logs = torch.log1p(ratio.square())  # -2 log alpha = low u + rise u^2 / 2
        return 1 - 2 * logs / (self.low + (self.low**2 + 2 * self.rise * logs).sqrt())


Path = Linear | GVP | VP
PATHS: dict[str, Path] = {"linear": Linear(), "gvp": GVP(), "vp": VP()}
