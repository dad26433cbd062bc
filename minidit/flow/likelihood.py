"""How probable is an image? Follow the velocity back to noise and count how volumes change on the way.

log p(x_1) = log p(x_0) - integral of div v(x_t, t) dt from 0 to 1, with x_0 standard normal noise (Chen et
al. 2018; Song et al. 2020, arXiv 2011.13456, section 4.3).
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.flow.sampler import ask
from minidit.types import Condition

EXACT_UP_TO = 64  # numbers in an image: an exact trace costs one backward pass for each

# divergence(v, x, t, condition) -> v (batch, ...) and div v (batch,)
Divergence = Callable[[Velocity, Tensor, float, Condition | Tensor | None], tuple[Tensor, Tensor]]


class Likelihood(NamedTuple):
    """log_density (batch,): in nats, of all numbers of an image together. noise: where each image began."""

    log_density: Tensor
    noise: Tensor
    evaluations: int

    def bits_per_dim(self) -> Tensor:
        """-log2 density for each number of an image, (batch,).

        For 8-bit pixels scaled to [-1, 1] add log2(127.5) to compare with published bits per dim.
        """
        return -self.log_density / (self.noise[0].numel() * math.log(2))


def rademacher(probes: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """Random signs, (probes, *like.shape), in the type of `like`: the probes with the least variance."""
    signs = torch.randint(0, 2, (probes, *like.shape), generator=generator) * 2 - 1
    return signs.to(like.device, like.dtype)


def hutchinson(probes: Tensor) -> Divergence:
    """div v = E[e . (dv/dx) e]: the mean over `probes` (k, batch, ...), one backward pass each.

    The probes stay the same along the whole way: with new ones at every call the divergence would be no
    function of x and t, and no solver could follow it (Grathwohl et al. 2019).

    Raises:
        MiniditError: no probe; and when it is called, images of another shape than the probes.
    """
    if not len(probes):
        raise MiniditError(
            "Hutchinson's estimate was given 0 probes; give at least 1, from rademacher(1, ...)."
        )

    def divergence(v: Velocity, x: Tensor, t: float, condition: Condition | Tensor | None):
        if probes.shape[1:] != x.shape:
            raise MiniditError(
                f"The probes are for images of shape {tuple(probes.shape[1:])}, and these have "
                f"{tuple(x.shape)}: make them with rademacher(probes, images, generator)."
            )
        return _traced(v, x, t, condition, ((probe, probe) for probe in probes), 1 / len(probes))

    return divergence


def exact_trace() -> Divergence:
    """div v, one backward pass for each number of an image. Raises MiniditError above 64 numbers."""

    def divergence(v: Velocity, x: Tensor, t: float, condition: Condition | Tensor | None):
        size = x[0].numel()
        if size > EXACT_UP_TO:
            raise MiniditError(
                f"An exact trace was asked for images of {size} numbers; it is meant for at most "
                f"{EXACT_UP_TO}. Use hutchinson(rademacher(...)) instead."
            )
        units = torch.eye(size, dtype=x.dtype, device=x.device).view(size, 1, *x.shape[1:])
        return _traced(v, x, t, condition, ((unit.expand_as(x),) * 2 for unit in units), 1.0)

    return divergence


def _traced(
    v: Velocity,
    x: Tensor,
    t: float,
    condition: Condition | Tensor | None,
    pairs: Iterator[tuple[Tensor, Tensor]],
    scale: float,
) -> tuple[Tensor, Tensor]:
    """v, and the sum over pairs (left, right) of left . (dv/dx) right, times scale."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        out = ask(v, x, t, condition)
        total = 0
        for left, right in pairs:
            (back,) = torch.autograd.grad(out, x, left, retain_graph=True)
            total = total + (back * right).flatten(1).sum(1)  # (batch, ...) -> (batch,)
    return out.detach(), scale * total


def log_likelihood(
    v: Velocity,
    images: Tensor,
    times: Tensor,
    divergence: Divergence,
    condition: Condition | Tensor | None = None,
) -> Likelihood:
    """The log density of images under the flow of v, by Heun's method from data to noise.

    Args:
        v: a velocity; images are taken one by one, so it must not mix the images of a batch.
        images: (batch, channels, height, width), as the network was trained on them.
        times: a grid that rises from 0 to 1, usually `times(100)`: it is walked backwards.
        divergence: `exact_trace()`, or `hutchinson(rademacher(probes, images, generator))`.
        condition: passed on to v.

    Returns:
        Densities, the noise of each image (it encodes the image), and the evaluations of v.

    Raises:
        MiniditError: a grid that falls, an exact trace of large images, or probes that do not fit.
    """
    if (times.diff() < 0).any():
        raise MiniditError(
            "A likelihood takes a grid that rises from noise to data, and walks it backwards itself: give "
            "times(100), not times(100).flip(0)."
        )
    x, change = images, images.new_zeros(len(images))
    for t, t_next in pairwise(times.flip(0).tolist()):
        dt = t_next - t
        start, div_start = divergence(v, x, t, condition)
        end, div_end = divergence(v, x + dt * start, t_next, condition)
        x, change = x + dt / 2 * (start + end), change + dt / 2 * (div_start + div_end)
    noise = x.flatten(1)  # (batch, dim)
    log_noise = -(noise.square() + math.log(2 * math.pi)).sum(1) / 2
    return Likelihood(log_noise + change, x, 2 * (len(times) - 1))
