"""The ledger: where a network's parameters sit, and where its multiplications go.

1 MAC, a multiplication and an addition, is 2 FLOPs. What is counted are the matrix products, as in the
papers: linear layers, and the two products of attention. All else is little at published widths.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.model import ModelConfig, build, draw_keys
from minidit.model.attention import Attention, CrossAttention
from minidit.streams import Streams
from minidit.types import Condition, Keys

# the first word of a layer's name that stands here decides its part
PARTS = {
    "final": "final",
    "attention": "attention",
    "cross": "cross-attention",
    "mlp": "mlp",
    "modulation": "modulation",
    "shared": "shared modulation",
    "attention_norms": "norms",
    "mlp_norms": "norms",
    "patch": "patch",
    "encoder_patch": "patch",
    "position": "position",
    "time": "time",
    "label": "label",
    "text": "text",
    "to_decoder": "decoder",
    "mask_token": "decoder",
    "decoder": "decoder",
}


@dataclass(frozen=True)
class Row:
    """One part of a network: its trainable parameters, and its MACs for one image."""

    part: str
    parameters: int
    macs: int

    @property
    def flops(self) -> int:
        """Two for each MAC."""
        return 2 * self.macs


@dataclass(frozen=True)
class Ledger:
    """What a network costs, part by part, the part with most parameters first; print it to see a table.

    "modulation" is adaLN in the blocks; that of the last layer counts as "final". "decoder" is MaskDiT's,
    with all that stands in it.
    """

    title: str
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """All trainable parameters."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one forward pass, one image."""
        return sum(row.macs for row in self.rows)

    @property
    def flops(self) -> int:
        """Floating-point operations of one forward pass, one image: two a MAC."""
        return 2 * self.macs

    def __getitem__(self, part: str) -> Row:
        """The row of `part`. Raises MiniditError where the network has no such part."""
        for row in self.rows:
            if row.part == part:
                return row
        parts = ", ".join(row.part for row in self.rows)
        raise MiniditError(f"This network has no part {part!r}; it has: {parts}.")

    def __str__(self) -> str:
        total = Row("total", self.parameters, self.macs)
        head = f"{'part':<17}{'parameters':>14}{'share':>8}{'MACs':>16}{'FLOPs':>16}{'share':>8}"
        lines = [self.title, head]
        for row in (*self.rows, total):
            lines.append(
                f"{row.part:<17}{row.parameters:>14,}{row.parameters / total.parameters:>8.1%}"
                f"{row.macs:>16,}{row.flops:>16,}{row.macs / total.macs:>8.1%}"
            )
        gmac, gflop = self.macs / 1e9, self.flops / 1e9
        lines += [
            f"One image, forward: {gmac:.5g} GMAC = {gflop:.5g} GFLOP (a MAC is 2 FLOPs).",
            "Papers in this field print GMAC and call them GFLOPs.",
        ]
        return "\n".join(lines)


def ledger(
    model: str | ModelConfig | nn.Module,
    *,
    training: bool = False,
    caption_tokens: int = 120,
    **overrides: object,
) -> Ledger:
    """Count a network's parameters, and the MACs of one forward pass with one image.

    Nothing is allocated: a twin of the network runs on the meta device, where tensors have shapes only.

    Args:
        model: a preset such as "DiT-XL/2", a ModelConfig, or a network that `build` made.
        training: count a pass of training, in which tokens skip the blocks of a route, masked tokens skip
            MaskDiT's encoder, and samples skip blocks of stochastic depth (there the mean over samples).
        caption_tokens: tokens of a caption, where the network is told one (PixArt's T5 gives 120).
        overrides: fields of ModelConfig that differ, such as `modulation="shared"`.

    Raises:
        MiniditError: no such preset, not a network of minidit, or settings that do not fit together.
    """
    if isinstance(model, nn.Module):
        model = _config_of(model)
    if caption_tokens < 1:
        raise MiniditError(f"caption_tokens is {caption_tokens}; a caption has at least 1.")
    twin = build(model, device="meta", **overrides)
    parameters, macs = parameters_by_part(twin), _macs(twin, training, caption_tokens)
    rows = [Row(part, parameters.get(part, 0), macs[part]) for part in {**parameters, **macs}]
    rows.sort(key=lambda row: -row.parameters)
    said = [model if isinstance(model, str) else f"{type(twin).__name__} of width {twin.config.dim}"]
    said += [f"{name} {value}" for name, value in overrides.items()]
    said += [] if twin.config.text_as in ("none", "modulation") else [f"captions of {caption_tokens} tokens"]
    said += ["a pass of training"] if training else []
    return Ledger(", ".join(said), tuple(rows))


def _config_of(model: nn.Module) -> ModelConfig:
    config = getattr(model, "config", None)
    if not isinstance(config, ModelConfig):
        raise MiniditError(
            f"A {type(model).__name__} has no ModelConfig to count by: give a network that minidit.build "
            "made, or the name of a preset."
        )
    return config


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """Trainable parameters of each part that has any; the values add up to all of them.

    Parts are those of a `Ledger`; what belongs to none of them counts as "other".
    """
    counts = Counter()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            counts[_part(name)] += parameter.numel()
    order = dict.fromkeys([*PARTS.values(), "other"])
    return {part: counts[part] for part in order if counts[part]}


def _part(name: str) -> str:
    return next((PARTS[word] for word in name.split(".") if word in PARTS), "other")


def _macs(twin: nn.Module, training: bool, caption_tokens: int) -> Counter[str]:
    """MACs of each part: a pass of shapes alone, watched by a hook on each layer that multiplies."""
    config, counts = twin.config, Counter()
    for name, layer in twin.named_modules():
        if isinstance(layer, nn.Linear | Attention | CrossAttention):
            share = _share_that_runs(config, name) if training else 1.0
            layer.register_forward_hook(_add_to(counts, _part(name), share))
    with torch.device("meta"):
        image = torch.empty(1, config.in_channels, *config.image_size)
        time, caption = torch.empty(1), torch.empty(1, caption_tokens, config.text_dim)
    condition = {
        "none": Condition(),
        "modulation": Condition(pooled=caption[:, 0]),
    }.get(config.text_as, Condition(text=caption))
    with torch.no_grad():
        twin(image, time, condition, keys=_keys(config) if training else None)
    return counts


def _add_to(counts: Counter[str], part: str, share: float) -> Callable[..., None]:
    """A forward hook that adds a layer's MACs to its part."""

    def hook(layer: nn.Module, given: tuple[Tensor | None, ...], output: Tensor) -> None:
        if isinstance(layer, nn.Linear):
            macs = output.numel() * layer.in_features
        else:  # q k^T and attention times v, each heads * n * m * head_dim = n * dim * m
            seen = given[1] if isinstance(layer, CrossAttention) else given[0]  # (b, m, ...)
            macs = 2 * output.numel() * seen.shape[1]
        counts[part] += round(share * macs)

    return hook


def _share_that_runs(config: ModelConfig, name: str) -> float:
    """The share of samples that a layer works on under stochastic depth, on average."""
    words = name.split(".")
    return 1 - config.stochastic_depth * (int(words[1]) + 1) / config.depth if words[0] == "blocks" else 1.0


def _keys(config: ModelConfig) -> Keys:
    """Keys for one image, of which only the shape matters."""
    keys = draw_keys(config, 1, Streams(0), 0)
    route, mask = (None if key is None else key.to("meta") for key in (keys.route, keys.mask))
    return Keys(route=route, mask=mask)  # with depth keys, what runs would depend on their values
