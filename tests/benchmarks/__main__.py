"""How fast is it? Beside diffusers, beside a plain transcription, beside plain matrix products.

    python tests/benchmarks

Writes the results of this kind of machine into tests/benchmarks/results. The exit status is 1 when a bound is
not kept. Without a GPU two processes with a thread each measure, one of them what is compiled or large.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import plan
import report
import small
import torch
from compare import measure, on_one_core
from figure import draw
from growth import SCALES, growth
from samplers import samplers
from timing import Clock

from minidit.measure.evidence import commit


def main() -> int:
    """Measure, write, judge. Returns the exit status."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    began, clock = time.perf_counter(), Clock(device, plan.LIMITS[device])
    sizes, drawn = [], []
    if device == "cpu":
        torch.set_num_threads(1)
        here, there = plan.on_a_processor()
        # small networks live on the memory's speed, which another process would share
        drawn, sizes = list(samplers()), [small.measure(*size) for size in small.SIZES]
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            waiting = other.submit(on_one_core, there, plan.LIMITS[device])
            points = growth(device, clock)
            rows = measure(here, device, clock) + waiting.result()
    else:
        points = growth(device, clock)
        rows = measure(plan.on_a_gpu(), device, clock)
    held = [*plan.bounds(rows, sizes, device), *drawn]
    machine = report.machine(device)
    results = report.Results(
        machine, commit(), time.perf_counter() - began, rows, sizes, points, SCALES[device], held
    )
    page = report.write(results)
    draw(points, SCALES[device], page.with_name(f"growth.{page.stem}.png"))
    print("\n", *held, f"\nWritten: {page}", sep="\n")
    return 0 if all(bound.kept for bound in held) else 1


if __name__ == "__main__":
    sys.exit(main())
