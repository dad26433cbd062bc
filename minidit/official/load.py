"""Published weights into minidit's networks, and back."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from minidit.align.projector import Projector
from minidit.errors import MiniditError, did_you_mean
from minidit.model.build import build
from minidit.model.config import ModelConfig
from minidit.official.families import FAMILIES, Family, Settings, State
from minidit.official.files import read_weights
from minidit.official.layouts import to_publisher
from minidit.official.match import WITHOUT_TWIN, fill, row_of, some, targets
from minidit.official.published import Published
from minidit.official.settings import from_diffusers, in_publishers_words, settle

# settings of how a network starts and is trained: they change nothing of what its weights mean
TRAINING_ONLY = ("zero_init", "route", "stochastic_depth")


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
        The network in evaluation mode, on the CPU, in float32. Tables that come from the file (DiT's
        positions, LightningDiT's angles) are buffers outside the model's state dict: keep the weights with
        `save`. PixArt's files hold no trained null caption: a dropped caption is one zero token. For
        guidance as published give the embedded empty caption as a caption of its own.

    Raises:
        MiniditError: an unknown family, weights of another one, missing or surplus names, shapes that do
            not fit, or a setting that has to be told.
    """
    known = _family(family)
    state, beside = read_weights(source)
    told = {**from_diffusers(family, beside), **(config or {})}
    _refuse_another_family(family, state)
    state = to_publisher(family, state, told)
    settings = settle(family, known, state, told)
    model = build(known.config(settings))
    projectors = _projectors(state, settings)
    into = targets(known, model, projectors)
    if not any(name.startswith("feat_rope.") for name in state):  # angles are computed where a file has none
        into = {name: tensor for name, tensor in into.items() if not name.startswith("rope.")}
    if family == "pixart" and "pos_embed" in state:  # PixArt's own files have the table, diffusers' do not
        model.position.copy_(state.pop("pos_embed")[0])
    fill(family, known, model.config, into, state)
    vars(model)["projectors"] = projectors  # beside the network, not in its state dict; `save` finds them
    return Published(family, model.eval(), projectors.eval(), settings, known.flow)


def save(model: Published | nn.Module, family: str, path: str | Path | None = None) -> State:
    """The weights under the publisher's names; also written as safetensors where `path` is given.

    `load` and `save` undo each other, to the last bit, for weights in float32.

    Raises:
        MiniditError: an unknown family, a network that is not of this family or is wrapped (compiled,
            averaged), or a path that does not end in .safetensors.
    """
    path = None if path is None else Path(path).expanduser()
    if path is not None and path.suffix != ".safetensors":
        raise MiniditError(f"Weights are written as safetensors: name {path} with that ending.")
    known = _family(family)
    model = model.model if isinstance(model, Published) else model
    if "config" not in vars(model):
        raise MiniditError(f"A {type(model).__name__} wraps a network: save the network itself.")
    if family == "pixart" and model.text is not None and bool(model.text.null.any()):
        raise MiniditError("PixArt's files have no place for this network's null caption, text.null.")
    _refuse_other_settings(family, known, model.config)
    projectors, state = vars(model).get("projectors", nn.ModuleList()), {}
    for name, tensor in targets(known, model, projectors).items():
        if name not in WITHOUT_TWIN:
            theirs, row = row_of(family, known, name)
            state |= zip(theirs, row.write(tensor.detach(), model.config), strict=True)
    state = {
        name: tensor.cpu().clone(memory_format=torch.contiguous_format) for name, tensor in state.items()
    }
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(state, path)
    return state


def _family(name: str) -> Family:
    if name not in FAMILIES:
        raise MiniditError(
            f"There is no family {name!r} of published networks.{did_you_mean(name, FAMILIES)} "
            f"There are: {', '.join(FAMILIES)}."
        )
    return FAMILIES[name]


def _refuse_another_family(family: str, state: State) -> None:
    like = [name for name, other in FAMILIES.items() if other.fits(state)]
    if family == "dit" and _silent_variance(state):
        raise MiniditError(
            "The half of the output layer that would tell DiT's variance is all zero, as in SiT's weights, "
            'where nothing trains it: load them as "sit".'
        )
    if not like or family in like or (family == "repa" and "sit" in like):  # REPA's may lack the projectors
        return
    missing = [key for key in FAMILIES[family].signature if not any(name.startswith(key) for name in state)]
    why = f"they have no {missing[0]}" if missing else "they have projectors, as REPA's have"
    raise MiniditError(
        f"These weights are not of the family {family}: {why}. They look like {' or '.join(like)}."
    )


def _silent_variance(state: State) -> bool:
    """Whether the output layer has a second half of channels, all zero, beside a first that is not."""
    head, patch = state.get("final_layer.linear.weight"), state.get("x_embedder.proj.weight")
    if head is None or patch is None or patch.ndim != 4:
        return False
    channels, side = patch.shape[1], patch.shape[2]
    if len(head) != 2 * channels * side**2:
        return False
    halves = head.unflatten(0, (-1, 2, channels))  # (p*p*2*c, d) -> (p*p, 2, c, d)
    return not bool(halves[:, 1].any()) and bool(halves[:, 0].any())


def _projectors(state: State, settings: Settings) -> nn.ModuleList:
    """REPA's projectors; how wide they are inside stands in the shapes alone."""
    projectors = nn.ModuleList()
    for number, out in enumerate(settings.get("z_dims", ())):
        first = f"projectors.{number}.0.weight"
        if first not in state:
            raise MiniditError(f"These weights are not a whole repa: {first} is missing.")
        with torch.random.fork_rng(devices=[]):  # its default weights are drawn, and replaced
            projectors.append(Projector(settings["hidden"], state[first].shape[0], out))
    return projectors


def _refuse_other_settings(family: str, known: Family, config: ModelConfig) -> None:
    """A network of another make would be written without a word, and mean something else there."""
    there = known.config(in_publishers_words(config))
    free = TRAINING_ONLY if there.label_as != "none" else (*TRAINING_ONLY, "num_classes")
    ours = replace(config, **{name: getattr(there, name) for name in free})
    differing = [
        f"{field.name} is {getattr(ours, field.name)}, there {getattr(there, field.name)}"
        for field in fields(ModelConfig)
        if getattr(ours, field.name) != getattr(there, field.name)
    ]
    if differing:
        raise MiniditError(
            f"This network is not a {family}: {some(differing)}. Its weights would mean something else there."
        )
