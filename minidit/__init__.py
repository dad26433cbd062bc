"""minidit: a textbook that runs, and the small library of diffusion transformers that it teaches."""

from collections.abc import Callable

from minidit.errors import MiniditError
from minidit.flow import Flow, Objective
from minidit.model import PRESETS, ModelConfig, build
from minidit.streams import Streams, generator
from minidit.training import EXPERIMENTS, Experiment, TrainState, experiment, train, train_step
from minidit.types import Batch, Condition, Keys

__version__ = "0.1.0"


def __getattr__(name: str) -> Callable:
    """`minidit.check` and `minidit.hint`, brought when asked for: they draw figures' libraries with them."""
    if name in ("check", "hint"):
        from minidit.teach import check

        return getattr(check, name)
    raise AttributeError(f"module 'minidit' has no attribute {name!r}")


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
    "check",
    "experiment",
    "generator",
    "hint",
    "train",
    "train_step",
]
