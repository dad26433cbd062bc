"""How a run is trained, as a record."""

from dataclasses import dataclass

from minidit.errors import MiniditError


@dataclass(frozen=True)
class TrainingConfig:
    """steps, batch_size: length of the run and images a step.

    lr, warmup: the learning rate rises over the first `warmup` share of the steps, then falls as a cosine.
    beta2, weight_decay: AdamW's. clip: largest gradient norm. ema_decay: of the averaged weights.
    precision: of the matrix products: "fp32" or "bf16"; weights, gradients and averages are float32 always.
    """

    steps: int = 1000
    batch_size: int = 64
    lr: float = 1e-3
    warmup: float = 0.05
    beta2: float = 0.99
    weight_decay: float = 0.01
    clip: float = 1.0
    ema_decay: float = 0.995
    precision: str = "fp32"

    def __post_init__(self) -> None:
        """Refuse what cannot train."""
        for name in ("steps", "batch_size", "lr", "clip"):
            if not getattr(self, name) > 0:
                raise MiniditError(f"training.{name} is {getattr(self, name)}; it must be more than 0.")
        if self.precision not in ("fp32", "bf16"):
            raise MiniditError(
                f"training.precision is {self.precision!r}; it must be fp32, or bf16, which is for GPUs and "
                "newer processors."
            )
        if not 0 <= self.weight_decay < float("inf"):
            raise MiniditError(f"training.weight_decay is {self.weight_decay}; it must be 0 or more.")
        for name in ("warmup", "beta2", "ema_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise MiniditError(
                    f"training.{name} is {getattr(self, name)}; it must lie in 0 to 1, without 1."
                )
