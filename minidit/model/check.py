"""What a forward pass refuses, and the sentence that says why."""

from collections.abc import Collection

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.model.config import ModelConfig
from minidit.model.route import parse_routes
from minidit.types import Condition, Keys


def check_inputs(
    config: ModelConfig, x: Tensor, t: Tensor, condition: Condition, keys: Keys, keep: Collection[int]
) -> None:
    """Raise MiniditError where an argument of a forward pass does not fit a network of `config`."""
    check_images(config, x)
    if t.shape != x.shape[:1]:
        raise MiniditError(
            f"t has shape {tuple(t.shape)}; it must be ({x.shape[0]},), one time for each image. "
            "Use torch.full((batch,), 0.5) to give all the same time."
        )
    _check_drop(len(x), condition.drop)
    _check_labels(config, len(x), condition.labels)
    _check_text(config, len(x), condition)
    _check_keys(config, len(x), keys)
    _check_keep(config, keys, keep)


def check_images(config: ModelConfig, x: Tensor) -> None:
    """Raise MiniditError where x is not a batch of this network's images."""
    wanted = (config.in_channels, *config.image_size)
    if x.ndim != 4 or tuple(x.shape[1:]) != wanted:
        raise MiniditError(
            f"x has shape {tuple(x.shape)}; this network takes (batch, {', '.join(map(str, wanted))}). "
            "Resize the images, or build with another input_size or in_channels."
        )


def check_word(config: ModelConfig, x: Tensor, s: Tensor) -> None:
    """Raise MiniditError where s is no word of DDT's encoder for the images x."""
    wanted = (len(x), config.tokens, config.dim)
    if tuple(s.shape) != wanted:
        raise MiniditError(f"s has shape {tuple(s.shape)}; it must be {wanted}, as `encode` returns it.")


def _visible(tensor: Tensor) -> bool:
    """Whether there are values to look at, and at no cost: on a GPU a look would stop the queue."""
    traced = torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()
    return tensor.device.type == "cpu" and tensor.numel() > 0 and not traced


def _check_drop(batch: int, drop: Tensor | None) -> None:
    if drop is not None and (drop.dtype != torch.bool or drop.shape != (batch,)):
        raise MiniditError(
            f"drop is {drop.dtype} of shape {tuple(drop.shape)}; it must be bool of shape ({batch},), True "
            "where the null condition takes over."
        )


def _check_labels(config: ModelConfig, batch: int, labels: Tensor | None) -> None:
    if labels is None or config.label_as == "none":
        return
    if labels.shape != (batch,):
        raise MiniditError(f"labels has shape {tuple(labels.shape)}; it must be ({batch},).")
    if labels.dtype not in (torch.int64, torch.int32):
        raise MiniditError(f"labels are {labels.dtype}; they must be whole numbers: use labels.long().")
    if not _visible(labels):
        return  # there the embedding reports a bad label itself
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > config.num_classes:
        raise MiniditError(
            f"labels run from {low} to {high}; this network knows 0 to {config.num_classes - 1}, "
            f"and {config.num_classes} for the null label."
        )


def _check_text(config: ModelConfig, batch: int, condition: Condition) -> None:
    text, pooled, mask = condition.text, condition.pooled, condition.text_mask
    if config.text_as == "none":
        if text is not None or pooled is not None:
            raise MiniditError(
                "This network takes class labels only; leave text and pooled empty, or build it with text_as."
            )
        return
    needed, given, shape = ("text", text, (batch, "tokens", config.text_dim))
    if config.text_as == "modulation":
        needed, given, shape = ("pooled", pooled, (batch, config.text_dim))
        if text is not None and pooled is None:
            raise MiniditError('text_as "modulation" reads one vector a caption: give pooled, not text.')
    elif pooled is not None and text is None:
        raise MiniditError(f'text_as "{config.text_as}" reads caption tokens: give text, not pooled.')
    if given is None:
        return
    if given.ndim != len(shape) or given.shape[0] != batch or given.shape[-1] != config.text_dim:
        raise MiniditError(
            f"{needed} has shape {tuple(given.shape)}; it must be ({', '.join(map(str, shape))})."
        )
    if mask is None or needed == "pooled":
        return
    if mask.dtype != torch.bool or mask.shape != text.shape[:2]:
        raise MiniditError(
            f"text_mask is {mask.dtype} of shape {tuple(mask.shape)}; it must be bool of shape "
            f"{tuple(text.shape[:2])}, True at real tokens."
        )
    read = mask if condition.drop is None else mask | condition.drop[:, None]  # a dropped one is not read
    if _visible(mask) and not bool(read.any(dim=1).all()):
        raise MiniditError("A caption of text_mask has no real token; hide a caption with Condition.drop.")


def _check_keys(config: ModelConfig, batch: int, keys: Keys) -> None:
    routes = len(parse_routes(config.route, config.depth))
    wanted = {
        "route": (batch, routes, config.tokens) if routes else None,
        "depth": (batch, config.depth) if config.stochastic_depth else None,
        "mask": (batch, config.tokens) if config.mask else None,
    }
    if not any(wanted.values()) and any(key is not None for key in keys):
        raise MiniditError("This network skips no work in training, so it takes no keys.")
    for name, shape in wanted.items():
        key = getattr(keys, name)
        if key is not None and tuple(key.shape) != (shape or ()):
            should = f"it must be {shape}" if shape else "this network drops nothing that way: leave it out"
            raise MiniditError(f"keys.{name} has shape {tuple(key.shape)}; {should}. See draw_keys.")


def _check_keep(config: ModelConfig, keys: Keys, keep: Collection[int]) -> None:
    if any(not 1 <= number <= config.depth for number in keep):
        raise MiniditError(f"keep names blocks {sorted(keep)}; this network has blocks 1 to {config.depth}.")
    routes = parse_routes(config.route, config.depth) if keys.route is not None else ()
    inside = [n for n in sorted(keep) if any(route.start <= n <= route.end for route in routes)]
    if inside or (keep and keys.mask is not None):
        where = f"block {inside[0]} lies inside a route" if inside else "the encoder sees some tokens only"
        raise MiniditError(
            f"keep asks for features of all tokens, but with these keys {where}. Ask for a block outside it, "
            "or evaluate without keys."
        )
