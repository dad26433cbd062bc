"""What a step of each arm costs, measured side by side and committed: the exchange rate of equal time."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import torch

from minidit.claims.fresh import fresh_data, is_fresh
from minidit.data.source import load
from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.measure.evidence import environment, locate
from minidit.training.engine import Engine
from minidit.training.experiment import Experiment
from minidit.training.loop import train
from minidit.training.state import TrainState

FORMAT = "minidit calibration 1"
NAME = "calibration.json"
ROUNDS, WARM, STEPS = 8, 10, 10


def step_seconds(
    experiments: dict[str, Experiment],
    device: str = "cpu",
    watch: Callable[[range], Iterable[int]] = iter,
) -> dict[str, float]:
    """Median seconds of a training step of each experiment, in turns: processor time, on a GPU wall clock.

    All run in one process, `STEPS` steps each a round for `ROUNDS` rounds, so that a busy moment of the
    machine falls on all of them. Their ratios are worth more than the seconds. One thread, as in a trial.
    """
    torch.set_num_threads(1)
    states = {name: TrainState.create(experiment, 0, device) for name, experiment in experiments.items()}
    data = {
        name: fresh_data(experiment, 0) if is_fresh(experiment) else load(experiment.data)
        for name, experiment in experiments.items()
    }
    engines = {name: Engine(state, compiled=device != "cpu") for name, state in states.items()}
    seconds: dict[str, list[float]] = {name: [] for name in experiments}
    for turn in watch(range(ROUNDS)):
        for name, state in states.items():
            steps = STEPS + (WARM if turn == 0 else 0)
            until = state.step + steps
            records = list(train(state, data[name], until=until, engine=engines[name]))[-STEPS:]
            # a step reads its loss, so that on a GPU the wall clock waits for the work
            seconds[name] += [r.cpu_seconds if device == "cpu" else r.seconds for r in records]
    return {name: median(values) for name, values in seconds.items()}


def record(claim: str, scale: str, seconds: dict[str, float], folder: Path) -> Path:
    """Write the seconds of a claim's arms into the committed calibration, beside those of other claims."""
    path = folder / NAME
    held = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"format": FORMAT, "claims": {}}
    )
    entry: dict[str, Any] = {"environment": environment(), "seconds_per_step": seconds}
    held["claims"] = dict(sorted({**held["claims"], f"{claim}.{scale}": entry}.items()))
    return write_whole(path, (json.dumps(held, indent=1) + "\n").encode())


def steps_for_equal_time(claim: str, scale: str, arm: str, base_steps: int) -> int:
    """The steps that cost an arm as much as `base_steps` cost the base, by the committed calibration.

    Raises:
        MiniditError: the claim was not calibrated, or its calibration does not hold this arm.
    """
    path = locate(NAME)
    held = json.loads(path.read_text(encoding="utf-8"))["claims"] if path else {}
    seconds = held.get(f"{claim}.{scale}", {}).get("seconds_per_step", {})
    if "base" not in seconds or arm not in seconds:
        raise MiniditError(
            f"Equal time needs the cost of a step of {arm} of {claim}: run `minidit claims calibrate {claim} "
            f"--scale {scale}` on a quiet machine, and commit {NAME}."
        )
    return max(1, round(base_steps * seconds["base"] / seconds[arm]))
