"""A run on disk: one safetensors file, replaced as a whole.

Of a run that is divided over processes, each writes its part into a file of its own, and the one file, which
is written last, says how many there are. Reading puts them together, on any number of processes.
"""

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.training.shards import own, whole
from minidit.training.world import world

NAME = "checkpoint.safetensors"
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The experiment as plain values, the seed, the finished steps, and named tensors.

    skipped: how many draws were passed over, after a run had gone back: see `recovery`.
    """

    experiment: dict[str, Any]
    seed: int
    step: int
    tensors: dict[str, Tensor]
    skipped: int = 0

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix.`, without it."""
        start = prefix + "."
        return {
            key.removeprefix(start): value for key, value in self.tensors.items() if key.startswith(start)
        }


def write_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int = 1) -> Path:
    """Write beside the old checkpoint, then put the new one in its place: a crash leaves one of the two.

    On several processes each must call it; all come back when the checkpoint is there.

    keep: checkpoints that stay, the new one among them; older ones are called checkpoint-STEP.safetensors.

    Raises:
        MiniditError: the folder cannot be made or the file cannot be written; the old one is untouched.
    """
    here = world()
    parts = own(checkpoint.tensors)
    if parts:
        write_whole(_part_file(folder, checkpoint.step, here.rank, here.size), save(_ready(parts)))
        here.wait()
    if here.first:
        about = {
            "format": FORMAT,
            "experiment": checkpoint.experiment,
            "seed": checkpoint.seed,
            "step": checkpoint.step,
            "skipped": checkpoint.skipped,
            "parts": here.size if parts else 0,
        }
        # one entry: safetensors writes several in no fixed order, and equal runs should be equal files
        content = save(_ready(whole(checkpoint.tensors)), metadata={"minidit": json.dumps(about)})
        write_whole(folder / NAME, content)
        _retain(folder, checkpoint.step, keep)
    here.wait()
    return folder / NAME


def _ready(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _older(folder: Path, step: int) -> Path:
    return folder / f"checkpoint-{step:08d}.safetensors"


def _step(path: Path) -> str:
    """The step in the name of an older checkpoint or a part, with its zeros."""
    return path.stem.split("-")[1]


def _part_file(folder: Path, step: int, rank: int, size: int) -> Path:
    return folder / f"part-{step:08d}-{rank}-of-{size}.safetensors"


def _retain(folder: Path, step: int, keep: int) -> None:
    """Give the new checkpoint a second name, and remove the oldest beyond `keep`, with parts of none."""
    if keep > 1:
        _older(folder, step).unlink(missing_ok=True)
        try:
            os.link(folder / NAME, _older(folder, step))
        except OSError:  # a disk on which files have one name only
            shutil.copyfile(folder / NAME, _older(folder, step))
        for path in sorted(folder.glob("checkpoint-*.safetensors"))[:-keep]:
            path.unlink()
    kept = {_step(path) for path in folder.glob("checkpoint-*.safetensors")}
    for path in folder.glob("part-*-of-*.safetensors"):
        if _step(path) not in {*kept, f"{step:08d}"}:
            path.unlink()


def read_checkpoint(folder: Path, step: int | None = None) -> Checkpoint:
    """Read the run in `folder`: its latest checkpoint, or the one that was kept of `step`.

    Raises:
        MiniditError: no checkpoint, a damaged one, or a file that is not minidit's.
    """
    path = folder / NAME if step is None else _older(folder, step)
    if not path.is_file():
        kept = [str(int(_step(found))) for found in sorted(folder.glob("checkpoint-*.safetensors"))]
        hint = f"Kept are those of steps {', '.join(kept)}." if kept else "Run `minidit train` first."
        raise MiniditError(f"There is no trained model in {folder}: {path.name} is missing. {hint}")
    tensors, metadata = _read(path)
    try:
        about = json.loads(metadata["minidit"])
        if about["format"] != FORMAT:
            raise KeyError
        found = Checkpoint(
            about["experiment"], about["seed"], about["step"], tensors, about.get("skipped", 0)
        )
    except (KeyError, TypeError, ValueError):
        raise MiniditError(
            f"{path} was not written by this version of minidit (format {FORMAT} was expected). Nothing was "
            "changed; choose another --out."
        ) from None
    size = about.get("parts", 0)
    parts = [_read(_part_file(folder, found.step, rank, size))[0] for rank in range(size)]
    joined = {name: torch.cat([part[name] for part in parts]) for name in (parts[0] if parts else ())}
    return replace(found, tensors=tensors | joined)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of one file."""
    try:
        with safe_open(path, framework="pt") as file:
            # copies: the tensors of safe_open look into the file, and Windows replaces no file that is in use
            return {key: file.get_tensor(key).clone() for key in file.keys()}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise MiniditError(
            f"{path} is damaged or is no safetensors file ({error}). Nothing was changed; move it away, "
            "or choose another --out, and train again."
        ) from error
