"""One step of training: no chance in it, no input or output."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from minidit.flow.objective import Draw
from minidit.training.engine import in_precision
from minidit.training.schedule import learning_rate
from minidit.training.shards import complete
from minidit.training.state import TrainState
from minidit.types import Batch

# computes a batch's loss, and leaves its gradient in the parameters
Descent = Callable[[Batch, Draw], Tensor]


class StepResult(NamedTuple):
    """Scalars: the loss before the update, and the norm of its gradient before clipping."""

    loss: Tensor
    gradient_norm: Tensor


def train_step(state: TrainState, batch: Batch, draw: Draw, engine: Descent | None = None) -> StepResult:
    """Descend once: loss, gradient, clip, AdamW, averaged weights. `state` moves on by one step.

    engine: what computes loss and gradient where that is to be compiled, in pieces, or on several
        processes: an `Engine`. Without it one pass does it, below.
    """
    config, model = state.experiment.training, state.model
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, state.step)
    state.optimizer.zero_grad()
    if engine is not None:
        loss = engine(batch, draw)
    else:
        network = in_precision(model, config.precision)
        loss = state.experiment.objective.loss(network, batch, draw).total
        loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    state.optimizer.step()
    state.ema.update_parameters(model)
    state.step += 1
    return StepResult(loss.detach(), complete(norm))
