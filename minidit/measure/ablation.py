"""What a trained network loses when its attention, or its MLP, says nothing.

A share of the update says how much a branch moves the tokens, not whether that was of use; this says the
second, of a network that was trained with the branch and did not learn to do without it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from minidit.data.images import Data
from minidit.errors import MiniditError
from minidit.flow.flow import Flow
from minidit.flow.objective import Draw, velocity_error
from minidit.measure.branches import TIMES
from minidit.measure.fixed import noise, some
from minidit.model.placement import sandwich

IMAGES = 256
PARTS = ("attention", "mlp")


@contextmanager
def silenced(network: nn.Module, part: str, blocks: Collection[int] | None = None) -> Iterator[None]:
    """`with silenced(network, "attention"): network(x, t)`: that branch adds nothing to the tokens.

    Args:
        network: a network of `build`; it is as before afterwards.
        part: "attention" or "mlp".
        blocks: numbers of blocks, from 1; all of them by default.

    Raises:
        MiniditError: another part, or a block that is not there.
    """
    if part not in PARTS:
        raise MiniditError(f"part is {part!r}; it must be one of: {', '.join(PARTS)}.")
    numbered = dict(enumerate(network.blocks, start=1))
    chosen = list(numbered if blocks is None else blocks)
    if unknown := [number for number in chosen if number not in numbered]:
        raise MiniditError(f"There is no block {unknown[0]}; the network has 1 to {len(numbered)}.")
    handles = [_last_of(numbered[number], part).register_forward_hook(_nothing) for number in chosen]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _last_of(block: nn.Module, part: str) -> nn.Module:
    """The layer whose output the gate meets: a sandwich has a norm behind the branch."""
    if block.place is sandwich:
        return {"attention": block.attention_norms[1], "mlp": block.mlp_norms[1]}[part]
    return {"attention": block.attention, "mlp": block.mlp}[part]


def _nothing(module: nn.Module, given: tuple, out: Tensor) -> Tensor:
    return torch.zeros_like(out)


@torch.no_grad()
def ablation_readout(flow: Flow, network: nn.Module, data: Data) -> dict[str, float]:
    """By how many percent the held-out velocity error grows when a branch is silent.

    256 held-out images with their labels, at t = 0.1, 0.5 and 0.9, the same noise for every network.

    Args:
        flow: how to read the network as a velocity.
        network: a network of `build`, on the device of the images.
        data: images that fit it.

    Returns:
        "attention" and "mlp": the branch silent in all blocks. "attention.block1" and so on: in one block.
    """
    whole, values = _error(flow, network, data), {}
    for part in PARTS:
        with silenced(network, part):
            values[part] = 100 * (_error(flow, network, data) / whole - 1)
        for number in range(1, len(network.blocks) + 1):
            with silenced(network, part, [number]):
                values[f"{part}.block{number}"] = 100 * (_error(flow, network, data) / whole - 1)
    return values


def _error(flow: Flow, network: nn.Module, data: Data) -> float:
    """Mean squared error of the velocity, per pixel, over the images and the three times."""
    batch, errors = some(data.held_out, IMAGES), []
    eps = noise(IMAGES, batch.x, "ablation.noise")
    for time in TIMES:
        t = torch.full((len(batch.x),), time, device=batch.x.device)
        told = torch.zeros(len(batch.x), dtype=torch.bool, device=batch.x.device)
        errors.append(velocity_error(flow, network, batch, Draw(t, eps, drop=told)))
    return torch.cat(errors).double().mean().item()
