"""From a network to a trained one: experiment, state, step, loop, averaged weights, checkpoints."""

from minidit.training.artefact import read_artefact
from minidit.training.config import TrainingConfig
from minidit.training.engine import Engine
from minidit.training.experiment import Experiment, differences
from minidit.training.loop import train
from minidit.training.presets import EXPERIMENTS, experiment
from minidit.training.records import Record, read_log
from minidit.training.state import TrainState
from minidit.training.step import train_step

__all__ = [
    "EXPERIMENTS",
    "Engine",
    "Experiment",
    "Record",
    "TrainState",
    "TrainingConfig",
    "differences",
    "experiment",
    "read_artefact",
    "read_log",
    "train",
    "train_step",
]
