"""Guidance: walk past a good velocity, away from a worse one: u + w (c - u).

Classifier-free guidance takes the unconditional velocity for the worse one, autoguidance a weaker model,
and guidance by routing the same model with more of its tokens left out.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.flow import Velocity
from minidit.types import Condition, Keys


def _check(w: float, interval: tuple[float, float]) -> None:
    low, high = interval
    if not 0 <= w < float("inf"):  # so that nan is refused too
        raise MiniditError(
            f"Guidance w is {w}; it must be 0 or more, and finite (1 is no guidance, 2 is a usual value)."
        )
    if not low < high:
        raise MiniditError(f"The guidance interval {interval} is empty; give (from, to) with from < to.")


def _inside(t: Tensor, interval: tuple[float, float]) -> bool:
    # rounded as t is: 0.7 in float32 is a little less than 0.7; and 3 * 0.1 is a little more than 0.3
    start, end = torch.tensor(interval, dtype=t.dtype).tolist()
    slack = min(4 * torch.finfo(t.dtype).eps, 1e-6)
    return start - slack <= float(t[0]) <= end + slack


def _first(channels: int, mixed: Tensor, plain: Tensor) -> Tensor:
    """The first so many channels of `mixed`, and the others of `plain`; both (batch, C, ...)."""
    if channels >= mixed.shape[1]:
        return mixed  # nothing is put together, and nothing copied
    return torch.cat([mixed[:, :channels], plain[:, channels:]], dim=1)


def guide(
    v: Velocity, w: float, interval: tuple[float, float] = (0.0, 1.0), channels: int | None = None
) -> Velocity:
    """The guided velocity u + w (c - u), c conditional and u unconditional (Ho and Salimans 2022).

    Args:
        v: a velocity, or a network of one's own prediction, that honours `Condition.drop`.
        w: 1 is the conditional velocity, 0 the unconditional one, above 1 exaggerates the condition.
        interval: guide only while interval[0] <= t <= interval[1] (Kynkaanniemi et al. 2024);
            elsewhere the conditional velocity is used. 0 is noise, 1 is data.
        channels: guide the first so many channels, and leave the others conditional. By default as many as
            the images have: a learned variance stays conditional. 3 is what DiT, SiT and LightningDiT
            publish for 4 and 32 channels (w on 3 of 4 is much like 1 + 3 (w - 1) / 4 on all).

    Returns:
        A velocity. Guiding costs one evaluation of twice the batch; w = 1, and times outside the
        interval, cost a plain evaluation. The times of a batch must be equal.

    Raises:
        MiniditError: w is negative or not finite, the interval is empty, or channels is less than 1.
    """
    _check(w, interval)
    if channels is not None and channels < 1:
        raise MiniditError(f"channels is {channels}; guide at least 1 channel, or leave it out to guide all.")

    def guided(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        if w == 1 or not _inside(t, interval):
            return v(x, t, condition)
        both = Condition.of(condition).beside_null(len(x), x.device)
        # (2b, c, h, w) -> conditional (b, c, h, w), unconditional (b, c, h, w)
        conditional, unconditional = v(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2)
        mixed = unconditional + w * (conditional - unconditional)
        return _first(x.shape[1] if channels is None else channels, mixed, conditional)

    return guided


def autoguide(
    strong: Velocity, weak: Velocity, w: float, interval: tuple[float, float] = (0.0, 1.0)
) -> Velocity:
    """The guided velocity weak + w (strong - weak), both told the condition (Karras et al. 2024).

    weak may be a smaller or less trained model, or the same model with more tokens left out (`routed`):
    that is guidance by routing ("Guiding Token-Sparse Diffusion Models", 2026; sparse guidance), where the
    strong route drops fewer tokens than the weak one. Two evaluations; w = 1, and times outside the
    interval, evaluate the strong one only. The channels of the images are guided, and a learned variance is
    the strong one's. Arguments and errors as in `guide`.
    """
    _check(w, interval)

    def guided(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        good = strong(x, t, condition)
        if w == 1 or not _inside(t, interval):
            return good
        bad = weak(x, t, condition)
        return _first(x.shape[1], bad + w * (good - bad), good)

    return guided


def routed(v: Velocity, draw: Callable[[int], Keys]) -> Velocity:
    """The velocity of a network that leaves tokens out, which ones being drawn anew at each time.

    The keys of a time are named by it, in millionths, so that a continued run leaves out the same tokens.

    Args:
        v: a velocity that takes keys, from `Flow.velocity`.
        draw: draw(step) are the keys of the whole batch from a stateless stream, such as
            `lambda step: draw_keys(config, len(noise), streams, step)`.
    """

    def velocity(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        keys = draw(round(1e6 * float(t[0])))
        return v(x, t, condition, keys=Keys(*(None if key is None else key.to(x.device) for key in keys)))

    return velocity
