"""How `minidit train` computes, and what that will take: memory and time, said before the first step."""

import time
import warnings
from dataclasses import dataclass

import torch

from minidit.cli.options import say
from minidit.data.images import Data, Images
from minidit.errors import MiniditError
from minidit.measure.memory import MemoryEstimate, memory_estimate
from minidit.training.engine import NOT_COMPILED, Engine
from minidit.training.loop import upcoming
from minidit.training.state import TrainState
from minidit.training.world import world

GB = 1e9
SHARE_FOR_IMAGES = 0.1  # of the memory: so much of it may hold the training images


@dataclass(frozen=True)
class Computing:
    """The flags of `minidit train` that change how steps are computed, and not what."""

    # compile the step to one graph: for a GPU; it takes a minute or two, and pays in long runs
    compile: bool = False
    # images that pass through the network at once on each process; 0: all of its share of the batch
    micro_batch: int = 0
    # keep less of the forward pass and compute it again: about a third more work, a fraction of the memory
    recompute: bool = False
    # divide the weights over the processes that torchrun started, for networks that no single GPU holds;
    # torchrun --nproc-per-node 8 -m minidit train ... gives the losses of one process, with or without
    shard: bool = False
    # gigabytes of a GPU that the run may use; more than that is refused before it begins
    memory_limit: float | None = None


def ready(state: TrainState, data: Data, how: Computing) -> tuple[Engine, Data]:
    """The engine, and the data where the steps want them; memory and time are said before.

    Raises:
        MiniditError: the run needs more memory than there is, or than --memory-limit allows.
    """
    engine = Engine(state, compiled=how.compile, micro_batch=how.micro_batch, recompute=how.recompute)
    device = next(state.model.parameters()).device
    needed = memory_estimate(
        state.experiment.model,
        engine.micro_batch,
        precision=state.experiment.training.precision,
        recompute=how.recompute,
        shards=world().size if how.shard else 1,
    )
    limit = _limit(device, how.memory_limit)
    refuse_what_does_not_fit(needed, limit, engine.micro_batch, how)
    say(f"Memory: about {_size(needed.total)}, of which {_size(needed.activations)} for activations.")
    if device.type == "cuda" and data.train.x.nbytes < SHARE_FOR_IMAGES * limit:
        data = Data(data.train.to(device), data.held_out)
    if not state.finished:
        _say_time(state, data.train, engine)
    return engine, data


def _limit(device: torch.device, asked: float | None) -> float:
    """Bytes that the run may use; on a GPU PyTorch keeps to them."""
    if device.type != "cuda":
        return float("inf") if asked is None else asked * GB
    there = torch.cuda.get_device_properties(device).total_memory
    if asked is None:
        return there
    torch.cuda.set_per_process_memory_fraction(min(1.0, asked * GB / there), device)
    return min(there, asked * GB)


def refuse_what_does_not_fit(needed: MemoryEstimate, limit: float, at_once: int, how: Computing) -> None:
    """Raise MiniditError where a run needs more bytes than `limit`, with what would help."""
    if needed.total <= limit:
        return
    lighter = [] if how.recompute else ["--recompute"]
    lighter += [f"--micro-batch {at_once // 2}"] if at_once > 1 else []
    lighter += [] if how.shard else ["--shard with several processes"]
    raise MiniditError(
        f"This run needs about {_size(needed.total)} on each device ({_size(needed.activations)} for the "
        f"activations of {at_once} images), and may use {_size(limit)}: try "
        f"{' or '.join(lighter) or 'a smaller network'}."
    )


def _say_time(state: TrainState, images: Images, engine: Engine) -> None:
    """Compute the next step's gradient twice, throw it away, and say what the second time tells."""
    batch, draw = next(upcoming(state, images, state.step + 1))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        float(engine(batch, draw))  # the first time compiles and warms up
    for words in {str(warning.message) for warning in said}:
        if words.startswith(NOT_COMPILED):
            say(f"Note: {words}")
    began = time.perf_counter()
    float(engine(batch, draw))
    seconds = time.perf_counter() - began
    state.optimizer.zero_grad()
    left = state.experiment.training.steps - state.step
    say(f"Time: about {_duration(seconds * left)} for {left:,} steps, at {1000 * seconds:.0f} ms for one.")


def _size(count: float) -> str:
    return f"{count / GB:.1f} GB" if count >= 1e8 else f"{count / 1e6:.2g} MB"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
