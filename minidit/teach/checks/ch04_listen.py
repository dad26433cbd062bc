"""The check of exercise 4.6: a test that a network listens, tried on networks that do and that do not."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from minidit.model import ModelConfig, build
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed
from minidit.types import Condition

CLASSES = 4
TOKENS = {"modulation": "none", "time_as": "token", "label_as": "token"}
# all of these listen; the first three are deaf until their weights have moved
RIGHT = {
    "adaLN-Zero": {},
    "shared modulation": {"modulation": "shared"},
    "in-context tokens": TOKENS,
    "adaLN that does not start at zero": {"zero_init": "none"},
}

Told = tuple[Tensor, Condition]


def _hidden(y: Condition) -> Tensor:
    """Which labels are hidden, (batch,) bool."""
    if y.drop is not None:
        return y.drop
    return torch.zeros(0 if y.labels is None else len(y.labels), dtype=torch.bool)


def _labelled(y: Condition, change: Callable[[Tensor], Tensor]) -> Condition:
    return y if y.labels is None else y._replace(labels=change(y.labels))


def _all_alike(labels: Tensor) -> Tensor:
    return labels.where(labels == CLASSES, torch.zeros_like(labels))


FAULTY: dict[str, Callable[[Tensor, Condition], Told]] = {
    "the label is never heard": lambda t, y: (t, Condition()),
    "the time is never heard": lambda t, y: (torch.full_like(t, 0.5), y),
    "a hidden label is heard all the same": lambda t, y: (t, y._replace(drop=None)),
    "every label sounds the same": lambda t, y: (t, _labelled(y, _all_alike)),
    "the first image's label serves the whole batch": lambda t, y: (
        t,
        _labelled(y, lambda labels: labels[:1].expand_as(labels)),
    ),
    "the first image's time serves the whole batch": lambda t, y: (t[:1].expand_as(t), y),
    "nothing is heard while any label is hidden": lambda t, y: (
        t,
        Condition() if _hidden(y).any() else y,
    ),
}


class _Hearing(nn.Module):
    """A network that hears what `ear` lets through; without one, a right network."""

    def __init__(self, settings: dict, seed: int, ear: Callable[[Tensor, Condition], Told] | None = None):
        super().__init__()
        shape = {"in_channels": 1, "input_size": 4, "dim": 8, "depth": 1, "heads": 2, "learn_sigma": False}
        self.network = build(ModelConfig(**shape, num_classes=CLASSES, **settings), seed=seed)
        self.ear = ear

    def forward(self, x: Tensor, t: Tensor, condition: Condition | Tensor | None = None) -> Tensor:
        condition = Condition.of(condition)
        if self.ear is not None:
            t, condition = self.ear(t, condition)
        return self.network(x, t, condition)


@exercise(
    "4.6",
    "write the test: does it listen?",
    hints=(
        "A fresh adaLN-Zero network returns 0 whatever it is told, and that is right. What must your test do "
        "with the weights before it asks?",
        "Three questions, each with one thing changed: another t; another label; another hidden label. "
        "The first two must change the output, the third must not. Change the last image's alone, and look "
        "at that image alone. Ask again while the first image's label is hidden.",
        "for p in model.parameters(): nn.init.normal_(p, std=0.5). Take model(x, t, Condition(labels=..., "
        "drop=drop))[1] for labels that differ in [1]: it must change where drop[1] is False, else stay.",
    ),
)
def listens(answer: Callable, draw: torch.Generator) -> None:
    """listens(model) passes for networks that hear t and y, and raises AssertionError for the others."""
    seed = int(torch.randint(10**6, (), generator=draw))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, settings in RIGHT.items():
            _accept(answer, _Hearing(settings, seed), name)
        for name, ear in FAULTY.items():  # the plainest fault first
            _refuse(answer, _Hearing({"zero_init": "none"}, seed, ear), name)


def _accept(answer: Callable, model: _Hearing, name: str) -> None:
    try:
        answer(model)
    except AssertionError as error:
        deaf = "" if name.startswith("adaLN that") else ", fresh from `build`, which is still deaf"
        raise CheckFailed(
            f"not right yet. Your test refuses a right network ({name}{deaf}): AssertionError {error}"
        ) from None


def _refuse(answer: Callable, model: _Hearing, name: str) -> None:
    try:
        answer(model)
    except AssertionError:
        return
    raise CheckFailed(f"not right yet. Your test accepts a network in which {name}.")
