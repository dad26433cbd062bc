"""Time that can be compared: things run in turn in one process, and ratios are taken turn by turn.

On a processor time is CPU seconds of one thread. What else runs does not count in them, but it takes caches
and memory away: that slows most what is no product, and draws ratios towards 1. On a GPU it is the clock's,
between two moments at which the GPU has nothing left to do.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import torch

ROUNDS = 3
LEAST = {"cpu": 0.1, "cuda": 0.3}  # seconds that one measurement should fill, for a fine enough clock

Step = Callable[[], object]


CLOCKS = {"cpu": time.process_time, "cuda": time.perf_counter}


def seconds(
    step: Step, device: str = "cpu", repeat: int = 1, clock: Callable[[], float] | None = None
) -> float:
    """What one call of `step` takes, as the mean of `repeat` calls; by the device's own clock."""
    clock = clock or CLOCKS[device]
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    began = clock()
    for _ in range(repeat):
        step()
    wait()
    return (clock() - began) / repeat


def in_turn(
    steps: Mapping[str, Step], device: str = "cpu", rounds: int = ROUNDS, least: float | None = None
) -> dict[str, list[float]]:
    """Seconds of each step, `rounds` times in turn, after one call that warms up.

    A step is repeated to fill `least` seconds a time. Whatever it compiles at its first call is to be
    compiled before.
    """
    least = LEAST[device] if least is None else least
    # CPU seconds may be counted in ticks, and of one short call be 0
    first = {name: seconds(step, device, clock=time.perf_counter) for name, step in steps.items()}
    repeat = {name: max(1, round(least / max(spent, 1e-6))) for name, spent in first.items()}
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            step()  # not measured: else a step pays for memory that the one before it gave back
            found[name].append(seconds(step, device, repeat[name]))
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios, turn by turn: a busy machine slows both sides of a turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


class Clock:
    """Says when the time for a whole run of benchmarks is used up: CPU seconds, on a GPU the clock's."""

    def __init__(self, device: str, limit: float):
        self.now = CLOCKS[device]
        self.limit = self.now() + limit

    def over(self) -> bool:
        """Whether nothing more should be begun."""
        return self.now() > self.limit
