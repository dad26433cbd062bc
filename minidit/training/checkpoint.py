"""A run on disk: one safetensors file, replaced as a whole."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from minidit.errors import MiniditError
from minidit.files import write_whole

NAME = "checkpoint.safetensors"
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The experiment as plain values, the seed, the finished steps, and named tensors."""

    experiment: dict[str, Any]
    seed: int
    step: int
    tensors: dict[str, Tensor]

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix.`, without it."""
        start = prefix + "."
        return {
            key.removeprefix(start): value for key, value in self.tensors.items() if key.startswith(start)
        }


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write beside the old checkpoint, then put the new one in its place: a crash leaves one of the two.

    Raises:
        MiniditError: the folder cannot be made or the file cannot be written; the old one is untouched.
    """
    about = {
        "format": FORMAT,
        "experiment": checkpoint.experiment,
        "seed": checkpoint.seed,
        "step": checkpoint.step,
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    # one entry: safetensors writes several in no fixed order, and equal runs should be equal files
    content = save(tensors, metadata={"minidit": json.dumps(about)})
    return write_whole(folder / NAME, content)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the run in `folder`.

    Raises:
        MiniditError: no checkpoint, a damaged one, or a file that is not minidit's.
    """
    path = folder / NAME
    if not path.is_file():
        raise MiniditError(
            f"There is no trained model in {folder}: {NAME} is missing. Run `minidit train` first."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            # copies: the tensors of safe_open look into the file, and Windows replaces no file that is in use
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise MiniditError(
            f"{path} is damaged or is no safetensors file ({error}). Nothing was changed; move it away, "
            "or choose another --out, and train again."
        ) from error
    try:
        about = json.loads(metadata["minidit"])
        if about["format"] != FORMAT:
            raise KeyError
        return Checkpoint(about["experiment"], about["seed"], about["step"], tensors)
    except (KeyError, TypeError, ValueError):
        raise MiniditError(
            f"{path} was not written by this version of minidit (format {FORMAT} was expected). Nothing was "
            "changed; choose another --out."
        ) from None
