"""How a step's loss and gradient are computed: in which precision, compiled, in pieces, on several processes.

What is computed is the experiment's; a run may go on with another engine. Only the precision decides numbers
beyond rounding, so it is a setting of the experiment.
"""

import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from minidit.errors import MiniditError
from minidit.flow.flow import Network
from minidit.flow.objective import Draw
from minidit.training.experiment import Experiment
from minidit.training.shards import is_sharded
from minidit.training.state import TrainState
from minidit.training.world import world
from minidit.types import Batch

NOT_COMPILED = "Steps are not compiled here"  # how the warning begins
Parts = TypeVar("Parts", bound=NamedTuple)


def in_precision(network: Network, precision: str) -> Network:
    """`network` with its matrix products in bfloat16, where the precision is "bf16"; it answers in float32.

    Weights, norms, loss, gradients and the optimiser stay float32 (Micikevicius et al. 2018, "Mixed precision
    training"; bfloat16 has float32's range, so the loss is not scaled).
    """
    if precision == "fp32":
        return network

    def answer(x: Tensor, t: Tensor, condition: object = None, **options: object) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return network(x, t, condition, **options).float()

    return answer


class StepLoss(nn.Module):
    """The loss of a batch as a module: what is compiled, and what DistributedDataParallel wraps."""

    def __init__(self, model: nn.Module, experiment: Experiment):
        super().__init__()
        self.model, self.experiment = model, experiment

    def forward(self, batch: Batch, draw: Draw) -> Tensor:
        """The scalar to descend."""
        network = in_precision(self.model, self.experiment.training.precision)
        return self.experiment.objective.loss(network, batch, draw).total


class Engine:
    """Computes the loss of a global batch and leaves its gradient in the parameters of `state.model`.

    One call is one optimisation step's worth: it may take several passes, on several processes. The loss
    that it returns is that of the whole batch, on every process.
    """

    def __init__(
        self, state: TrainState, *, compiled: bool = False, micro_batch: int = 0, recompute: bool = False
    ):
        """Make ready.

        Args:
            state: the run; where it is to be sharded over processes, it is already.
            compiled: compile the loss, forward and backward, to one graph (each block, where the run is
                sharded); where that cannot be, a warning says so and the steps are computed without.
            micro_batch: images that pass through the network at once on each process; 0 means its share.
            recompute: keep only what enters each block, and compute the rest again for the gradient.

        Raises:
            MiniditError: a loss that compares the images of a batch, which is to be divided; or a batch
                that cannot be divided so.
        """
        self.world, experiment = world(), state.experiment
        share = self.world.share(experiment.training.batch_size)
        self.micro_batch = micro_batch or share.stop - share.start
        _refuse_division(experiment, self.micro_batch)
        if recompute:
            _recompute_blocks(state.model)
        self.loss: nn.Module = StepLoss(state.model, experiment)
        for module in _to_compile(self.loss) if compiled else ():
            module.forward = one_graph(module.forward)
        if self.world.size > 1 and not is_sharded(state.model):
            # a block of stochastic depth may see none of a process's images
            idle = experiment.model.stochastic_depth > 0
            self.loss = DistributedDataParallel(self.loss, find_unused_parameters=idle)

    def __call__(self, batch: Batch, draw: Draw) -> Tensor:
        """The loss of the global batch (a scalar), and its gradient added to every parameter's."""
        share = self.world.share(len(batch.x))
        total = torch.zeros((), device=batch.x.device)
        for start in range(share.start, share.stop, self.micro_batch):
            piece = slice(start, min(start + self.micro_batch, share.stop))
            # processes take the mean of their gradients, pieces add theirs up
            weight = (piece.stop - piece.start) * self.world.size / len(batch.x)
            with nullcontext() if piece.stop == share.stop else self._alone():
                loss = weight * self.loss(part(batch, piece), part(draw, piece))
                loss.backward()
            total += loss.detach()
        return self.world.mean(total)

    def _alone(self) -> AbstractContextManager:
        """Gradients that processes need not exchange yet."""
        return self.loss.no_sync() if isinstance(self.loss, DistributedDataParallel) else nullcontext()


def part(whole: Parts, piece: slice) -> Parts:
    """A slice along the batch of every tensor in a Batch, a Draw, or what they hold."""

    def cut(value: object) -> object:
        return part(value, piece) if isinstance(value, tuple) else None if value is None else value[piece]

    return type(whole)(*(cut(value) for value in whole))


def one_graph(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`function` compiled to one graph; if the first call shows that it cannot be, a warning, and itself."""
    compiled, found = torch.compile(function, fullgraph=True, dynamic=False), []

    def call(*given: object) -> Tensor:
        if not found:
            try:
                answer = compiled(*given)
            except MiniditError:
                raise
            except Exception as error:  # whatever a compiler may say: without it the step still runs
                first = str(error).strip().splitlines()[0]
                warnings.warn(f"{NOT_COMPILED}, and run as they are: {first}", stacklevel=2)
                found.append(function)
                return function(*given)
            found.append(compiled)
            return answer
        return found[0](*given)

    return call


def _to_compile(loss: StepLoss) -> Iterable[nn.Module]:
    """The whole loss; in a sharded network, whose blocks gather their weights as they run, the blocks."""
    return loss.model.blocks if is_sharded(loss.model) else [loss]


def _recompute_blocks(model: nn.Module) -> None:
    for block in model.blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def _refuse_division(experiment: Experiment, at_once: int) -> None:
    if at_once < 1:
        raise MiniditError(f"micro_batch is {at_once}; it must be at least 1, or 0 for the whole batch.")
    terms = getattr(experiment.objective, "terms", "")
    if at_once < experiment.training.batch_size and "contrastive" in terms:
        raise MiniditError(
            "The contrastive term compares the images of a batch with each other, so the batch cannot be "
            "divided: leave out micro_batch and use one process, or leave out the term."
        )
