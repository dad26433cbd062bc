"""Published weights into minidit's networks, and back, name by name."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from minidit.align.projector import Projector
from minidit.errors import MiniditError
from minidit.model.build import build
from minidit.model.config import ModelConfig
from minidit.official.families import FAMILIES, Family, Settings, State
from minidit.official.files import read_weights
from minidit.official.keys import Key
from minidit.official.layouts import to_publisher
from minidit.official.published import Published
from minidit.official.settings import from_diffusers, settle

WITHOUT_TWIN = ("text.null",)  # ours alone: the publishers embed an empty caption instead
TRAINING_ONLY = (
    "zero_init",
    "route",
    "stochastic_depth",
    "mask",
    "decoder_depth",
    "decoder_dim",
    "decoder_heads",
)


def load(
    family: str, source: Mapping[str, Any] | str | Path, config: Mapping[str, Any] | None = None
) -> Published:
    """Load published weights.

    Args:
        family: "dit", "sit", "lightningdit", "ddt", "repa" or "pixart".
        source: a state dict, a training checkpoint, or the path of a .pt, .pth, .bin or .safetensors file,
            or of a diffusers folder (dit, pixart). Averaged weights are taken where a file has both.
        config: settings in the publisher's words, such as {"heads": 4}. What the shapes tell need not be
            given; known presets are recognised.

    Returns:
        The network in evaluation mode, on the CPU, in float32.

    Raises:
        MiniditError: an unknown family, weights of another one, missing or surplus names, shapes that do
            not fit, or a setting that has to be told.
    """
    known = _family(family)
    state, beside = read_weights(source)
    state = to_publisher(family, state)
    _refuse_another_family(family, state)
    settings = settle(family, known, state, {**from_diffusers(beside), **(config or {})})
    model = build(known.config(settings))
    projectors = _projectors(state, settings)
    targets = _targets(model, projectors)
    _fill(family, known, model.config, targets, state)
    return Published(family, model.eval(), settings, known.prediction, projectors.eval())


def save(model: Published | nn.Module, family: str, path: str | Path | None = None) -> State:
    """The weights under the publisher's names; also written as safetensors where `path` is given.

    `load` and `save` undo each other, to the last bit.

    Raises:
        MiniditError: an unknown family, or a network that is not of this family.
    """
    known = _family(family)
    network, projectors = (
        (model.model, model.projectors) if isinstance(model, Published) else (model, nn.ModuleList())
    )
    _refuse_other_settings(family, known, network.config)
    state = {}
    for name, tensor in _targets(network, projectors).items():
        if name not in WITHOUT_TWIN:
            names, row = _theirs(family, known, name)
            state |= zip(names, row.write(tensor.detach(), network.config), strict=True)
    state = {name: tensor.contiguous().clone() for name, tensor in state.items()}
    if path is not None:
        save_file(state, path)
    return state


def _family(name: str) -> Family:
    if name not in FAMILIES:
        near = get_close_matches(name, FAMILIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise MiniditError(
            f"There is no family {name!r} of published networks.{hint} There are: {', '.join(FAMILIES)}."
        )
    return FAMILIES[name]


def _refuse_another_family(family: str, state: State) -> None:
    if FAMILIES[family].fits(state) or (family == "repa" and FAMILIES["sit"].fits(state)):
        return
    fitting = [name for name, other in FAMILIES.items() if other.fits(to_publisher(name, state))]
    missing = [s for s in FAMILIES[family].signature if not any(name.startswith(s) for name in state)]
    why = f"{missing[0]} is missing" if missing else f"they have {FAMILIES[family].absent[0]}*"
    like = (
        f"They look like {' or '.join(fitting)}."
        if fitting
        else f"They begin with {', '.join(list(state)[:3])}."
    )
    raise MiniditError(f"These weights are not of the family {family}: {why}. {like}")


def _projectors(state: State, settings: Settings) -> nn.ModuleList:
    """REPA's projectors; how wide they are inside stands in the shapes alone."""
    projectors = nn.ModuleList()
    for number, out in enumerate(settings.get("z_dims", ())):
        hidden = state[f"projectors.{number}.0.weight"].shape[0]
        projectors.append(Projector(settings["hidden"], hidden, out))
    return projectors


