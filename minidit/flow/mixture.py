"""A Gaussian mixture as data: its best network is known in closed form, so samplers can be judged exactly.

The noisy images of a mixture are again a mixture, and the mean of the data given a noisy image is a
weighted sum of straight lines. Every sampler must bring noise back to the mixture itself.
"""

import math

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Flow, Network
from minidit.flow.interpolant import PATHS
from minidit.flow.prediction import predict


class GaussianMixture:
    """K normal distributions of `dim` numbers, laid out as images (batch, dim, 1, 1).

    Args:
        weights: (K,), positive, with sum 1.
        means: (K, dim).
        covariances: (K, dim, dim), symmetric and positive definite.

    Raises:
        MiniditError: the shapes do not fit together, or the weights do not sum to 1.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        size, dim = means.shape
        if weights.shape != (size,) or covariances.shape != (size, dim, dim):
            raise MiniditError(
                f"Means of shape {(size, dim)} need weights {(size,)} and covariances {(size, dim, dim)}, "
                f"not {tuple(weights.shape)} and {tuple(covariances.shape)}."
            )
        if abs(float(weights.sum()) - 1) > 1e-6 or float(weights.min()) <= 0:
            raise MiniditError(f"The weights {weights.tolist()} must be positive and sum to 1.")
        self.weights, self.means, self.covariances = weights, means, covariances
        self._spread, self._axes = torch.linalg.eigh(covariances)  # (K, dim), (K, dim, dim)

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """`size` draws, (size, dim, 1, 1)."""
        which = torch.multinomial(self.weights, size, replacement=True, generator=generator)
        z = torch.randn(size, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        root = self._axes[which] * self._spread[which].sqrt()[:, None]  # (size, dim, dim)
        x = self.means[which] + (root @ z[..., None])[..., 0]
        return x[:, :, None, None]  # (size, dim) -> (size, dim, 1, 1)

    def mean(self) -> Tensor:
        """(dim,)."""
        return self.weights @ self.means

    def covariance(self) -> Tensor:
        """(dim, dim): the mean of the components' covariances plus the covariance of their means."""
        centred = self.means - self.mean()  # (K, dim)
        outer = centred[:, :, None] * centred[:, None, :]  # (K, dim, dim)
        return (self.weights[:, None, None] * (self.covariances + outer)).sum(0)

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) for x (batch, dim, 1, 1): (batch,)."""
        one = torch.ones(1, dtype=x.dtype)
        return self._parts(x, one, 0 * one)[0].logsumexp(dim=1)

    def modes(self, x: Tensor) -> Tensor:
        """The share of each component in having made x (batch, dim, 1, 1): (batch, K)."""
        one = torch.ones(1, dtype=x.dtype)
        return self._parts(x, one, 0 * one)[0].softmax(dim=1)

    def denoise(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The mean of the data given x = alpha data + sigma noise; alpha, sigma (batch,) or (1,)."""
        log_shares, guesses = self._parts(x, alpha, sigma)
        mean = (log_shares.softmax(dim=1)[..., None] * guesses).sum(dim=1)
        return mean[:, :, None, None]  # (batch, dim) -> (batch, dim, 1, 1)

    def network(self, flow: Flow) -> Network:
        """The best network on this data: f(x, t, condition) with the path and prediction of `flow`.

        Raises:
            MiniditError: a clock that is not ours.
        """
        if flow.clock != "unit":
            raise MiniditError(
                f"The mixture's network is told our time t, and its flow has the clock {flow.clock!r}: "
                "use the clock 'unit'."
            )
        path = PATHS[flow.path]

        def f(x: Tensor, t: Tensor, condition: object = None) -> Tensor:
            alpha, sigma = path.alpha(t), path.sigma(t)
            data = self.denoise(x, alpha, sigma)
            wide = [value[:, None, None, None] for value in (alpha, sigma)]  # (batch, 1, 1, 1)
            noise = (x - wide[0] * data) / wide[1].clamp(min=1e-9)
            return predict(path, flow.prediction, data, noise, t).to(x.dtype)

        return f

    def _parts(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """log(weight of k times density of x under k), and E[data | x, k]: (batch, K), (batch, K, dim)."""
        alpha, sigma = alpha[:, None, None], sigma[:, None, None]  # (batch, 1, 1)
        away = x.flatten(1)[:, None] - alpha * self.means  # (batch, K, dim)
        along = torch.einsum("kij,bki->bkj", self._axes, away)  # (batch, K, dim), on the axes of k
        spread = alpha**2 * self._spread + sigma**2  # (batch, K, dim), of x on those axes
        log_density = -0.5 * (along**2 / spread + spread.log() + math.log(2 * math.pi)).sum(dim=2)
        step = torch.einsum("kij,bkj->bki", self._axes, alpha * self._spread * along / spread)  # and back
        return self.weights.log() + log_density, self.means + step
