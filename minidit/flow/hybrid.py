"""DiT's own objective: the noise's squared error, and a variational bound that teaches the variance."""

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.clock import STEPS, ddpm_step
from minidit.flow.diffusion import Diffusion, Gaussian
from minidit.flow.flow import Flow, Network
from minidit.flow.objective import Draw, Losses, answer, check_share, draw_at
from minidit.streams import Streams
from minidit.types import Batch

_ddpm = functools.cache(Diffusion.linear)


def kl(p: Gaussian, q: Gaussian) -> Tensor:
    """KL(p || q) of normal distributions, in nats, for each pixel."""
    distance = (p.mean - q.mean).square() * (-q.log_variance).exp()
    ratio = p.log_variance - q.log_variance
    return 0.5 * (-1 - ratio + ratio.exp() + distance)


def discretised_nll(x: Tensor, p: Gaussian) -> Tensor:
    """-log probability, in nats, that p rounds to the 8-bit grey level x in [-1, 1], for each pixel.

    Bins are 2 / 255 wide; the outer ones reach to infinity. It is meant for pixels, and DiT applies it to
    latents as it is. The normal distribution function is the tanh approximation that DiT inherits from
    improved DDPM (Nichol and Dhariwal 2021); probabilities are held at 1e-12.
    """
    inverse, half = (-p.log_variance / 2).exp(), 1 / 255
    below = _normal_cdf((x - p.mean - half) * inverse)
    above = _normal_cdf((x - p.mean + half) * inverse)
    mass = torch.where(x < -0.999, above, torch.where(x > 0.999, 1 - below, above - below))
    return -mass.clamp(min=1e-12).log()


def _normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def variational_bound(diffusion: Diffusion, output: Tensor, data: Tensor, x: Tensor, k: Tensor) -> Tensor:
    """One term of the bound, in bits per pixel (Nichol and Dhariwal 2021, equations 4 to 6): (batch,).

    The network's step back is compared with the true one; the last step, k = 0, with the data.
    output (batch, 2C, ...), data and x (batch, C, ...), k (batch,).
    """
    guess = diffusion.reverse(output, x, k)
    nats = kl(diffusion.posterior(data, x, k), guess).flatten(1).mean(1)
    last = discretised_nll(data, guess).flatten(1).mean(1)
    return torch.where(k == 0, last, nats) / math.log(2)


@dataclass(frozen=True)
class HybridObjective:
    """Mean squared error of the noise plus the bound, over DDPM's thousand steps, as DiT trains.

    The network has twice the channels (`learn_sigma`). Inside the bound the noise is detached, so that the
    bound teaches the variance only. Steps are drawn evenly.

    label_drop: the share of labels replaced by the null label.

    Raises:
        MiniditError: a share that is not one; in `loss`, a network without the second half of channels.
    """

    label_drop: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a share that is not one."""
        check_share(self.label_drop)

    @property
    def flow(self) -> Flow:
        """How to read the network as a velocity: VP is the limit of many DDPM steps."""
        return Flow(path="vp", prediction="noise")

    def draw(self, batch: Batch, streams: Streams, step: int) -> Draw:
        """Times of whole DDPM steps, noise and hidden labels; equal arguments give equal draws."""
        k = torch.randint(0, STEPS, (len(batch.x),), generator=streams("time", step))
        return draw_at(_ddpm().time(k).float(), batch, streams, step, self.label_drop)

    def loss(self, f: Network, batch: Batch, draw: Draw) -> Losses:
        """Parts "noise" (mean squared error) and "vb" (bits per pixel); their sum is the total."""
        x, k = batch.x, ddpm_step(draw.t).round().long()
        x_k = _ddpm().noised(x, draw.noise, k)
        output = answer(f, x_k, batch, draw)
        channels = x.shape[1]
        if output.shape[1] != 2 * channels:
            raise MiniditError(
                f"DiT's objective teaches a variance too: the network must answer with {2 * channels} "
                f"channels, not {output.shape[1]}. Build it with learn_sigma=true."
            )
        frozen = torch.cat([output[:, :channels].detach(), output[:, channels:]], dim=1)
        noise = (output[:, :channels] - draw.noise).square().mean()
        vb = variational_bound(_ddpm(), frozen, x, x_k, k).mean()
        return Losses(total=noise + vb, parts={"noise": noise, "vb": vb})
