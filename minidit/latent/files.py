"""Weights of an autoencoder on disk: found, read without running any code in them, and told apart."""

import hashlib
import os
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from minidit.errors import MiniditError

SUFFIXES = (".safetensors", ".pth")


def find_weights(name: str, folder: str) -> tuple[Path, Path]:
    """The files NAME_encoder and NAME_decoder, .safetensors or .pth.

    Args:
        name: "taesd" or "taef2".
        folder: where they lie; if empty, the folder `weights` in that which MINIDIT_DATA names.

    Raises:
        MiniditError: they are not there.
    """
    data = os.environ.get("MINIDIT_DATA", "")
    if not folder and not data:
        raise MiniditError(
            f"Where are the weights of {name}? Write {name}:FOLDER, a folder that holds {name}_encoder.pth "
            f"and {name}_decoder.pth, or set MINIDIT_DATA to a folder in which weights/ holds them."
        )
    place = Path(folder or Path(data, "weights")).expanduser()
    encoder, decoder = (_in(place, f"{name}_{part}") for part in ("encoder", "decoder"))
    return encoder, decoder


def _in(place: Path, stem: str) -> Path:
    for suffix in SUFFIXES:
        if (place / f"{stem}{suffix}").is_file():
            return place / f"{stem}{suffix}"
    raise MiniditError(
        f"There is no {stem}.safetensors or {stem}.pth in {place}. Name the folder that has it."
    )


def read_into(network: nn.Module, path: Path) -> None:
    """Give a network the weights in a file, in float32; they must fit to the last name and shape.

    Raises:
        MiniditError: the file cannot be read as weights alone, or they are another network's.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        state = {name: weight.float() for name, weight in state.items()}
    except Exception as error:  # a damaged file can raise nearly anything
        raise MiniditError(
            f"{path} cannot be read as weights alone ({type(error).__name__}). It is damaged, or holds "
            "Python objects, which could run code and are not opened: download it again."
        ) from error
    expected = {name: weight.shape for name, weight in network.state_dict().items()}
    wrong = sorted(
        name
        for name in expected.keys() | state.keys()
        if name not in state or expected.get(name) != state[name].shape
    )
    if wrong:
        raise MiniditError(
            f"{path} does not hold the network that its name says: {len(wrong)} weights are missing, too "
            f"many or of another shape, such as {wrong[0]}. Download it again."
        )
    network.load_state_dict(state, assign=True)


def sha256_of(network: nn.Module) -> str:
    """The sha256 of a network's weights: their names, types, shapes and values, on whatever device."""
    digest = hashlib.sha256()
    for name, weight in sorted(network.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(_bytes(weight))
    return digest.hexdigest()


def _bytes(weight: Tensor) -> bytes:
    return weight.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
