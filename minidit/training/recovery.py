"""When a step goes wrong: how it is seen, and how a run goes back to its last checkpoint.

Draws are named by their step, so a run that only went back would meet the same numbers again. It goes back
and passes over the draws in between, as PaLM's authors did at loss spikes (Chowdhery et al. 2022, section
5.1).
"""

import math
from collections import deque
from pathlib import Path

from minidit.errors import TrainingDiverged
from minidit.training.checkpoint import NAME, read_checkpoint
from minidit.training.records import forget_after
from minidit.training.state import TrainState

SPIKE = 10  # times the median of the losses before: batches differ, but not so much
SEEN, ENOUGH = 100, 50  # losses that are remembered, and with how many the median means something


class Recovery:
    """Watches the losses of a run, and takes it back when one is broken, at most `lives` times.

    A spike is finite: where there is no way back, it is endured.
    """

    def __init__(self, lives: int, losses: list[float], folder: Path | None):
        self.lives, self.folder, self.recent = lives, folder, deque(losses[-SEEN:], SEEN)

    @property
    def possible(self) -> bool:
        """Whether a life is left, and a checkpoint to go back to."""
        return self.lives > 0 and self.folder is not None and (self.folder / NAME).is_file()

    def trouble(self, loss: float, norm: float) -> str:
        """What is wrong with a step, in words; nothing where it is healthy, which is remembered."""
        if words := broken(loss, norm):
            return words
        before = sorted(self.recent)
        median = before[len(before) // 2] if len(before) >= ENOUGH else math.inf
        if loss > SPIKE * median and self.possible:
            return f"a loss of {loss:.3g}, {loss / median:.0f} times the median of the steps before"
        self.recent.append(loss)
        return ""

    def go_back(self, state: TrainState, trouble: str) -> str:
        """Take `state` back to its last checkpoint, past the draws since; return a sentence.

        Raises:
            TrainingDiverged: no checkpoint, or this has happened `lives` times already.
        """
        step, skipped = state.step, state.skipped
        if not self.possible:
            raise diverged(step, trouble)
        self.lives -= 1
        state.go_to(read_checkpoint(self.folder), self.folder)
        state.skipped = skipped + step - state.step
        forget_after(self.folder, state.step)
        return (
            f"Step {step} gave {trouble}. Back to step {state.step}; the draws of the {step - state.step} "
            "steps since are passed over."
        )


def broken(loss: float, norm: float) -> str:
    """Words for a loss or a gradient that is no finite number; else nothing."""
    finite = math.isfinite(loss) and math.isfinite(norm)
    return "" if finite else f"a loss of {loss} and a gradient norm of {norm}"


def diverged(step: int, trouble: str) -> TrainingDiverged:
    """The error of a run that cannot go on."""
    return TrainingDiverged(
        f"Step {step} gave {trouble}: training has diverged. The last checkpoint is untouched. Try a smaller "
        "training.lr, or look for broken values in the data."
    )
