"""One training step and one short run of a sampler, for any of the networks; eager or compiled."""

import time
from collections.abc import Callable

import torch
from networks import NETWORKS, Batch, Compared
from timing import Step
from torch import Tensor

from minidit import Flow, ModelConfig
from minidit.flow import euler, last, times

# how often each asks the network: sampling is two steps of Euler's method
CALLS = {"training step": 1, "sampling": 2}
BF16 = {"fp32": False, "bf16": True}


def training_step(network: Compared, batch: Batch, precision: str) -> Step:
    """Forward, backward and AdamW; with bf16 the products are in bfloat16 (autocast), weights in float32."""
    optimizer = torch.optim.AdamW(network.module.parameters(), lr=1e-4, fused=True)
    kind = batch.x.device.type

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(kind, torch.bfloat16, enabled=BF16[precision]):
            out = network.answer(batch.x, batch.t, batch.labels)
        (out.float() - batch.target).square().mean().backward()
        optimizer.step()

    return step


def sampling(network: Compared, batch: Batch, precision: str) -> Step:
    """Euler's method without guidance, the same loop for every network; the learned variance is not used."""
    channels, kind = batch.x.shape[1], batch.x.device.type

    def f(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        return network.answer(x, t, labels)[:, :channels].float()

    velocity, grid = Flow().velocity(f), times(CALLS["sampling"])

    def run() -> Tensor:
        with torch.autocast(kind, torch.bfloat16, enabled=BF16[precision]):
            return last(euler(velocity, batch.x, grid, batch.labels))

    return run


PARTS: dict[str, Callable[[Compared, Batch, str], Step]] = {
    "training step": training_step,
    "sampling": sampling,
}


def compile_blocks(network: Compared) -> None:
    """Let torch.compile have each block: all are alike, so one is compiled and the others use it.

    What stands before and after the blocks stays eager: it is little, and the whole takes far longer to
    compile. Each number of tokens gets code of its own (TREAD's blocks see two).
    """
    for block in network.blocks:
        block.compile(dynamic=False)


def prepare(
    name: str, part: str, config: ModelConfig, precision: str, mode: str, batch: Batch
) -> tuple[Step, float]:
    """A step that was called once, and the seconds by the clock which that first call took."""
    network = NETWORKS[name](config, batch.x.device.type)
    if mode == "compiled":
        compile_blocks(network)
    step = PARTS[part](network, batch, precision)
    began = time.perf_counter()
    step()
    return step, time.perf_counter() - began
