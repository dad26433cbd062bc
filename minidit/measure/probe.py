"""Linear probes: what a network knows, block by block, by what a straight line can read from its features."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from minidit.data.images import Data, Images
from minidit.data.shapes import Factors
from minidit.errors import MiniditError
from minidit.flow.flow import Flow
from minidit.measure.fixed import noise, spread
from minidit.streams import generator
from minidit.types import Condition

TIME = 0.5  # halfway from noise to data
FIT = 2048  # training images that probes are fitted on
FEWEST = 100  # with fewer some shape or colour may be missing
PIECE = 64  # images at once
RIDGE = 1.0  # the penalty on the squared weights, beside a sum over images of squared errors
CLASSES, NUMBERS = ("shape", "colour"), ("x", "y", "radius")

Array = NDArray[np.float64]


def probe_readout(
    flow: Flow, network: nn.Module, data: Data, factors: tuple[Factors, Factors]
) -> dict[str, float]:
    """Read the known factors from every block's output, by probes that are linear (Alain and Bengio 2016).

    The network sees images at t = 0.5 with the null label, so that it cannot pass on what it was told. A
    block's features are the mean over the image's tokens. Probes are fitted on 2048 training images, or
    all of fewer, and scored on all held-out images.

    Args:
        flow: the path on which the network was trained.
        network: a network of `build`, on the device of the images.
        data: images of one object each.
        factors: those of data.train and data.held_out.

    Returns:
        "shape.block1", "colour.block1": accuracy (chance is 1/4 and 1/6); "x.block1", "y.block1",
        "radius.block1": R^2 (chance is 0, or a little less); "control.block1": accuracy for
        shuffled colours, fitted and scored, which is chance, or there is a fault. So for every block.

    Raises:
        MiniditError: factors that are not those of the images, or images of two objects; fewer than 100
            training images.
    """
    if len(data.train) < FEWEST:
        raise MiniditError(
            f"A probe is fitted on training images, and there are {len(data.train)}: take a data.count of "
            f"at least {FEWEST}."
        )
    for images, known in zip(data, factors, strict=True):
        _check(images, known)
    places = spread(len(data.train), FIT)
    sets = (data.train, places), (data.held_out, torch.arange(len(data.held_out)))
    fit, test = (_features(flow, network, *one, f"probe.noise.{k}") for k, one in enumerate(sets))
    known, true = factors[0].at(places), factors[1]
    # both are shuffled: where classes lie in heaps, one shuffle alone is right about a whole heap or wrong
    order = generator(0, "probe.control")
    shuffled, control = (c[torch.randperm(len(c), generator=order)] for c in (known.colour, true.colour))
    values = {}
    for block in fit:
        seen, unseen = standardised(fit[block], test[block])
        for name in CLASSES:
            values[f"{name}.block{block}"] = accuracy(seen, getattr(known, name), unseen, getattr(true, name))
        for name in NUMBERS:
            values[f"{name}.block{block}"] = r_squared(
                seen, getattr(known, name), unseen, getattr(true, name)
            )
        values[f"control.block{block}"] = accuracy(seen, shuffled, unseen, control)
    return values


def _check(images: Images, factors: Factors) -> None:
    if factors.shape.shape[1] != 1:
        raise MiniditError(
            "A probe asks for the shape at a place, and these images hold two objects: nothing says which of "
            "the two is meant. Use data.objects=1."
        )
    if not torch.equal(images.labels.cpu(), factors.labels):
        raise MiniditError(
            f"The factors of {len(factors)} images are not those of the {len(images)} given: their classes "
            "differ. Give whole sets as `load` brings them, with `factors` of the same DataConfig."
        )


@torch.no_grad()
def _features(flow: Flow, network: nn.Module, images: Images, places: Tensor, name: str) -> dict[int, Tensor]:
    """{block: (images, dim)} of the images at `places` (n,), in float64 on the CPU."""
    blocks = range(1, network.config.depth + 1)
    x = images.x[places.to(images.x.device)]
    eps, parts = noise(len(x), x, name), {block: [] for block in blocks}
    for clean, drawn in zip(x.split(PIECE), eps.split(PIECE), strict=True):
        t = torch.full((len(clean),), TIME, device=x.device)
        _, features = network(flow.interpolate(clean, drawn, t), t, Condition(), keep=blocks)
        for block in blocks:
            parts[block].append(features[block].mean(1).cpu().double())  # (b, n, dim) -> (b, dim)
    return {block: torch.cat(part) for block, part in parts.items()}


def standardised(fit: Tensor, test: Tensor) -> tuple[Array, Array]:
    """Features (n, dim) and (m, dim), shifted and scaled so that those of `fit` have mean 0 and size 1."""
    mean, size = fit.mean(0), fit.std(0)
    return tuple(((x - mean) / size.clamp(min=1e-12)).double().numpy() for x in (fit, test))


def accuracy(fit: Array, classes: Tensor, test: Array, true: Tensor) -> float:
    """Share of `test` (m, dim) read as `true` (m, 1), by a logistic regression on `fit` (n, dim)."""
    from sklearn.linear_model import LogisticRegression

    probe = LogisticRegression(C=1 / RIDGE, max_iter=1000).fit(fit, classes.flatten().numpy())
    return float(probe.score(test, true.flatten().numpy()))


def r_squared(fit: Array, values: Tensor, test: Array, true: Tensor) -> float:
    """The share of the variance of `true` (m, 1) that a ridge regression on `fit` (n, dim) explains."""
    from sklearn.linear_model import Ridge

    probe = Ridge(alpha=RIDGE).fit(fit, values.double().flatten().numpy())
    return float(probe.score(test, true.double().flatten().numpy()))