def _targets(model: nn.Module, projectors: nn.ModuleList) -> State:
    """Everything that publishers keep: parameters, and the tables that they store beside them."""
    targets = dict(model.named_parameters()) | {
        f"projectors.{k}": v for k, v in projectors.named_parameters()
    }
    config: ModelConfig = model.config
    if config.position == "sincos" and config.text_as == "none":
        targets["position"] = model.position
    if config.rope == "axial":
        targets |= {"rope.cos": model.rope[0], "rope.sin": model.rope[1]}
    return targets


def _theirs(family: str, known: Family, name: str) -> tuple[list[str], Key]:
    """The publisher's names of one of our tensors, and its row of the table."""
    numbers = re.findall(r"(?<=\.)\d+(?=\.|$)", name)
    stem, dot, kind = name.rpartition(".")
    for whole, ending in ((name, ""), (stem, dot + kind)):
        pattern = re.sub(r"(?<=\.)\d+(?=\.|$)", "{}", whole)
        for candidate in (pattern, pattern.replace("norms.{}", "norms.0")):
            if candidate in known.table:
                row = known.table[candidate]
                return [theirs.format(*numbers) + ending for theirs in row.theirs], row
    raise MiniditError(f"The family {family} has no place for {name} of this network.")


@torch.no_grad()
def _fill(family: str, known: Family, config: ModelConfig, targets: State, state: State) -> None:
    """Copy every tensor into its place, after all names and shapes were found to fit."""
    plan = {name: _theirs(family, known, name) for name in targets if name not in WITHOUT_TWIN}
    wanted = {theirs for names, _ in plan.values() for theirs in names}
    missing, surplus = sorted(wanted - set(state)), sorted(set(state) - wanted)
    if missing or surplus:
        said = [
            f"{word} {_some(names)}" for word, names in (("missing", missing), ("surplus", surplus)) if names
        ]
        raise MiniditError(f"These weights do not fit a {family} of these settings: {'; '.join(said)}.")
    wrong = []
    for name, (theirs, row) in plan.items():
        template = row.write(targets[name], config)
        wrong += [
            f"{each} is {tuple(state[each].shape)}, expected {tuple(part.shape)}"
            for each, part in zip(theirs, template, strict=True)
            if state[each].shape != part.shape
        ]
    if wrong:
        raise MiniditError(f"These weights do not fit a {family} of these settings: {_some(wrong)}.")
    for name, (theirs, row) in plan.items():
        targets[name].copy_(row.read([state[each].float() for each in theirs], config))
    for name in WITHOUT_TWIN:
        if name in targets:
            targets[name].zero_()


def _some(words: list[str]) -> str:
    return ", ".join(words[:4]) + (f" and {len(words) - 4} more" if len(words) > 4 else "")


def _refuse_other_settings(family: str, known: Family, config: ModelConfig) -> None:
    """A network of another make would be written without a word, and mean something else there."""
    qk_norm = {"qk_norm": bool(config.qk_norm)}
    settings = {
        "hidden": config.dim,
        "depth": config.depth,
        "heads": config.heads,
        "input_size": config.input_size,
        "channels": config.in_channels,
        "patch": config.patch_size,
        "num_classes": config.num_classes,
        "learn_sigma": config.learn_sigma,
        "encoder_depth": config.encoder_depth,
        "caption_channels": config.text_dim,
        "out_channels": config.out_channels,
        "interpolation_scale": config.position_scale,
    } | qk_norm
    there = known.config(settings)
    ours = replace(config, **{name: getattr(there, name) for name in TRAINING_ONLY})
    differing = [
        f"{f.name} is {getattr(ours, f.name)}, there {getattr(there, f.name)}"
        for f in fields(ModelConfig)
        if getattr(ours, f.name) != getattr(there, f.name)
    ]
    if differing:
        raise MiniditError(
            f"This network is not a {family}: {_some(differing)}. Its weights would mean another thing there."
        )
