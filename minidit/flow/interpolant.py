"""Paths from noise (t = 0) to data (t = 1): x_t = alpha(t) x_1 + sigma(t) eps."""

from torch import Tensor


class Linear:
    """The straight path of rectified flow and of SiT's default (Ma et al. 2024, section 2.3).

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


PATHS = {"linear": Linear()}
