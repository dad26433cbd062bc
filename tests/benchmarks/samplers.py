"""What the samplers cost beside the published procedures, and that they draw the same images.

Both sides of a time run in turns in this process. A small network with random weights stands for a trained
one: costs and equal images do not depend on what it has learned.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from bounds import Bound
from diffusers import FlowMatchEulerDiscreteScheduler
from timing import Step, in_turn, ratio
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


def cost(ours: Step, theirs: Step, rounds: int = 3) -> float:
    """Time of ours over time of theirs."""
    found = in_turn({"ours": ours, "theirs": theirs}, rounds=rounds)
    return ratio(found["ours"], found["theirs"])


@torch.no_grad()
def sde(f: Counted) -> Iterator[Bound]:
    """SiT's SDE, 250 steps: the same images for half the evaluations."""
    noise = torch.randn(8, 1, 8, 8, generator=minidit.generator(0, "bench"))
    labels, draws, grid = torch.arange(8), gaussian(noise, Streams(0)), sde_times(STEPS)

    def ours() -> State:
        return end(euler_maruyama(Flow().velocity(f), noise, grid, draws, labels, sde=SDE("linear")))

    f.calls = 0
    theirs = published_sde(f, noise, labels, draws)
    asked, f.calls = f.calls, 0
    state = ours()
    yield Bound("SDE, 250 steps: evaluations over the published procedure's", f.calls / asked, 0.5)
    yield Bound("SDE, 250 steps: evaluations counted and not made", abs(state.evaluations - f.calls), 0)
    yield Bound("SDE, 250 steps: largest difference of a pixel", float((state.x - theirs).abs().max()), 1e-5)
    spent = cost(ours, lambda: published_sde(f, noise, labels, draws))
    yield Bound("SDE, 250 steps: time over the published procedure's", spent, 0.6)


@torch.no_grad()
def flow_matching(f: Counted) -> Iterator[Bound]:
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
        yield Bound(f"diffusers' Euler, 50 steps, shift {shift:g}: largest difference of a pixel", far, 1e-5)
    spent = cost(
        lambda: end(euler(v, noise, times(FEW), labels)),
        lambda: diffusers_euler(in_diffusers_words, noise, labels, 1.0),
    )
    yield Bound("diffusers' Euler, 50 steps: time over diffusers'", spent, 1.1)


@torch.no_grad()
def guided_step(f: Counted) -> Iterator[Bound]:
    """A guided evaluation beside one forward of twice the batch."""
    x = torch.randn(32, 1, 8, 8, generator=minidit.generator(2, "bench"))
    t, labels = torch.full((32,), 0.5), torch.arange(32) % 10
    twice = torch.cat([x, x]), torch.cat([t, t]), Condition(labels).beside_null(32, x.device)
    v = guide(Flow().velocity(f), 2.0)
    spent = cost(lambda: v(x, t, labels), lambda: f(*twice), rounds=15)
    yield Bound("a guided evaluation over one forward of twice the batch: time", spent, 1.05)


def samplers() -> Iterator[Bound]:
    """All of them, with their bounds, on the processor."""
    f = Counted(network())
    for part in (sde, flow_matching, guided_step):
        yield from part(f)
