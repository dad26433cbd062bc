"""Checks of chapter 4, the block: modulate and gate a branch, start at zero."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect


def _norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


@exercise(
    "4.1",
    "modulate and gate a branch",
    hints=(
        "From the inside out: normalise x, multiply and add, apply f, multiply by the gate, add x. Which "
        "scale and which gate leave everything as it was?",
        "`RuntimeError: The size of tensor a must match the size of tensor b`: scale has no axis for tokens. "
        "`scale.unsqueeze(1)` gives it one. With as many tokens as images there is no error, only a wrong "
        "result.",
        "y = F.layer_norm(x, x.shape[-1:]); shift, scale, gate = (p.unsqueeze(1) for p in ...); "
        "x + gate * f(y * (1 + scale) + shift)",
    ),
)
def branch(answer: Callable, draw: torch.Generator) -> None:
    """branch(x, f, shift, scale, gate) -> x + gate f(norm(x) (1 + scale) + shift)."""
    for batch, tokens in ((2, 2), (3, 4)):
        x, weight = tensor(batch, tokens, 4, draw=draw), tensor(4, 4, draw=draw)
        shift, scale, gate = (tensor(batch, 4, draw=draw) + 0.3 for _ in range(3))

        def f(y: Tensor, weight: Tensor = weight) -> Tensor:
            return (y @ weight).tanh()

        given = {"x": x, "f(y)": "tanh(y @ weight)", "shift": shift, "scale": scale, "gate": gate}
        b, s, g = (part.unsqueeze(1) for part in (shift, scale, gate))
        right = x + g * f(_norm(x) * (1 + s) + b)
        mistakes = _wrong_branches(x, f, shift, scale, gate)
        expect(answer(x.clone(), f, shift, scale, gate), right, given, mistakes)


def _wrong_branches(
    x: Tensor, f: Callable, shift: Tensor, scale: Tensor, gate: Tensor
) -> dict[str, Tensor | None]:
    b, s, g = (part.unsqueeze(1) for part in (shift, scale, gate))
    y = _norm(x)
    seen = y * (1 + s) + b
    return {
        "The 1 is missing: scale 0 must leave a token as it is. A fresh block hides it: its gate is 0.": x
        + g * f(y * s + b),
        "The gate stands before the whole sum; it belongs to the branch, and x passes by.": g * (x + f(seen)),
        "Shift and scale are swapped.": x + g * f(y * (1 + b) + s),
        "The gate has no 1 of its own: gate 0 must shut the branch.": x + (1 + g) * f(seen),
        "The modulation stands before the norm, which undoes most of it.": x + g * f(_norm(x * (1 + s) + b)),
        "The norm is missing: the branch must see norm(x).": x + g * f(x * (1 + s) + b),
        "The branch is not added to x.": g * f(seen),
        "You added to norm(x); the skip path carries x itself, and the branch alone sees norm(x).": (
            y + g * f(seen)
        ),
        "You put the gate inside f; asked for is to multiply what f returns.": x + f(g * seen),
        "You normalised over the last two axes; each token is normalised by itself.": (
            x + g * f(F.layer_norm(x, x.shape[1:], eps=1e-6) * (1 + s) + b)
        ),
        # with as many tokens as images the missing axis makes no error
        "shift, scale and gate have no axis for tokens: line them up with unsqueeze(1).": x
        + gate * f(y * (1 + scale) + shift)
        if len(x) == x.shape[1]
        else None,
    }


class _Block(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.attention, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.modulation = nn.Linear(dim, 6 * dim)


class _Final(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.modulation, self.linear = nn.Linear(dim, 2 * dim), nn.Linear(dim, 4)


class _Network(nn.Module):
    """Parts named as in the exercise; every parameter starts far from where it should."""

    def __init__(self, dim: int, depth: int, draw: torch.Generator):
        super().__init__()
        self.patch = nn.Linear(4, dim)
        self.blocks = nn.ModuleList(_Block(dim) for _ in range(depth))
        self.final = _Final(dim)
        for parameter in self.parameters():
            parameter.data.normal_(5, 1, generator=draw)


def _zero(*layers: nn.Linear) -> list[bool]:
    return [not layer.weight.any() for layer in layers]


def _faults_of_start(network: _Network) -> Iterator[tuple[str, bool]]:
    """(words, whether it is so), in the order in which they should be told."""
    told, final = [block.modulation for block in network.blocks], network.final
    others = [network.patch] + [layer for block in network.blocks for layer in (block.attention, block.mlp)]
    layers = [*told, final.modulation, final.linear, *others]
    size = {
        layer: (layer.weight.abs().max() / (6 / sum(layer.weight.shape)) ** 0.5).item() for layer in layers
    }
    yield "All weights are zero: such a network can never learn.", all(_zero(*layers))
    yield "Some weights are as they were: `apply` must reach every layer.", max(size.values()) > 1.001
    yield "A bias is not zero.", any(bool(layer.bias.any()) for layer in layers)
    yield (
        "The blocks' modulation has Xavier's weights, not zeros. Either `apply` came last and overwrote the "
        "zeros, or only the bias was set to zero.",
        not all(_zero(*told)),
    )
    yield "The final layer was forgotten: `final.linear` is not zero.", not all(_zero(final.linear))
    yield "The final layer has a modulation too, and it is not zero.", not all(_zero(final.modulation))
    yield "A layer that should have Xavier's weights is zero.", any(_zero(*others))
    yield (
        "The weights are too small for Xavier's: uniform up to sqrt(6 / (fan_in + fan_out)).",
        min(size[layer] for layer in others) < 0.7,
    )


@exercise(
    "4.2",
    "an init that survives apply()",
    hints=(
        "`model.apply(fn)` calls fn on every module, also on those whose zeros you have just set.",
        "The last write wins. At the end, print `model.blocks[0].modulation.weight.abs().max()`; it must be "
        "0. And look at `model.final`: it has two linear layers.",
        "First model.apply(xavier), then for layer in (*(b.modulation for b in model.blocks), "
        "model.final.modulation, model.final.linear): nn.init.zeros_(layer.weight); biases are 0 already",
    ),
)
def start(answer: Callable, draw: torch.Generator) -> None:
    """start(model) sets every parameter in place: Xavier, but zeros where adaLN-Zero has them."""
    for depth in (1, 3):
        network = _Network(whole(6, 10, draw), depth, draw)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(whole(0, 10**6, draw))
            answer(network)
        for words, so in _faults_of_start(network):
            if so:
                raise CheckFailed(f"not right yet, for a network of {depth} blocks. {words}")
