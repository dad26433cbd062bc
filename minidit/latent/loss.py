"""What makes a good autoencoder: near in pixels, near to an eye, a latent near to noise, and no blur."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from minidit.errors import MiniditError
from minidit.latent.posterior import Posterior

Features = Callable[[Tensor], Sequence[Tensor]]  # images -> feature maps (b, c_l, h_l, w_l), one a layer
Critic = Callable[[Tensor], Tensor]  # images -> how real each patch looks, (b, 1, h, w)


@dataclass(frozen=True)
class LossConfig:
    """Weights of the parts beside the mean absolute error of a pixel, which has weight 1.

    kl: of the KL in nats for each number of the image, so that it means the same at every resolution.
    perceptual: of the distance in a judge's features. adversarial: of the patch critic; 0 is without one.
    critic_from: share of the steps after which the critic is listened to.
    """

    kl: float = 1e-3
    perceptual: float = 0.1
    adversarial: float = 0.0
    critic_from: float = 0.5

    def __post_init__(self) -> None:
        """Refuse weights without meaning."""
        for name in ("kl", "perceptual", "adversarial"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise MiniditError(f"loss.{name} is {getattr(self, name)}; it must be 0 or more.")
        if not 0 <= self.critic_from < 1:
            raise MiniditError(f"loss.critic_from is {self.critic_from}; it must lie in 0 to 1, without 1.")


def perceptual_distance(features: Features, x: Tensor, y: Tensor) -> Tensor:
    """How differently a network sees two sets of images (b, c, h, w): the mean over the batch, a scalar.

    At each layer and place the features are scaled to length 1; their squared distances are averaged over
    places and added over layers (R. Zhang and others, "The Unreasonable Effectiveness of Deep Features as
    a Perceptual Metric", 2018, without its learned weights).
    """
    pairs = zip(features(x), features(y), strict=True)
    apart = [(F.normalize(a) - F.normalize(b)).square().sum(1).mean() for a, b in pairs]
    return torch.stack(apart).sum()


def reconstruction_loss(
    config: LossConfig,
    images: Tensor,
    reconstructed: Tensor,
    posterior: Posterior,
    features: Features | None = None,
    critic: Critic | None = None,
) -> dict[str, Tensor]:
    """The parts of the loss by name, unweighted, and "total" of them weighted; scalars.

    Args:
        config: the weights.
        images, reconstructed: (b, c, h, w).
        posterior: of the images.
        features: what the perceptual part looks with; None leaves it out.
        critic: what the adversarial part asks; None leaves it out.
    """
    parts = {
        "l1": (images - reconstructed).abs().mean(),
        "kl": posterior.kl().mean() / images[0].numel(),
    }
    if features is not None:
        parts["perceptual"] = perceptual_distance(features, images, reconstructed)
    if critic is not None:
        parts["adversarial"] = -critic(reconstructed).mean()
    weights = {"l1": 1.0, "kl": config.kl} | {
        "perceptual": config.perceptual,
        "adversarial": config.adversarial,
    }
    return parts | {"total": sum(weights[name] * part for name, part in parts.items())}


def critic_loss(critic: Critic, images: Tensor, reconstructed: Tensor) -> Tensor:
    """The hinge loss of a critic that tells real patches (above 1) from reconstructed ones (below -1)."""
    real, made = critic(images), critic(reconstructed.detach())
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + made).mean())
