"""Record book/evidence/compilation.cpu.json: a step of training as it is, compiled, and with bfloat16 products.

OMP_NUM_THREADS=1 python book/artefacts/compilation.py

About 2 minutes a seed on one thread; it needs a C++ compiler. Times are processor seconds, compilers included.
"""

import resource
import statistics

import torch
from torch._inductor import config as compiling

from minidit import Experiment, Streams, TrainState
from minidit import experiment as named
from minidit.data import Data, load
from minidit.publish.seeds import record_seeds
from minidit.training.engine import Engine
from minidit.training.loop import draw_step
from minidit.training.step import train_step

compiling.force_disable_caches = True  # else the second seed would compile nothing
compiling.compile_threads = 1  # in this process, so that the compilers' seconds are seen
NETWORKS = {
    "digits": named("digits"),
    "wide": named("shapes32", ("model.dim=384", "model.heads=6", "training.batch_size=4")),
}
STEPS = {"digits": 60, "wide": 8}
WAYS = {"plain": ("fp32", False), "compiled": ("fp32", True), "bf16": ("bf16", False)}


def cpu_seconds() -> float:
    """Of this process and of the compilers that it ran to their end."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def measured(chosen: Experiment, data: Data, seed: int, steps: int, compiled: bool) -> dict[str, float]:
    """Seconds until the first step is done, and milliseconds of a later one (the median)."""
    torch._dynamo.reset()
    state, streams, times = TrainState.create(chosen, seed), Streams(seed), []
    engine = Engine(state, compiled=compiled)
    for step in range(steps + 1):
        batch = data.train.batch(streams, step, chosen.training.batch_size)
        draw, began = draw_step(chosen, batch, streams, step), cpu_seconds()
        train_step(state, batch, draw, engine)
        times.append(cpu_seconds() - began)
    return {"first": times[0], "ms": 1000 * statistics.median(times[1:])}


def run(seed: int) -> dict[str, float]:
    """Both networks, each in all ways."""
    readouts = {}
    for name, base in NETWORKS.items():
        data = load(base.data)
        for way, (precision, compiled) in WAYS.items():
            chosen = base.override({"training.precision": precision})
            found = measured(chosen, data, seed, STEPS[name], compiled)
            readouts |= {f"{key}.{way}.{name}": value for key, value in found.items()}
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    record_seeds("compilation", NETWORKS["digits"], range(3), run)
