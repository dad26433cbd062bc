"""Checks of chapter 4: modulate, start at zero, count, embed the time, test that a network listens."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model import ModelConfig, build
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

        b, s, g = (part.unsqueeze(1) for part in (shift, scale, gate))
        y = _norm(x)
        seen = y * (1 + s) + b
        mistakes = {
            "The 1 is missing: scale 0 must leave a token as it is. A fresh block hides it: its gate is 0.": x
            + g * f(y * s + b),
            "The gate stands before the whole sum; it belongs to the branch, and x passes by.": g
            * (x + f(seen)),
            "Shift and scale are swapped.": x + g * f(y * (1 + b) + s),
            "The gate has no 1 of its own: gate 0 must shut the branch.": x + (1 + g) * f(seen),
            "The modulation stands before the norm, which undoes most of it.": x
            + g * f(_norm(x * (1 + s) + b)),
            "The norm is missing: the branch must see norm(x).": x + g * f(x * (1 + s) + b),
            "The branch is not added to x.": g * f(seen),
            # with as many tokens as images the missing axis makes no error
            "shift, scale and gate have no axis for tokens: line them up with unsqueeze(1).": x
            + gate * f(y * (1 + scale) + shift)
            if batch == tokens
            else None,
        }
        given = {"x": x, "f(y)": "tanh(y @ weight)", "shift": shift, "scale": scale, "gate": gate}
        expect(answer(x.clone(), f, shift, scale, gate), x + g * f(seen), given, mistakes)


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


@exercise(
    "4.3",
    "the size of shared modulation",
    hints=(
        "Three places: one linear layer for all blocks, a table in each block, a table in the final layer.",
        "A linear layer from dim to 6 dim has 6 * dim * dim weights, and biases. A table is (6, dim). "
        'Compare with `minidit.measure.ledger("DiT-S/2", modulation="shared")`.',
        "6 * dim * (dim + 1) + depth * 6 * dim + 2 * dim",
    ),
)
def shared_size(answer: Callable, draw: torch.Generator) -> None:
    """shared_size(dim, depth) -> parameters of adaLN-single in the whole network."""
    for depth in (2, whole(3, 9, draw)):
        dim = 4 * whole(2, 30, draw)
        linear, tables, final = 6 * dim * (dim + 1), 6 * dim * depth, 2 * dim
        mistakes = {
            "Each block kept a linear layer of its own; they share one.": depth * linear + tables + final,
            "Each block kept a linear layer and lost its table: that is adaLN.": depth * linear + final,
            "The tables of the blocks are missing.": linear + final,
            "The final layer is missing: it has a table for its shift and scale.": linear + tables,
            "The final layer has a table (2, dim), not a linear layer.": linear
            + tables
            + 2 * dim * (dim + 1),
            "The bias of the shared layer is missing.": linear - 6 * dim + tables + final,
        }
        expect(answer(dim, depth), linear + tables + final, {"dim": dim, "depth": depth}, mistakes)


@exercise(
    "4.4",
    "the share of adaLN",
    hints=(
        "Every parameter of adaLN has `modulation` in its name. Look at `model.named_parameters()`.",
        "Print the names that you count. Is the final layer's modulation among them, and its `linear` not? "
        "Weights and biases both count, and the whole network is below the line.",
        'sum(p.numel() for name, p in model.named_parameters() if "modulation" in name), over the sum of all',
    ),
)
def share_of_adaln(answer: Callable, draw: torch.Generator) -> None:
    """share(model) -> the share of a network's parameters that makes shifts, scales and gates."""
    for _ in range(2):
        dim, depth = 8 * whole(1, 4, draw), whole(1, 4, draw)
        config = ModelConfig(dim=dim, depth=depth, heads=2, input_size=8, num_classes=whole(5, 40, draw))
        model = build(config)
        sizes = {name: p.numel() for name, p in model.named_parameters()}
        everything = sum(sizes.values())
        in_blocks = sum(n for name, n in sizes.items() if "modulation" in name and "blocks" in name)
        all_of_it = sum(n for name, n in sizes.items() if "modulation" in name)
        biases = sum(n for name, n in sizes.items() if "modulation" in name and "bias" in name)
        blocks = sum(n for name, n in sizes.items() if "blocks" in name)
        last = sum(n for name, n in sizes.items() if "final" in name)
        mistakes = {
            "The final layer was forgotten: it has a modulation too.": in_blocks / everything,
            "You counted biases only.": biases / everything,
            "You divided by the blocks alone; embeddings and the last layer are parameters too.": in_blocks
            / blocks,
            "6 of 18 is the share of the weights in a block, without biases: count this network.": 1 / 3,
            "6 of 12 leaves out the MLP, which has 8 of a block's 18 parts.": 1 / 2,
            "final.linear makes pixels, not shifts and scales.": (in_blocks + last) / everything,
        }
        given = {"model": f"{depth} blocks of width {dim}, {config.num_classes} classes"}
        expect(answer(model), all_of_it / everything, given, mistakes, tolerance=1e-6)


def _features(t: Tensor, dim: int, by: float = 1.0, minus: int = 0) -> tuple[Tensor, Tensor]:
    half = dim // 2
    angles = t[:, None] * 10_000.0 ** (-by * torch.arange(half) / (half - minus))
    return angles.cos(), angles.sin()


@exercise(
    "4.5",
    "sinusoidal features of the time",
    hints=(
        "Half are cosines, half sines. Each pair has its own frequency: the first is 1, then ever lower.",
        "The features see scale * t, not t. `RuntimeError: The size of tensor a ...`: the angles are a "
        "table, (batch, 1) times (dim / 2,).",
        "half = dim // 2; angles = scale * t[:, None] * 10_000 ** (-torch.arange(half) / half); "
        "torch.cat([angles.cos(), angles.sin()], dim=1)",
    ),
)
def time_features(answer: Callable, draw: torch.Generator) -> None:
    """time_features(t, dim, scale) -> cosines, then sines, of scale * t at dim / 2 frequencies."""
    for dim in (6, 2 * whole(4, 6, draw)):
        t, scale = 0.05 + 0.9 * torch.rand(3, generator=draw), float(whole(20, 90, draw))
        cos, sin = _features(scale * t, dim)
        mistakes = {
            "The time is not scaled: most features would hardly move.": torch.cat(_features(t, dim), 1),
            "The sines stand first; here the cosines do.": torch.cat([sin, cos], 1),
            "Cosines and sines alternate; here all cosines come first.": torch.stack([cos, sin], 2).flatten(
                1
            ),
            "The exponent is divided by dim / 2 - 1, as in DDPM's code; here by dim / 2.": torch.cat(
                _features(scale * t, dim, minus=1), 1
            ),
            "The frequencies grow; they should fall from 1.": torch.cat(
                _features(scale * t, dim, by=-1.0), 1
            ),
            "The exponent runs to 2: divide by dim / 2, not by dim / 4.": torch.cat(
                _features(scale * t, dim, by=2.0), 1
            ),
        }
        given = {"t": t, "dim": dim, "scale": scale}
        expect(answer(t.clone(), dim, scale), torch.cat([cos, sin], 1), given, mistakes)
