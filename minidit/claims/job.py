"""One run of a trial in a process of its own: `python -m minidit.claims.job REQUEST.json RESULT.json`."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch

from minidit.claims.arms import flops_per_step
from minidit.claims.fresh import fresh_data, is_fresh
from minidit.claims.judges import read
from minidit.claims.readouts import Trained, measure
from minidit.claims.trial import TrialRun
from minidit.data.images import Data
from minidit.data.source import load
from minidit.errors import TrainingDiverged
from minidit.files import write_whole
from minidit.measure.evidence import commit, environment, smooth
from minidit.training.engine import Engine
from minidit.training.experiment import Experiment
from minidit.training.loop import train
from minidit.training.records import Record
from minidit.training.state import TrainState

# shares of the run at which a card's `along` readouts are taken, beside its end
MARKS = (0.0, 0.1, 0.25, 0.5)


@dataclass(frozen=True)
class Request:
    """What to run: the experiment, its seeds, what to read at the end and along the way, and where."""

    role: str
    arm: str
    seed: int
    init_seed: int
    tuned: float | None
    experiment: dict[str, Any]
    readouts: tuple[str, ...]
    along: tuple[str, ...]
    judge: str | None
    device: str = "cpu"


def carry_out(request: Request) -> TrialRun:
    """Train one seed of one arm, and read what the card asks for.

    A run that diverges is read as a network that answers 0: it has learned nothing, and counts as that.

    Raises:
        MiniditError: settings that do not fit together, or a readout that does not apply.
    """
    experiment = Experiment.from_dict(request.experiment)
    judge = read(Path(request.judge), load(experiment.data.pixels), request.device) if request.judge else None
    fresh = is_fresh(experiment)
    data = fresh_data(experiment, request.init_seed, judge) if fresh else load(experiment.data)
    data = Data(*(images.to(request.device) for images in data))
    state = TrainState.create(experiment, request.seed, request.device, request.init_seed)
    trained = Trained(state, data, judge)
    records: list[Record] = []
    readouts: dict[str, float] = {}
    diverged = None
    try:
        for share, record in _marked(state, data, request.device):
            if record is not None:
                records.append(record)
            elif request.along:
                taken = measure(request.along, trained)
                readouts |= {f"{name}@{share:.0%}": value for name, value in taken.items()}
    except TrainingDiverged:
        diverged = state.step
        _say_nothing(state)
    readouts |= measure((*request.readouts, *request.along), trained) | _cost(experiment, records, request)
    steps, losses = smooth([record.loss for record in records])
    return TrialRun(
        **{name: getattr(request, name) for name in ("role", "arm", "seed", "init_seed", "tuned")},
        readouts={name: float(f"{value:.7g}") for name, value in readouts.items()},
        steps=steps,
        losses=[round(loss, 5) for loss in losses],
        seconds=round(sum(record.seconds for record in records), 2),
        cpu_seconds=round(sum(record.cpu_seconds for record in records), 2),
        diverged=diverged,
    )


def _marked(state: TrainState, data: Data, device: str) -> Iterator[tuple[float, Record | None]]:
    """The run's records, and (share, None) at each mark before the end."""
    engine = Engine(state, compiled=device != "cpu")
    steps = state.experiment.training.steps
    for share, following in zip(MARKS, (*MARKS[1:], 1.0), strict=True):
        yield share, None
        for record in train(state, data, until=round(following * steps), engine=engine):
            yield share, record


@torch.no_grad()
def _say_nothing(state: TrainState) -> None:
    for parameter in (*state.model.parameters(), *state.ema.parameters()):
        parameter.zero_()


def _cost(experiment: Experiment, records: list[Record], request: Request) -> dict[str, float]:
    """Median milliseconds of a step (processor time; wall clock on a GPU), and there TFLOP/s and GiB."""
    gpu = request.device != "cpu"
    if not records:
        return {}
    seconds = median(record.seconds if gpu else record.cpu_seconds for record in records)
    cost = {"cost.step_ms": 1000 * seconds}
    if gpu:
        cost["cost.tflops"] = flops_per_step(experiment) / seconds / 1e12
        cost["cost.memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
    return cost


def main(request: str, result: str) -> None:
    """Read a request, run it, write the result whole, with the code and the machine that made it."""
    torch.set_num_threads(1)
    values = json.loads(Path(request).read_text(encoding="utf-8"))
    before = {"commit": commit(), "environment": environment(), "date": date.today().isoformat()}
    run = carry_out(Request(**values))
    write_whole(Path(result), json.dumps({"run": asdict(run), **before}).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
