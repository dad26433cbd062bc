"""An autoencoder of our own in training: what decides it, and where it stands."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from minidit.data.source import DataConfig
from minidit.errors import MiniditError
from minidit.latent.critic import PatchCritic
from minidit.latent.loss import LossConfig
from minidit.latent.vae import VAE, VAEConfig
from minidit.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from minidit.training.config import TrainingConfig
from minidit.training.settings import merge, nest
from minidit.training.state import adamw, memory, restore


@dataclass(frozen=True)
class AutoencoderExperiment:
    """Everything that decides an autoencoder, besides its seed: it is stored in its checkpoint."""

    vae: VAEConfig = field(default_factory=VAEConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries of plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "AutoencoderExperiment":
        """The inverse of `to_dict`. Raises MiniditError for settings that this version does not know."""
        return merge(cls(), values)

    def override(self, changes: dict[str, Any]) -> "AutoencoderExperiment":
        """Another one: `override({"vae.factor": 8})`; raises as `Experiment.override` does."""
        return merge(self, nest(changes))


@dataclass
class AutoencoderState:
    """An autoencoder in training; critic and critic_optimizer only where the loss asks one."""

    experiment: AutoencoderExperiment
    seed: int
    step: int
    vae: VAE
    optimizer: Optimizer
    critic: PatchCritic | None
    critic_optimizer: Optimizer | None

    @classmethod
    def create(
        cls, experiment: AutoencoderExperiment, seed: int = 0, device: str = "cpu"
    ) -> "AutoencoderState":
        """An autoencoder at step 0; `seed` names its weights and the order of the images."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            vae = VAE(experiment.vae)
            critic = PatchCritic(experiment.vae.image_channels) if experiment.loss.adversarial else None
        vae, config = vae.to(device), experiment.training
        if critic is None:
            return cls(experiment, seed, 0, vae, adamw(vae, config), None, None)
        critic = critic.to(device)
        return cls(experiment, seed, 0, vae, adamw(vae, config), critic, adamw(critic, config))

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> "AutoencoderState":
        """The autoencoder saved in `folder`. Raises MiniditError when there is none, or it is none."""
        saved = read_checkpoint(Path(folder))
        if "vae" not in saved.experiment:
            raise MiniditError(
                f"{folder} holds a trained network, and no autoencoder: give the folder that `minidit vae` "
                "wrote."
            )
        state = cls.create(AutoencoderExperiment.from_dict(saved.experiment), saved.seed, device)
        state.step = saved.step
        try:
            for name, network, optimizer in state.networks():
                network.load_state_dict(saved.group(name))
                restore(optimizer, network, saved.group(f"{name}_optimizer"))
        except (RuntimeError, KeyError) as error:
            raise MiniditError(
                f"The checkpoint in {folder} names an autoencoder, but its tensors do not fit it. Nothing "
                "was changed; choose another --out and train again."
            ) from error
        return state

    def save(self, folder: str | Path) -> Path:
        """Write it to `folder`, whole or not at all. Raises MiniditError when the disk refuses."""
        tensors: dict[str, Tensor] = {}
        for name, network, optimizer in self.networks():
            tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
            tensors |= {f"{name}_optimizer.{key}": value for key, value in memory(optimizer, network)}
        return write_checkpoint(
            Path(folder), Checkpoint(self.experiment.to_dict(), self.seed, self.step, tensors)
        )

    def networks(self) -> list[tuple[str, nn.Module, Optimizer]]:
        """What is trained: name, network and optimiser."""
        found = [("vae", self.vae, self.optimizer), ("critic", self.critic, self.critic_optimizer)]
        return [one for one in found if one[1] is not None]

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.step >= self.experiment.training.steps
