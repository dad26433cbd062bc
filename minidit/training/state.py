"""All that a run is at one moment: enough to continue it exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel

from minidit.errors import MiniditError
from minidit.model.build import build
from minidit.training.checkpoint import NAME, Checkpoint, read_checkpoint, write_checkpoint
from minidit.training.config import TrainingConfig
from minidit.training.experiment import Experiment, differences
from minidit.training.schedule import ema


@dataclass
class TrainState:
    """A run: what is trained, how far it is, and the optimiser's memory.

    step counts finished steps. There is no random state: every draw is named by (seed, name, step).
    """

    experiment: Experiment
    seed: int
    step: int
    model: nn.Module
    ema: AveragedModel
    optimizer: Optimizer

    @classmethod
    def create(
        cls, experiment: Experiment, seed: int = 0, device: str = "cpu", init_seed: int | None = None
    ) -> "TrainState":
        """A run at step 0; another `init_seed` starts from other weights and sees the same draws.

        Raises:
            MiniditError: the network cannot be built.
        """
        config = experiment.training
        model = build(experiment.model, seed=seed if init_seed is None else init_seed, device=device)
        return cls(experiment, seed, 0, model, ema(model, config.ema_decay), adamw(model, config))

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> "TrainState":
        """The run saved in `folder`. Raises MiniditError when there is none, or it cannot be read."""
        saved = read_checkpoint(Path(folder))
        state = cls.create(Experiment.from_dict(saved.experiment), saved.seed, device)
        state.step = saved.step
        try:
            state.model.load_state_dict(saved.group("model"))
            state.ema.load_state_dict(saved.group("ema"))
            restore(state.optimizer, state.model, saved.group("optimizer"))
        except (RuntimeError, KeyError) as error:
            raise MiniditError(
                f"The checkpoint in {folder} names an experiment, but its tensors do not fit that network. "
                "Nothing was changed; choose another --out and train again."
            ) from error
        return state

    def save(self, folder: str | Path) -> Path:
        """Write the run to `folder`, whole or not at all. Raises MiniditError when the disk refuses."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        tensors |= {f"optimizer.{name}": value for name, value in memory(self.optimizer, self.model)}
        checkpoint = Checkpoint(self.experiment.to_dict(), self.seed, self.step, tensors)
        return write_checkpoint(Path(folder), checkpoint)

    @property
    def finished(self) -> bool:
        """Whether all steps of the experiment are done."""
        return self.step >= self.experiment.training.steps


def refuse_another(folder: Path, experiment: Experiment, seed: int) -> None:
    """Raise MiniditError where `folder` holds a run with other settings or another seed."""
    if not (folder / NAME).is_file():
        return
    saved = read_checkpoint(folder)
    differing = differences(experiment, type(experiment).from_dict(saved.experiment))
    if seed != saved.seed:
        differing.append(f"seed: {seed} here, {saved.seed} there")
    if differing:
        raise MiniditError(
            f"{folder} holds another run, and it was left as it is. They differ in {'; '.join(differing)}. "
            "Choose another folder, or give the settings of that run."
        )


def adamw(model: nn.Module, config: TrainingConfig) -> AdamW:
    """The optimiser of every network of the book."""
    return AdamW(
        model.parameters(),
        lr=config.lr,
        betas=(0.9, config.beta2),
        weight_decay=config.weight_decay,
        fused=True,  # one pass over all parameters: at the book's sizes overhead rules
    )


def memory(optimizer: Optimizer, model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """What AdamW remembers of each parameter, by the parameter's name and its own."""
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state[parameter].items():
            yield f"{name}.{key}", value


def restore(optimizer: Optimizer, model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Give AdamW back what `memory` said."""
    keys = ("step", "exp_avg", "exp_avg_sq") if tensors else ()  # at step 0 there is no memory yet
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {key: tensors[f"{name}.{key}"].to(parameter.device) for key in keys}
