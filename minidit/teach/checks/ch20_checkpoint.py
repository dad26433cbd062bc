"""Checks of chapter 20: what must be kept of a run, so that it goes on as if it had never stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minidit.teach.checks.ch14 import apart
from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect

AHEAD = 3  # steps that both runs take, behind the checkpoint
TENSORS = ("weights", "first", "second", "ema")
NAMES = (*TENSORS, "step", "averaged", "generator")
Ends = tuple[Tensor, Tensor]  # weights and EMA


@dataclass
class Run:
    """A training whose chance has a memory: a generator that goes on from where it was.

    images (n, features): the data set. weights, ema (features,). first, second: AdamW's two moments.
    step: steps done. averaged: how often the EMA was updated. generator: draws the batches and the noise.
    """

    images: Tensor
    weights: Tensor
    first: Tensor
    second: Tensor
    ema: Tensor
    generator: torch.Generator
    step: int = 0
    averaged: int = 0


def begin(images: Tensor, seed: int) -> Run:
    """A run before its first step."""
    zeros = [torch.zeros(images.shape[1], dtype=torch.float64) for _ in TENSORS]
    return Run(images, *zeros, generator=torch.Generator().manual_seed(seed))


def advance(run: Run, steps: int) -> Run:
    """Take steps, in place: AdamW, and an EMA that begins with the third step and warms up."""
    for _ in range(steps):
        picked = torch.randint(len(run.images), (4,), generator=run.generator)
        noise = torch.randn(run.weights.shape, generator=run.generator).double()
        gradient = run.weights - run.images[picked].mean(0) + 0.3 * noise
        run.step += 1
        run.first.lerp_(gradient, 0.1)
        run.second.lerp_(gradient**2, 0.01)
        mean, square = run.first / (1 - 0.9**run.step), run.second / (1 - 0.99**run.step)
        run.weights.sub_(0.1 * mean / (square.sqrt() + 1e-8))
        if run.step > 2:
            run.averaged += 1
            run.ema.lerp_(run.weights, 1 - min(0.99, (1 + run.averaged) / (10 + run.averaged)))
    return run


def kept(run: Run) -> dict[str, Any]:
    """All that is needed, copied."""
    saved: dict[str, Any] = {name: getattr(run, name).clone() for name in TENSORS}
    return saved | {"step": run.step, "averaged": run.averaged, "generator": run.generator.get_state()}


def continued(saved: Mapping[str, Any], images: Tensor, seed: int) -> Ends:
    """A fresh process: the run begun anew, given back what was saved, and taken some steps further."""
    run = begin(images, seed)
    for name, value in saved.items():
        if name == "generator":
            # a whole number is a seed, which is all that some people save
            use = run.generator.manual_seed if isinstance(value, int) else run.generator.set_state
            use(value)
        else:
            setattr(run, name, value.clone() if isinstance(value, Tensor) else value)
    advance(run, AHEAD)
    return run.weights, run.ema


FORGOTTEN = {
    "weights": "The weights themselves are missing.",
    "first": "AdamW's first moment is missing: the mean of the gradients begins again at zero, and the next "
    "steps go another way.",
    "second": "AdamW's second moment is missing: the next steps are of another length.",
    "step": "The number of steps is missing: AdamW corrects its young moments by it.",
    "ema": "The EMA is missing: the network that you would sample from.",
    "averaged": "How often the EMA was updated is missing: its decay warms up again, and it forgets what it "
    "had averaged.",
    "generator": "The generator's state is missing: the draws begin again with the first batch and noise. "
    "Its seed does not help, since that is where it began.",
}
TOGETHER = {
    "AdamW's moments are missing, both: the next steps begin as at the start.": ("first", "second"),
    "All of AdamW is missing: its moments, and the steps it counts.": ("first", "second", "step"),
    "All of the EMA is missing: the average, and how often it was updated.": ("ema", "averaged"),
    "Weights alone are no checkpoint: AdamW, the EMA, the counters and the generator go on from somewhere "
    "too.": NAMES[1:],
}
# what is said when exactly these are missing
MISSING = {frozenset([name]): words for name, words in FORGOTTEN.items()}
MISSING |= {frozenset(names): words for words, names in TOGETHER.items()}


def _mistakes(run: Run, later: Run, seed: int) -> dict[str, Any]:
    """What a checkpoint of `run` with all names leads to; `later` is where the run went on to."""
    whole_thing, moved = kept(run), kept(later)

    def ends(**changed: Any) -> Ends:
        return continued(whole_thing | changed, run.images, seed)

    found: dict[str, Any] = {FORGOTTEN["generator"]: ends(generator=seed)}  # a seed in place of a state
    aliases = [TENSORS, *((name,) for name in TENSORS), ("weights", "ema"), ("first", "second")]
    found[
        "What was saved went on to change: it holds the tensors themselves, and the run trains on in place. "
        "Save copies."
    ] = OneOf(ends(**{name: moved[name] for name in names}) for names in aliases)
    return found


def _checked(saved: Any) -> dict[str, Any]:
    """The answer, if it is a dictionary of what belongs into a checkpoint."""
    if not isinstance(saved, dict):
        raise CheckFailed(f"not right yet. A dictionary was asked for; this is a {type(saved).__name__}.")
    if "images" in saved:
        raise CheckFailed(
            "not right yet. The data set is in it: it never changes and would be written with every "
            "checkpoint. Leave images out."
        )
    if unknown := [name for name in saved if name not in NAMES]:
        raise CheckFailed(f"not right yet. A run has no {unknown[0]!r}; it has {', '.join(NAMES)}.")
    if lost := frozenset(NAMES).difference(saved):
        names = ", ".join(name for name in NAMES if name in lost)
        words = MISSING.get(lost, f"These are missing, and the next step reads them: {names}.")
        raise CheckFailed(f"not right yet. {words}")
    if isinstance(saved["generator"], torch.Generator):
        raise CheckFailed(
            "not right yet. That is the generator itself, which goes on drawing; save its state: get_state()."
        )
    return saved


@exercise(
    "20.5",
    "a checkpoint that continues exactly",
    hints=(
        "Go through the attributes of a run one by one. Which of them will be another after the next step?",
        "Four tensors, two counters and a generator. What is changed in place must be copied, since the run "
        "goes on; and of a generator its state is kept, get_state().",
        'return {"weights": run.weights.clone(), ..., "step": run.step, "averaged": run.averaged, '
        '"generator": run.generator.get_state()}',
    ),
)
def checkpoint(answer: Callable, draw: torch.Generator) -> None:
    """checkpoint(run) -> {name of an attribute: what it must be given back}."""
    for done in (whole(6, 12, draw), whole(20, 30, draw)):
        while True:
            images, seed = tensor(12, 3, draw=draw).double(), whole(0, 10**6, draw)
            run, later = (advance(begin(images, seed), k) for k in (done, done + AHEAD))
            right = later.weights, later.ema
            mistakes = _mistakes(run, later, seed)
            if apart([right, *mistakes.values()]):
                break
        saved = _checked(answer(run))
        advance(run, AHEAD)  # the run goes on, and the checkpoint must not
        got = continued(saved, images, seed)
        given = {"steps before the checkpoint": done, "steps behind it": AHEAD}
        expect(got, right, given, mistakes, tolerance=1e-6)
