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
from minidit.training.shards import like, shard


@dataclass
class TrainState:
    """A run: what is trained, how far it is, and the optimiser's memory.

    step counts finished steps. There is no random state: every draw is named by (seed, name, step + skipped),
    where `skipped` counts draws that were passed over, see `recovery`.
    """

    experiment: Experiment
    seed: int
    step: int
    model: nn.Module
    ema: AveragedModel
    optimizer: Optimizer
    skipped: int = 0

    @classmethod
    def create(
        cls,
        experiment: Experiment,
        seed: int = 0,
        device: str = "cpu",
        init_seed: int | None = None,
        sharded: bool = False,
    ) -> "TrainState":
        """A run at step 0; another `init_seed` starts from other weights and sees the same draws.

        sharded: divide what is trained over all processes, see `shards`.

        Raises:
            MiniditError: the network cannot be built, or there are no processes to divide it over.
        """
        config = experiment.training
        model = build(experiment.model, seed=seed if init_seed is None else init_seed, device=device)
        averaged = ema(model, config.ema_decay)
        if sharded:
            shard(model, averaged.module)
        return cls(experiment, seed, 0, model, averaged, adamw(model, config))

    @classmethod
    def load(
        cls, folder: str | Path, device: str = "cpu", sharded: bool = False, step: int | None = None
    ) -> "TrainState":
        """The run saved in `folder`, at its latest checkpoint or the one that was kept of `step`.

        Raises:
            MiniditError: there is none, or it cannot be read.
        """
        saved = read_checkpoint(Path(folder), step)
        state = cls.create(Experiment.from_dict(saved.experiment), saved.seed, device, sharded=sharded)
        state.go_to(saved, folder)
        return state

    def go_to(self, saved: Checkpoint, folder: str | Path) -> None:
        """Become what was saved in `folder`, in place. Raises MiniditError where its tensors do not fit."""
        try:
            for name, network in (("model", self.model), ("ema", self.ema)):
                held = network.state_dict()
                given = {key: like(value, held[key]) for key, value in saved.group(name).items()}
                network.load_state_dict(given)
            restore(self.optimizer, self.model, saved.group("optimizer"))
        except (RuntimeError, KeyError) as error:
            raise MiniditError(
                f"The checkpoint in {folder} names an experiment, but its tensors do not fit that network. "
                "Nothing was changed; choose another --out and train again."
            ) from error
        self.step, self.skipped = saved.step, saved.skipped

    def save(self, folder: str | Path, keep: int = 1) -> Path:
        """Write the run to `folder`, whole or not at all; all processes of a run call it.

        keep: checkpoints that stay, this one among them.

        Raises:
            MiniditError: the disk refuses.
        """
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        tensors |= {f"optimizer.{name}": value for name, value in memory(self.optimizer, self.model)}
        checkpoint = Checkpoint(self.experiment.to_dict(), self.seed, self.step, tensors, self.skipped)
        return write_checkpoint(Path(folder), checkpoint, keep)

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
    for name, parameter in model.named_parameters():
        if not tensors:  # at step 0 there is no memory yet
            optimizer.state[parameter] = {}
            continue
        moments = {key: like(tensors[f"{name}.{key}"], parameter) for key in ("exp_avg", "exp_avg_sq")}
        optimizer.state[parameter] = {"step": tensors[f"{name}.step"].to(parameter.device), **moments}
