"""One step of training: no chance in it, no input or output."""

from typing import NamedTuple

from torch import Tensor, nn

from minidit.flow.flow import Network
from minidit.flow.objective import Draw
from minidit.training.schedule import learning_rate
from minidit.training.state import TrainState
from minidit.types import Batch


class StepResult(NamedTuple):
    """Scalars: the loss before the update, and the norm of its gradient before clipping."""

    loss: Tensor
    gradient_norm: Tensor


def train_step(state: TrainState, batch: Batch, draw: Draw, network: Network | None = None) -> StepResult:
    """Descend once: loss, gradient, clip, AdamW, averaged weights. `state` moves on by one step.

    network: what is asked in place of state.model, with the same weights: see `fast`.
    """
    config, model = state.experiment.training, state.model
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(config, state.step)
    loss = state.experiment.objective.loss(network or model, batch, draw).total
    state.optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    state.optimizer.step()
    state.ema.update_parameters(model)
    state.step += 1
    return StepResult(loss.detach(), norm)
