"""What attention and the MLP add to the residual stream: gates, branches, and their shares of the update.

A gate alone says little: a small gate on a large branch moves more than a large gate on a small one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from minidit.data.images import Data
from minidit.flow.flow import Flow
from minidit.measure.fixed import noise, some
from minidit.model.block import Block
from minidit.model.modulation import shrunk
from minidit.model.placement import sandwich

TIMES = (0.1, 0.5, 0.9)
IMAGES = 128


class Branch(NamedTuple):
    """Root mean squares over images, image tokens and channels.

    gate: 1 where there is none; a residual scale is part of it. branch: what is gated, behind a sandwich's
    second norm. update: gate times branch, which is added to the tokens (before post-norm's norm). The update
    is not the product of the other two sizes: a channel's gate meets its own channel of the branch.
    """

    gate: float
    branch: float
    update: float


@contextmanager
def watch_branches(network: nn.Module) -> Iterator[dict[int, dict[str, Branch]]]:
    """`with watch_branches(network) as seen: network(x, t)`; the output is the same to the last bit.

    Yields a dictionary that fills as the network runs: block number, from 1, -> {"attention", "mlp", and
    "cross" where there is cross-attention: Branch}, of the latest pass. Call it without keys: tokens that
    skip a block have no update there. Blocks of MaskDiT's decoder have no number and are not watched.
    """
    seen: dict[int, dict[str, Branch]] = {}
    handles = []
    for number, block in enumerate(network.blocks, start=1):
        handles += _watch(block, network.config.tokens, seen, number)
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _watch(block: Block, tokens: int, seen: dict[int, dict[str, Branch]], number: int) -> list:
    """Hooks on one block that note what its parts return, and what it comes to when the block is done."""
    last = block.place is sandwich  # there a norm stands between branch and gate
    parts = {
        "gates": block.modulation,
        "attention": block.attention_norms[1] if last else block.attention,
        "cross": block.cross,
        "mlp": block.mlp_norms[1] if last else block.mlp,
    }
    got: dict[str, Tensor] = {}

    def note(name: str) -> Callable:
        def hook(module: nn.Module, given: tuple, out: Tensor) -> None:
            got[name] = out

        return hook

    def finish(module: nn.Module, given: tuple, out: Tensor) -> None:
        slots = block.slots(got.pop("gates", ()))
        cross = shrunk(None, block.residual_scale)
        gates = {"attention": slots[0][-1], "cross": cross, "mlp": slots[1][-1]}
        seen[number] = {name: _branch(gates[name], y[:, -tokens:]) for name, y in got.items()}
        got.clear()

    handles = [part.register_forward_hook(note(name)) for name, part in parts.items() if part is not None]
    return [*handles, block.register_forward_hook(finish)]


def _branch(gate: Tensor | float | None, y: Tensor) -> Branch:
    """gate (batch, 1 or tokens, dim) or (dim,), a number, or None; y (batch, tokens, dim)."""
    if gate is None or isinstance(gate, float):
        size = 1.0 if gate is None else gate
        return Branch(size, rms(y), size * rms(y))
    return Branch(rms(gate), rms(y), rms(gate * y))


def rms(x: Tensor) -> float:
    """The root mean square of all values."""
    return x.detach().float().square().mean().sqrt().item()


@torch.no_grad()
def branches_readout(flow: Flow, network: nn.Module, data: Data) -> dict[str, float]:
    """Watch the branches on 128 held-out images with their labels, at three times and with the same noise.

    Args:
        flow: the path on which the network was trained.
        network: a network of `build`, on the device of the images.
        data: images that fit it.

    Returns:
        For every block and t of 0.1, 0.5, 0.9, such as block1.t0.5: "gate.attention.block1.t0.5", with
        branch and update in place of gate, and mlp (and cross, where there is cross-attention) in place of
        attention; and "attention_share.block1.t0.5" = update of attention / (update of attention + update
        of the MLP). The MLP's share is the rest. Where both updates are 0, as at the start of adaLN-Zero,
        there is no share, and its key is missing. "attention_share": the mean of all shares.
    """
    batch, values = some(data.held_out, IMAGES), {}
    eps = noise(IMAGES, batch.x, "branches.noise")
    for time in TIMES:
        t = torch.full((len(batch.x),), time, device=batch.x.device)
        with watch_branches(network) as seen:
            network(flow.interpolate(batch.x, eps, t), t, batch.condition)
        for number, branches in seen.items():
            at = f"block{number}.t{time}"
            both = branches["attention"].update + branches["mlp"].update
            if both > 0:
                values[f"attention_share.{at}"] = branches["attention"].update / both
            for name, branch in branches.items():
                values |= {f"{size}.{name}.{at}": value for size, value in branch._asdict().items()}
    shares = [value for key, value in values.items() if key.startswith("attention_share.")]
    return values | ({"attention_share": sum(shares) / len(shares)} if shares else {})
