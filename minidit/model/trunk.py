"""Through the blocks, one after the other; in training, with keys, some tokens or samples skip some."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.model.block import Block, Given, skip_samples
from minidit.model.config import ModelConfig
from minidit.model.route import after, lowest, parse_routes, put, take
from minidit.streams import Streams
from minidit.types import Keys


def run_blocks(
    blocks: Sequence[Block] | nn.ModuleList,
    x: Tensor,
    given: Given,
    config: ModelConfig,
    keys: Keys,
    keep: Collection[int] = (),
    first: int = 1,
) -> tuple[Tensor, dict[int, Tensor]]:
    """Run `blocks`, of which the first has the number `first`, on x (batch, prefix + tokens, dim).

    Returns the tokens behind the last block, and {block number: image tokens} for each number in `keep`.
    """
    prefix, features = x.shape[1] - config.tokens, {}
    routes = () if keys.route is None else parse_routes(config.route, config.depth)
    whole, places, full = x, None, given
    for number, block in enumerate(blocks, start=first):
        for which, route in enumerate(routes):
            if number == route.start:
                places = after(prefix, lowest(keys.route[:, which], route.kept(config.tokens)))
                whole, x, given = x, take(x, places), full.at(places)
        if keys.depth is None:
            x = block(x, given)
        else:
            rate = config.stochastic_depth * number / config.depth  # grows from block to block
            x = skip_samples(block, x, given, keys.depth[:, number - 1], rate)
        if any(number == route.end for route in routes):
            x, given = put(whole, places, x), full
        if number in keep:
            features[number] = x[:, prefix:]
    return x, features


def rerouted(model: nn.Module, route: str) -> nn.Module:
    """The same weights on another route, such as "3-9@0.7": a weaker model, for guidance by routing.

    Nothing is copied: a change of one network's weights is a change of the other's.

    Raises:
        MiniditError: the route cannot be read, or does not fit; or the model is wrapped (compiled, averaged).
    """
    if "config" not in vars(model):  # a wrapper would hand the new settings to the network inside
        raise MiniditError(
            f"A {type(model).__name__} wraps a network: reroute the network itself, and wrap it again."
        )
    other = copy(model)
    other.config = replace(model.config, route=route)
    return other


def draw_keys(config: ModelConfig, batch: int, streams: Streams, step: int) -> Keys:
    """The random keys that a training step of this network needs, uniform in [0, 1), on the CPU.

    Returns:
        Keys with route (batch, routes, tokens), depth (batch, depth) and mask (batch, tokens), each None
        where the network drops nothing that way. Equal arguments give equal keys.
    """
    routes = len(parse_routes(config.route, config.depth))
    shapes = {
        "route": (batch, routes, config.tokens) if routes else None,
        "depth": (batch, config.depth) if config.stochastic_depth else None,
        "mask": (batch, config.tokens) if config.mask else None,
    }
    drawn = {
        name: None if shape is None else torch.rand(shape, generator=streams(name, step), device="cpu")
        for name, shape in shapes.items()
    }
    return Keys(**drawn)
