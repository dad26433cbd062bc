"""minidit: a textbook that runs, and the small library of diffusion transformers that it teaches."""

from minidit.errors import MiniditError
from minidit.flow import Flow, Objective
from minidit.model import PRESETS, ModelConfig, build
from minidit.streams import Streams, generator
from minidit.training import EXPERIMENTS, Experiment, TrainState, experiment, train, train_step
from minidit.types import Batch, Condition, Keys

__version__ = "0.1.0"
__all__ = [
    "EXPERIMENTS",
    "PRESETS",
    "Batch",
    "Condition",
    "Experiment",
    "Flow",
    "Keys",
    "MiniditError",
    "ModelConfig",
    "Objective",
    "Streams",
    "TrainState",
    "build",
    "experiment",
    "generator",
    "train",
    "train_step",
]
