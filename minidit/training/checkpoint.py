"""A run on disk: one safetensors file, replaced as a whole."""

import errno
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from minidit.errors import MiniditError

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


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that it is never seen half-written."""
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        _remove(partial)
        raise MiniditError(_cannot_write(path, error)) from error
    return path


def writable(folder: Path) -> None:
    """Find out before an hour of work whether `folder` can be written to. Raises MiniditError if not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MiniditError(_cannot_write(folder / NAME, error)) from error


def _remove(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        pass  # the folder itself is not there: nothing was left behind


def _cannot_write(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: {path} could not be written. What was saved there before is untouched; "
            "free some space and start the same command again."
        )
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"{path.parent} cannot be a folder, because a file is in the way. Choose another --out."
    return f"{path} could not be written ({error.strerror}). Choose a folder that you may write to."


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
