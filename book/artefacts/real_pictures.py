"""Record what a finished run of real pictures draws: book/evidence/NAME.cpu.json, and a picture NAME.png there.

minidit train fashion && minidit train cifar10
python book/artefacts/real_pictures.py fashion & python book/artefacts/real_pictures.py cifar10

10,000 samples at guidance 1 and as many at 2: a quarter of an hour on one thread. A guidance that is done is kept in
runs/NAME. One seed, so there is no band. The seconds of the evidence are those of training.
"""

import json
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from minidit.cli.evidence import recorded
from minidit.cli.report import METRICS, evaluate
from minidit.data import Data, load
from minidit.files import write_whole
from minidit.measure.evidence import Evidence, commit, environment
from minidit.teach.figures import grid
from minidit.teach.show import png
from minidit.training import TrainState
from minidit.training.sampling import sample

COUNT, STEPS, GUIDANCE, SHOWN = 10_000, 20, (1.0, 2.0), 6
OUT = Path("book/evidence")


def judged(state: TrainState, data: Data, folder: Path, w: float) -> dict[str, Any]:
    """What `evaluate` finds at one guidance, and what it cost."""
    path, began = folder / f"judged.w{w:g}.json", time.process_time()
    if not path.exists():
        measures, _, _ = evaluate(state, data, COUNT, (w,), STEPS)
        measures["cpu_seconds"] = time.process_time() - began
        write_whole(path, json.dumps(measures).encode())
    return json.loads(path.read_text(encoding="utf-8"))


def picture(state: TrainState, data: Data, metrics: dict[str, Any]) -> bytes:
    """All classes: a held-out image of each on top, SHOWN samples below. A PNG of 256 colours, for its size."""
    real, classes = data.held_out, data.train.class_names
    first = torch.stack([(real.labels == label).nonzero()[0, 0] for label in range(len(classes))])
    labels = torch.arange(len(classes)).repeat(SHOWN)
    x = data.train.pixels(sample(state, labels, GUIDANCE[-1], STEPS))
    training, where = metrics["training"], metrics["environment"]
    title = (
        f"top row: held-out images; below: drawn at guidance {GUIDANCE[-1]:g}, Euler, {STEPS} steps. "
        f"{training['parameters']:,} parameters,\n{training['steps']:,} steps, "
        f"{training['cpu_seconds'] / 60:.0f} min of training on one thread of an {where['processor']}, no GPU"
    )
    both, names = torch.cat([real.x[first], x]), torch.cat([real.labels[first], labels])
    small, whole = BytesIO(), BytesIO(png(grid(both, names, classes, title, most=SHOWN + 1)))
    Image.open(whole).convert("RGB").quantize(256).save(small, "png", optimize=True)
    return small.getvalue()


def record(name: str) -> None:
    """Judge the run in runs/NAME, and write what was found."""
    folder = Path("runs") / name
    state = TrainState.load(folder)
    data = load(state.experiment.data)
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    write_whole(OUT / f"{name}.png", picture(state, data, metrics))
    found = [judged(state, data, folder, w) for w in GUIDANCE]
    samples = {"guidance": {w: values for each in found for w, values in each["guidance"].items()}}
    run = recorded(folder, metrics | {"samples": samples})
    run.readouts.update(
        samples=COUNT,
        euler_steps=STEPS,
        judge_accuracy_on_held_out=found[0]["judge_accuracy_on_held_out"],
        parameters=metrics["training"]["parameters"],
        judging_cpu_seconds=sum(each["cpu_seconds"] for each in found),
    )
    evidence = Evidence(name, "cpu", metrics["experiment"], environment(), commit(), (run,))
    write_whole(OUT / f"{name}.cpu.json", evidence.to_json().encode())


if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:]:
        record(chosen)
