"""Checks of chapter 4, around the block: count its parameters, embed the time."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.model import ModelConfig, build
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect


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
        own = OneOf(
            depth * layer + end
            for layer in (linear, linear - 6 * dim)
            for end in (0, final, 2 * dim * dim, 2 * dim * (dim + 1))
        )
        mistakes = {
            "Each block kept a linear layer of its own; they share one.": depth * linear + tables + final,
            "You counted one linear layer in each block; the blocks share one, and each adds a table.": own,
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
        every_bias = sum(n for name, n in sizes.items() if name.endswith("bias"))
        blocks = sum(n for name, n in sizes.items() if "blocks" in name)
        last = sum(n for name, n in sizes.items() if "final" in name)
        mistakes = {
            "The final layer was forgotten: it has a modulation too.": in_blocks / everything,
            "You counted biases only.": biases / everything,
            "You counted weights without biases; both are parameters.": OneOf(
                (all_of_it - biases) / n for n in (everything, everything - every_bias)
            ),
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
        given = {"t": t, "dim": dim, "scale": scale}
        right = torch.cat(_features(scale * t, dim), 1)
        expect(answer(t.clone(), dim, scale), right, given, _wrong_features(t, dim, scale))


def _wrong_features(t: Tensor, dim: int, scale: float) -> dict[str, Tensor | OneOf]:
    cos, sin = _features(scale * t, dim)
    ddpm_cos, ddpm_sin = _features(scale * t, dim, minus=1)
    wrong = {
        "You did not scale the time: most features would hardly move.": _features(t, dim),
        "You scaled the time by 1000, DiT's number; asked for is `scale`.": _features(1000 * t, dim),
        "You put the sines first; asked for are the cosines first.": (sin, cos),
        "You divided the exponent by dim / 2 - 1, as DDPM's code does; asked for is dim / 2.": (
            ddpm_cos,
            ddpm_sin,
        ),
        "You wrote DDPM's code, sines first and dim / 2 - 1 in the exponent; asked for are the cosines first "
        "and dim / 2.": (ddpm_sin, ddpm_cos),
        "Your frequencies grow; asked for is to fall from 1.": _features(scale * t, dim, by=-1.0),
        "Your frequencies fall too slowly: there are dim / 2, so divide i by dim / 2, not by dim.": _features(
            scale * t, dim, by=0.5
        ),
        "The exponent runs to 2: divide by dim / 2, not by dim / 4.": _features(scale * t, dim, by=2.0),
    }
    woven = OneOf(torch.stack(pair, 2).flatten(1) for pair in ((cos, sin), (sin, cos)))
    alternating = "You let cosines and sines alternate; asked for are all cosines, then all sines."
    return {words: torch.cat(pair, 1) for words, pair in wrong.items()} | {alternating: woven}
