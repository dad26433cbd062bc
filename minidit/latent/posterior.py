"""What an encoder says of an image: not one latent, but how sure it is of each number of it."""

from dataclasses import dataclass

from torch import Tensor

LOWEST, HIGHEST = -20.0, 10.0  # log variances beyond these only overflow


@dataclass(frozen=True)
class Posterior:
    """Independent normals q(z | x): mean and logvar, each of the latents' shape (b, channels, h, w).

    Source: D. Kingma and M. Welling, "Auto-Encoding Variational Bayes", 2014.
    """

    mean: Tensor
    logvar: Tensor

    @classmethod
    def of(cls, both: Tensor) -> "Posterior":
        """Split what an encoder puts out (b, 2 channels, h, w): first the means, then the log variances."""
        mean, logvar = both.chunk(2, dim=1)
        return cls(mean, logvar.clamp(LOWEST, HIGHEST))

    def sample(self, noise: Tensor) -> Tensor:
        """Reparameterisation: mean + std noise, with std = exp(logvar / 2); gradients reach both."""
        return self.mean + (0.5 * self.logvar).exp() * noise

    def kl(self) -> Tensor:
        """KL(q(z | x) || N(0, 1)) of each image in nats, summed over its latent: (b,).

        (mean^2 + variance - 1 - log variance) / 2 for each number of the latent (appendix B of the source).
        """
        each = 0.5 * (self.mean.square() + self.logvar.exp() - 1 - self.logvar)
        return each.flatten(1).sum(1)
