"""What the samplers cost beside the published procedures: `python tests/bench/bench_flow.py`.

Each line is one measurement with its bound; the exit status is 1 when one fails. Both sides of a time run in
turns in this process, on one thread, in processor seconds. A small network with random weights stands for a
trained one: costs and equal images do not depend on what it has learned.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import math
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

import minidit
from minidit import Condition, Flow, Streams
from minidit.flow import SDE, State, euler, euler_maruyama, gaussian, guide, sde_times, times

STEPS, FEW = 250, 50


class Counted:
    """A network that counts how often it was asked."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network, self.calls = network, 0

    def __call__(self, x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        """One evaluation."""
        self.calls += 1
        return self.network(x, t, condition)


def network() -> torch.nn.Module:
    """The digits network; what starts at zero is made random, or it would answer zero."""
    model = minidit.build(minidit.experiment("digits").model, seed=0).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.any():
                parameter.normal_(std=0.2, generator=minidit.generator(0, name))
    return model


def published_sde(f: Counted, noise: Tensor, labels: Tensor, draws: Callable[[int], Tensor]) -> Tensor:
    """SiT's Euler-Maruyama as published: the velocity and the score ask the network once each."""

    def velocity(x: Tensor, t: float) -> Tensor:
        return f(x, torch.full((len(x),), t), labels)

    def score(x: Tensor, t: float) -> Tensor:
        return (t * velocity(x, t) - x) / (1 - t)

    x, grid = noise, torch.linspace(0, 0.96, STEPS, dtype=torch.float64).tolist()
    dt = 0.96 / (STEPS - 1)
    for number, t in enumerate(grid[:-1]):
        drift = velocity(x, t) + (1 - t) * score(x, t)
        x = x + drift * dt + math.sqrt(2 * (1 - t)) * math.sqrt(dt) * draws(STEPS - number)
    t = grid[-1]
    return x + 0.04 * (velocity(x, t) + (1 - t) * score(x, t))


def diffusers_euler(f: Counted, noise: Tensor, labels: Tensor, shift: float) -> Tensor:
    """Flow matching by diffusers' scheduler, for a network in diffusers' words."""
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / FEW, FEW))
    x = noise
    for timestep in scheduler.timesteps:
        x = scheduler.step(f(x, timestep.expand(len(x)), labels), timestep, x).prev_sample
    return x


def end(states: object) -> State:
    """The last state of a run."""
    *_, state = states
    return state


def ratio(ours: Callable[[], object], theirs: Callable[[], object], turns: int = 5) -> float:
    """Processor time of ours over theirs: the median over turns, the first of which warms up.

    Each turn compares two runs that follow one another, so that a busy machine slows both.
    """
    found = []
    for _ in range(turns + 1):
        spent = []
        for run in (ours, theirs):
            began = time.process_time()
            run()
            spent.append(time.process_time() - began)
        found.append(spent[0] / spent[1])
    return statistics.median(found[1:])


FAILED = []


def report(what: str, found: float, bound: float) -> None:
    """One line: the measurement, its bound, and whether it is kept."""
    kept = found <= bound
    print(f"{what:<72} {found:>10.3g}   at most {bound:<7g} {'ok' if kept else 'FAIL'}", flush=True)
    if not kept:
        FAILED.append(what)


@torch.no_grad()
def sde(f: Counted) -> None:
    """SiT's SDE, 250 steps: the same images for half the evaluations."""
    noise = torch.randn(8, 1, 8, 8, generator=minidit.generator(0, "bench"))
    labels, draws = torch.arange(8), gaussian(noise, Streams(0))
    f.calls = 0
    theirs = published_sde(f, noise, labels, draws)
    asked, f.calls = f.calls, 0
    state = end(euler_maruyama(Flow().velocity(f), noise, sde_times(STEPS), draws, labels, sde=SDE("linear")))
    report("SDE, 250 steps: evaluations over the published procedure's", f.calls / asked, 0.5)
    report("SDE, 250 steps: evaluations counted and not made", abs(state.evaluations - f.calls), 0)
    report("SDE, 250 steps: largest difference of a pixel", float((state.x - theirs).abs().max()), 1e-5)
    cost = ratio(
        lambda: end(
            euler_maruyama(Flow().velocity(f), noise, sde_times(STEPS), draws, labels, sde=SDE("linear"))
        ),
        lambda: published_sde(f, noise, labels, draws),
    )
    report("SDE, 250 steps: time over the published procedure's", cost, 0.6)


@torch.no_grad()
def flow_matching(f: Counted) -> None:
    """diffusers' flow-matching Euler scheduler: the same images, in no more time."""
    noise = torch.randn(32, 1, 8, 8, generator=minidit.generator(1, "bench"))
    labels = torch.arange(32) % 10

    def in_diffusers_words(x: Tensor, timestep: Tensor, condition: Tensor) -> Tensor:
        return -f(x, 1 - timestep / 1000, condition)

    v = Flow(clock="timestep").velocity(in_diffusers_words)
    for shift in (1.0, 3.0):
        ours = end(euler(v, noise, times(FEW, shift), labels)).x
        theirs = diffusers_euler(in_diffusers_words, noise, labels, shift)
        far = float((ours - theirs).abs().max())
        report(f"diffusers' Euler, 50 steps, shift {shift:g}: largest difference of a pixel", far, 1e-5)
    cost = ratio(
        lambda: end(euler(v, noise, times(FEW), labels)),
        lambda: diffusers_euler(in_diffusers_words, noise, labels, 1.0),
    )
    report("diffusers' Euler, 50 steps: time over diffusers'", cost, 1.1)


@torch.no_grad()
def guided_step(f: Counted) -> None:
    """A guided evaluation beside one forward of twice the batch; ten of each make one time."""
    x = torch.randn(32, 1, 8, 8, generator=minidit.generator(2, "bench"))
    t, labels = torch.full((32,), 0.5), torch.arange(32) % 10
    twice = torch.cat([x, x]), torch.cat([t, t]), Condition(labels).beside_null(32, x.device)
    v = guide(Flow().velocity(f), 2.0)
    cost = ratio(
        lambda: [v(x, t, labels) for _ in range(10)],
        lambda: [f(*twice) for _ in range(10)],
        turns=21,
    )
    report("a guided evaluation over one forward of twice the batch: time", cost, 1.05)


def main() -> int:
    """All measurements. Returns the exit status."""
    torch.set_num_threads(1)
    began, f = time.perf_counter(), Counted(network())
    sde(f)
    flow_matching(f)
    guided_step(f)
    print(f"{'passed' if not FAILED else 'FAILED'} in {time.perf_counter() - began:.0f} s, on one thread")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
