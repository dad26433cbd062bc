"""Weights on disk: PyTorch files, safetensors, diffusers folders; read without running any code in them."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from minidit.errors import MiniditError

INSIDE = ("ema", "model", "state_dict")  # where a training checkpoint keeps its weights, the best first
WRAPPERS = ("ema_denoiser.", "denoiser.", "module.", "_orig_mod.")  # Lightning, several GPUs, torch.compile
WEIGHTS = "diffusion_pytorch_model"


def read_weights(source: Mapping[str, Any] | str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a state dict, and what stands beside it in a diffusers folder's config.json (else nothing).

    Args:
        source: a state dict, a training checkpoint {"ema": ..., "model": ..., "args": ...}, or the path of a
            .pt, .pth, .bin or .safetensors file or of a diffusers folder.

    Raises:
        MiniditError: there is no such file, it cannot be read safely, or it holds no weights.
    """
    if isinstance(source, Mapping):
        return unwrap(source), {}
    if not isinstance(source, str | Path):
        raise MiniditError(
            f"Weights are a state dict or a path; a {type(source).__name__} was given. Give its state_dict()."
        )
    path = Path(source).expanduser()
    if path.is_dir():
        return _read_folder(path / "transformer" if (path / "transformer").is_dir() else path)
    return unwrap(_read_file(path)), {}


def _read_folder(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    config, files = folder / "config.json", sorted(folder.glob(f"{WEIGHTS}*.safetensors"))
    files = files or sorted(folder.glob(f"{WEIGHTS}*.bin"))
    if not config.is_file() or not files:
        raise MiniditError(
            f"{folder} is not a diffusers folder: it needs config.json and {WEIGHTS}.safetensors (or .bin). "
            "Name such a folder, or a single file of weights."
        )
    state = {}
    for file in files:  # large networks come in several
        state |= unwrap(_read_file(file))
    try:
        beside = json.loads(config.read_text(encoding="utf-8"))
    except ValueError:
        beside = None
    if not isinstance(beside, dict):
        raise MiniditError(f"{config} is not the configuration of a network: download the folder again.")
    return state, beside


def _read_file(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise MiniditError(f"There is no file {path}. Give the path of the downloaded weights.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # DiT's and SiT's checkpoints keep their arguments beside the weights; nothing else is allowed in
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can raise nearly anything
        raise MiniditError(
            f"{path} cannot be read as weights alone ({type(error).__name__}). It is damaged, or holds "
            "Python objects, which could run code and are not opened: save its state dict as safetensors."
        ) from error


def unwrap(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights in a checkpoint: averaged ones before plain ones, and without a wrapper's prefix."""
    for name in INSIDE:
        if isinstance(checkpoint.get(name), Mapping):
            return unwrap(checkpoint[name])
    if not checkpoint or not all(isinstance(value, Tensor) for value in checkpoint.values()):
        raise MiniditError(
            f"No weights were found: expected tensors by name, or one of {', '.join(INSIDE)}; "
            f"found {', '.join(map(str, list(checkpoint)[:5])) or 'nothing'}."
        )
    for prefix in WRAPPERS:
        inner = {k.removeprefix(prefix): v for k, v in checkpoint.items() if k.startswith(prefix)}
        if inner:
            return unwrap(inner)
    return dict(checkpoint)
