"""Name by name: which of our tensors is which of the publisher's, and the copy between them."""

import re

import torch
from torch import nn

from minidit.errors import MiniditError
from minidit.model.config import ModelConfig
from minidit.official.families import Family, State
from minidit.official.keys import Key

WITHOUT_TWIN = ("text.null",)  # ours alone: the publishers embed an empty caption instead
NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)")


def targets(known: Family, model: nn.Module, projectors: nn.ModuleList) -> State:
    """All that the publisher keeps: parameters, and tables that stand in the file beside them.

    DiT's position table is taken from the file too: in published averaged weights it has drifted by 1e-4.
    """
    found = dict(model.named_parameters())
    found |= {f"projectors.{name}": parameter for name, parameter in projectors.named_parameters()}
    tables = {"position": model.position}
    if model.rope is not None:
        tables |= {"rope.cos": model.rope[0], "rope.sin": model.rope[1]}
    return found | {name: table for name, table in tables.items() if name in known.table}


def row_of(family: str, known: Family, name: str) -> tuple[list[str], Key]:
    """The publisher's names of our tensor `name`, and its row of the table."""
    stem, dot, kind = name.rpartition(".")
    for whole, ending in ((name, ""), (stem, dot + kind)):
        row = known.table.get(NUMBER.sub("{}", whole))
        if row is not None:
            return [theirs.format(*NUMBER.findall(whole)) + ending for theirs in row.theirs], row
    raise MiniditError(f"The family {family} has no place for {name} of this network.")


@torch.no_grad()
def fill(family: str, known: Family, config: ModelConfig, into: State, state: State) -> None:
    """Copy every tensor to its place, after all names and shapes were found to fit.

    Raises:
        MiniditError: missing or surplus names, or other shapes; nothing was copied.
    """
    plan = {name: row_of(family, known, name) for name in into if name not in WITHOUT_TWIN}
    wanted = {theirs for names, _ in plan.values() for theirs in names}
    _refuse(family, "missing", sorted(wanted - set(state)))
    _refuse(family, "surplus", sorted(set(state) - wanted))
    _refuse(family, "of another shape", list(_misshapen(plan, config, into, state)))
    for name, (theirs, row) in plan.items():
        into[name].copy_(row.read([state[each].float() for each in theirs], config))
    for name in WITHOUT_TWIN:
        if name in into:
            into[name].zero_()


def _misshapen(plan: dict[str, tuple[list[str], Key]], config: ModelConfig, into: State, state: State):
    for name, (theirs, row) in plan.items():
        for each, part in zip(theirs, row.write(into[name], config), strict=True):
            if state[each].shape != part.shape:
                yield f"{each} {tuple(state[each].shape)} instead of {tuple(part.shape)}"


def _refuse(family: str, fault: str, names: list[str]) -> None:
    if names:
        raise MiniditError(f"These weights do not fit a {family} of these settings; {fault}: {some(names)}.")


def some(words: list[str]) -> str:
    """The first of a list, and how many more there are."""
    return ", ".join(words[:4]) + (f" and {len(words) - 4} more" if len(words) > 4 else "")
