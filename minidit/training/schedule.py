"""The learning rate over a run, and the averaging of weights along it."""

import math

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from minidit.training.config import TrainingConfig


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate for step `step` (from 0): a linear rise, then half a cosine down to 0."""
    rise = config.warmup * config.steps
    if step < rise:
        return config.lr * (step + 1) / (rise + 1)
    progress = (step - rise) / max(1.0, config.steps - rise)
    return config.lr * 0.5 * (1 + math.cos(math.pi * progress))


def ema(model: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of the weights: the network to sample from.

    The decay warms up as min(decay, (1 + n) / (10 + n)) after n updates, so that the average forgets the
    random start quickly.
    """

    @torch.no_grad()
    def average(averaged: list[Tensor], current: list[Tensor], updates: Tensor) -> None:
        n = int(updates)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

    return AveragedModel(model, multi_avg_fn=average)
