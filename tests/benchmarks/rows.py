"""One measured number and where it is from, as the results hold it."""

import statistics
from dataclasses import dataclass

from minidit import ModelConfig
from minidit.measure.ledger import ledger

PASSES = {"training step": 3, "sampling": 1}  # a backward pass has two products where forward has one


@dataclass(frozen=True)
class Row:
    """What one network took for one thing.

    part: "training step" (forward, backward and AdamW) or "sampling".
    network, size, precision ("fp32" or "bf16", which is autocast), mode ("eager" or "compiled"), batch.
    flops: model FLOPs of one call. seconds: of one call, one number a turn; none where `why` says why not.
    utilisation: see product.py. over_minidit: seconds over those of minidit's own network, turn by turn.
    memory: peak bytes on a GPU. compiling: seconds of the first call, where compiled.
    """

    part: str
    network: str
    size: str
    precision: str
    mode: str
    batch: int
    flops: int = 0
    seconds: tuple[float, ...] = ()
    utilisation: float | None = None
    over_minidit: float | None = None
    memory: int | None = None
    compiling: float | None = None
    why: str = ""

    @property
    def median(self) -> float:
        """Seconds of one call."""
        return statistics.median(self.seconds)


def flops(part: str, network: str, config: ModelConfig, batch: int, calls: int = 1) -> int:
    """Model FLOPs of one call with `batch` images: those of the ledger, of a pass of training for TREAD."""
    route = {"route": "tread"} if network.endswith("TREAD") else {}
    counted = ledger(config, training=bool(route), **route)
    return PASSES[part] * calls * batch * counted.flops
