"""A finished run as a readout sees it, and what it refuses to read."""

from typing import NamedTuple

from torch import nn

from minidit.data.images import Data
from minidit.data.source import load
from minidit.errors import TrainingDiverged
from minidit.measure.judge import Judge
from minidit.training.state import TrainState


class Trained(NamedTuple):
    """A run and its data. `along` training it is the run as it stands, without a judge.

    data: the images, on the device of the network. judge: a trained reader; only "quality" needs it.
    """

    state: TrainState
    data: Data
    judge: Judge | None = None

    @property
    def network(self) -> nn.Module:
        """The network of averaged weights: the one that samples are drawn from."""
        return self.state.ema.module.eval()

    @property
    def real(self) -> Data:
        """The images as pixels: those of `data`, or what its latents were made of."""
        config = self.state.experiment.data
        if not config.latent:
            return self.data
        return Data(*(images.to(self.data.train.labels.device) for images in load(config.pixels)))

    def check(self) -> None:
        """Raise TrainingDiverged where the averaged weights are not finite numbers: nothing can be read."""
        for name, parameter in self.network.named_parameters():
            if not parameter.isfinite().all():
                raise TrainingDiverged(
                    f"The averaged weights of {name} are not finite after {self.state.step} steps: training "
                    "has diverged, and there is nothing to read. Try a smaller training.lr."
                )
