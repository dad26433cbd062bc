"""What only a GPU can show, in a few minutes: `python tests/gpu/check_gpu.py`, or `make check-gpu`.

One line a check; the exit status is 1 when one fails. The same functions run on a processor with small
networks in `test_check_gpu.py`, so that this file is known to work before it meets a GPU.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch

import minidit
from minidit import Batch, Condition, Experiment, Streams, TrainState, train_step
from minidit.measure import ledger, memory_estimate
from minidit.training import Engine, TrainingConfig
from minidit.training.loop import ahead, draw_step

GB = 1e9
LIMIT = 40 * GB  # the memory of the A100 that the `a100` settings are made for


class Check(NamedTuple):
    """A line: what was looked at, what was found, and whether it is as it must be."""

    name: str
    found: str
    kept: bool


def run_of(name: str, batch: int, precision: str, **overrides: object) -> Experiment:
    """An experiment on the network called `name`; its data are drawn here, and nothing is read."""
    model = replace(minidit.PRESETS[name], learn_sigma=False, **overrides)
    return Experiment(model=model, training=TrainingConfig(steps=1000, batch_size=batch, precision=precision))


def batches(experiment: Experiment, device: str) -> Iterator[tuple[Batch, object]]:
    """Noise in place of latents, one batch a step, with the chance of that step."""
    model, size, streams = experiment.model, experiment.training.batch_size, Streams(0)
    for step in range(10**6):
        x = torch.randn(size, model.in_channels, *model.image_size, generator=streams("x", step))
        labels = torch.randint(model.num_classes, (size,), generator=streams("labels", step))
        batch = Batch(x, Condition(labels)).to(device)
        yield batch, draw_step(experiment, batch, streams, step)


def losses(
    experiment: Experiment, device: str, steps: int, *, drawn_ahead: bool, **how: object
) -> list[float]:
    """The losses of a run's first steps, computed as `how` says."""
    state = TrainState.create(experiment, device=device)
    engine, coming = Engine(state, **how), batches(experiment, device)
    coming = ahead(coming) if drawn_ahead else coming
    return [float(train_step(state, *next(coming), engine).loss) for _ in range(steps)]


def one_graph(experiment: Experiment, device: str) -> Check:
    """The compiled step is the step: the same losses, no notice, and no graph after the first step's."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    plain = losses(experiment, device, 4, drawn_ahead=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        compiled = losses(experiment, device, 4, drawn_ahead=True, compiled=True)
    notices = [str(w.message) for w in said if "not compiled" in str(w.message)]
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    far = max(abs(a / b - 1) for a, b in zip(compiled, plain, strict=True))
    found = f"{graphs} graph, losses {far:.1e} apart {' '.join(notices)}"
    return Check(
        "the compiled step, drawn ahead, beside the plain one",
        found,
        graphs == 1 and not notices and far < 0.02,
    )


def same_in_pieces(experiment: Experiment, device: str) -> Check:
    """Pieces and blocks that are computed again change nothing but the memory."""
    plain = losses(experiment, device, 3, drawn_ahead=False)
    pieces = losses(
        experiment,
        device,
        3,
        drawn_ahead=False,
        micro_batch=experiment.training.batch_size // 4,
        recompute=True,
    )
    far = max(abs(a / b - 1) for a, b in zip(pieces, plain, strict=True))
    return Check("four pieces, blocks computed again", f"losses {far:.1e} apart", far < 0.01)


def memory_as_estimated(experiment: Experiment, device: str, at_once: int) -> Check:
    """A step of a large network keeps below 40 GB, and near what was said before."""
    needed = memory_estimate(
        experiment.model, at_once, precision=experiment.training.precision, recompute=True
    ).total
    there = torch.cuda.get_device_properties(device).total_memory if device == "cuda" else needed
    if device == "cuda":
        torch.cuda.set_per_process_memory_fraction(min(1.0, LIMIT / there))
        torch.cuda.reset_peak_memory_stats()
    losses(experiment, device, 2, drawn_ahead=False, micro_batch=at_once, recompute=True)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else needed
    if device == "cuda":
        torch.cuda.set_per_process_memory_fraction(1.0)
    found = f"peak {peak / GB:.1f} GB, said before {needed / GB:.1f} GB"
    return Check("memory of a step, limited to 40 GB", found, peak < LIMIT and 0.7 < peak / needed < 1.3)


def throughput(experiment: Experiment, device: str, steps: int) -> Check:
    """Images a second of the compiled step, and the share of a matrix product's speed that the model gets."""
    state = TrainState.create(experiment, device=device)
    engine, coming = Engine(state, compiled=True), ahead(batches(experiment, device))
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        float(train_step(state, *next(coming), engine).loss)  # to read a number is to wait for it
        times.append(time.perf_counter() - began)
    seconds = statistics.median(times[len(times) // 2 :])
    size = experiment.training.batch_size
    rate = 3 * ledger(experiment.model).flops * size / seconds  # forward, and twice as much backward
    share = rate / product_rate(device)
    found = f"{size / seconds:.0f} images/s, {rate / 1e12:.1f} TFLOP/s, {share:.0%} of a matrix product's"
    return Check("throughput of the compiled step", found, share > 0)


def product_rate(device: str) -> float:
    """FLOP/s of one large matrix product in bfloat16."""
    side = 8192 if device == "cuda" else 256
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in "ab")
    times = []
    for _ in range(10):
        began = time.perf_counter()
        float((a @ b)[0, 0])
        times.append(time.perf_counter() - began)
    return 2 * side**3 / statistics.median(times)


def main() -> int:
    """All checks on a GPU; returns the exit status."""
    if not torch.cuda.is_available():
        print("check_gpu: PyTorch sees no GPU here. The same checks run small on a processor in make test.")
        return 2
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    small, large = run_of("DiT-S/2", 64, "bf16"), run_of("DiT-XL/2", 64, "bf16")
    checks = (
        lambda: same_in_pieces(small, "cuda"),
        lambda: one_graph(small, "cuda"),
        lambda: memory_as_estimated(
            replace(large, training=replace(large.training, batch_size=128)), "cuda", 64
        ),
        lambda: throughput(large, "cuda", 20),
    )
    failed = 0
    for check in checks:
        name, found, kept = check()
        failed += not kept
        print(f"{'ok  ' if kept else 'FAIL'} {name:<55} {found}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
