"""The readout "norms": gradients, activations, and how far tokens are apart, block by block."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from minidit.data.images import Data
from minidit.measure.branches import rms
from minidit.measure.fixed import some
from minidit.streams import Streams
from minidit.training.loop import draw_step
from minidit.training.state import TrainState

IMAGES = 128
STREAMS = Streams(-1)  # the objective names its draws itself, so they need a seed that no run has


def norms_readout(state: TrainState, data: Data) -> dict[str, float]:
    """One step of training without the step: the same batch and draws for every state, and nothing moves.

    It reads the weights that are being trained, not their average, because stability is theirs: it has a
    meaning at any step, also at 0. What training skips (routes, stochastic depth, masks) is skipped. Blocks
    of MaskDiT's decoder have no number and are not read.

    Trap: a last layer that starts at zero (model.zero_init "head" or "both") passes nothing back, so at step
    0 the gradient of every block is exactly 0. That is no vanishing gradient: read it some steps later, or
    build with zero_init "none". With "gates" only a block's modulation has a gradient at step 0. The norm
    also grows as the batch shrinks; here it is 128 training images.

    Returns:
        "gradient.block1": the 2-norm of the gradient of the training loss in all parameters of block 1,
        before clipping; "activation.block1": root mean square of what the block returns, in-context tokens
        included; "apart.block1": the share of their mean square that differs between the tokens of an image,
        0 where all are alike, so that nothing behind can tell one from another. A block that every sample
        skips has no activation.
    """
    batch, blocks = some(data.train, IMAGES), state.model.blocks
    draw = draw_step(state.experiment, batch, STREAMS, 0)
    returned: dict[str, float] = {}
    handles = [block.register_forward_hook(_note(returned, k)) for k, block in enumerate(blocks, start=1)]
    try:
        loss = state.experiment.objective.loss(state.model, batch, draw).total
    finally:
        for handle in handles:
            handle.remove()
    own = [list(block.parameters()) for block in blocks]
    # not backward(): the gradients that training holds stay as they are
    gradients = iter(torch.autograd.grad(loss, [p for part in own for p in part], allow_unused=True))
    values = dict(returned)
    for k, part in enumerate(own, start=1):
        found = [next(gradients) for _ in part]
        values[f"gradient.block{k}"] = _norm([g for g in found if g is not None])
    return values


def _note(returned: dict[str, float], number: int) -> Callable:
    def hook(module: nn.Module, given: tuple, out: Tensor) -> None:
        returned[f"activation.block{number}"] = rms(out)
        returned[f"apart.block{number}"] = apart(out)

    return hook


def apart(x: Tensor) -> float:
    """x (batch, tokens, dim): the mean square of what differs from the image's mean token, over x's own."""
    differing = x - x.mean(1, keepdim=True)  # (batch, tokens, dim)
    return (rms(differing) / rms(x)) ** 2 if x.any() else 0.0


def _norm(tensors: list[Tensor]) -> float:
    """The 2-norm of all values of all tensors; 0 where there is none."""
    return math.hypot(*(torch.linalg.vector_norm(tensor.float()).item() for tensor in tensors))
