"""Record what several seeds of a chapter's experiment do: evidence that its live run is drawn over."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from minidit.files import write_whole
from minidit.measure.evidence import Evidence, Run, commit, environment
from minidit.teach.progress import progress
from minidit.training.autoencoder import AutoencoderExperiment
from minidit.training.experiment import Experiment


def record_seeds(
    name: str,
    experiment: Experiment | AutoencoderExperiment,
    seeds: Sequence[int],
    run: Callable[[int], dict[str, float]],
    out: Path = Path("book/evidence"),
) -> Path:
    """Run every seed, and write OUT/NAME.cpu.json.

    A finished seed is kept in runs/seeds/NAME: interrupted, the same call goes on with the next one.

    Args:
        name: of the evidence.
        experiment: the base that the arms of the run are made from; it is stored.
        seeds: which; at least 3 are needed for a band.
        run: run(seed) trains or samples, and returns its readouts.
        out: folder of the evidence.

    Returns:
        The path of the evidence.
    """
    done = [_kept(Path("runs/seeds") / name / f"{seed}.json", seed, run) for seed in progress(seeds, name)]
    evidence = Evidence(name, "cpu", experiment.to_dict(), environment(), commit(), tuple(done))
    return write_whole(out / f"{name}.cpu.json", evidence.to_json().encode())


def _kept(path: Path, seed: int, run: Callable[[int], dict[str, float]]) -> Run:
    if not path.exists():
        began, cpu_began = time.perf_counter(), time.process_time()
        readouts = {key: round(float(value), 5) for key, value in run(seed).items()}
        seconds = time.perf_counter() - began, time.process_time() - cpu_began
        finished = Run(seed, [], [], readouts, *(round(s, 1) for s in seconds))
        write_whole(path, json.dumps(vars(finished)).encode())
    return Run(**json.loads(path.read_text(encoding="utf-8")))
