"""TREAD: in training, some tokens skip a span of blocks (Krause et al. 2025, arXiv 2501.04765).

Nothing is learned and nothing is thrown away: the tokens that skip come back, unchanged, behind the span.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from minidit.errors import MiniditError


@dataclass(frozen=True)
class Route:
    """Blocks `start` to `end`, counted from 1 and both included, run without a share `skip` of the tokens."""

    start: int
    end: int
    skip: float

    def kept(self, tokens: int) -> int:
        """How many of `tokens` tokens run the blocks; the rounding is the paper's code's."""
        return tokens - int(tokens * self.skip)


def parse_routes(text: str, depth: int) -> tuple[Route, ...]:
    """Read "none", "tread" or "3-9@0.5,11-12@0.25" (blocks counted from 1, share that skips).

    "tread" is the published rule: half the tokens skip blocks 3 to depth - 3, which is 2 to L - 4 counted
    from 0.

    Raises:
        MiniditError: the text cannot be read, or its routes do not fit a network of `depth` blocks.
    """
    if text == "none":
        return ()
    if text == "tread":
        if depth < 6:
            raise MiniditError(
                f"model.route tread skips blocks 3 to depth - 3, and depth is {depth}: take a depth of 6 or "
                'more, or name the blocks, such as "2-3@0.5".'
            )
        return (Route(3, depth - 3, 0.5),)
    found = [re.fullmatch(r"\s*(\d+)-(\d+)@(\d*\.?\d+)\s*", part) for part in text.split(",")]
    if not all(found):
        raise MiniditError(
            f'model.route is {text!r}; write none, tread, or blocks and the share that skips: "3-9@0.5".'
        )
    routes = tuple(Route(int(m[1]), int(m[2]), float(m[3])) for m in found)
    _check(routes, depth)
    return routes


def _check(routes: tuple[Route, ...], depth: int) -> None:
    for route in routes:
        if not 1 <= route.start <= route.end <= depth:
            raise MiniditError(
                f"model.route names blocks {route.start} to {route.end}; there are blocks 1 to {depth}."
            )
        if not 0 < route.skip < 1:
            raise MiniditError(f"model.route lets a share of {route.skip} skip; it must lie between 0 and 1.")
    for one, two in pairwise(routes):
        if two.start <= one.end:
            raise MiniditError(
                f"model.route {two.start}-{two.end} begins before {one.start}-{one.end} has ended: give "
                "routes in order, each beginning after the block at which the one before it ends."
            )


def lowest(keys: Tensor, count: int) -> Tensor:
    """Of each row of random keys (batch, n), the places of the `count` lowest: (batch, count), sorted.

    With uniform keys every subset is equally likely. Sorted, so that memory is read in order.
    """
    return keys.argsort(dim=-1)[:, :count].sort(dim=-1).values


def take(x: Tensor, places: Tensor) -> Tensor:
    """The tokens at `places`: x (batch, n, dim), places (batch, k) -> (batch, k, dim)."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))


def put(x: Tensor, places: Tensor, tokens: Tensor) -> Tensor:
    """x with `tokens` (batch, k, dim) at `places` (batch, k); every other token is x's, bit for bit."""
    return x.scatter(1, places[..., None].expand(-1, -1, x.shape[-1]), tokens.to(x.dtype))


def after(prefix: int, places: Tensor) -> Tensor:
    """Places among image tokens -> places in a sequence that begins with `prefix` other tokens, all kept."""
    first = torch.arange(prefix, device=places.device).expand(len(places), -1)  # (batch, prefix)
    return torch.cat([first, places + prefix], dim=1)
