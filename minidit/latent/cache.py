"""Latents on disk: images are encoded once, in shards, and read back through memory maps.

FOLDER/train-00000.safetensors ... and held_out-00000.safetensors ... hold "x", the coder's own latents, and
"labels". FOLDER/latents.json, written last, says whose they are: the images, the coder's weights, and the
statistics of the training latents.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.latent.coder import Coder
from minidit.latent.standard import Standard

ABOUT, BEGUN, FORMAT = "latents.json", "begun.json", "minidit latents 1"
SHARD, PIECE = 1024, 16  # images of a shard, and those encoded at once


class Shards:
    """Standardised latents (n, channels, h, w) in memory-mapped pieces; an index reads only its rows."""

    def __init__(self, parts: Sequence[Tensor], standard: Standard):
        self.parts, self.standard = parts, standard
        self.shape = torch.Size((sum(map(len, parts)), *parts[0].shape[1:]))
        self.device = parts[0].device

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: Tensor) -> Tensor:
        """Rows `indices` (batch,) int64 -> (batch, channels, h, w)."""
        size = len(self.parts[0])
        rows = [self.parts[i // size][i % size] for i in indices.tolist()]
        return self.standard.apply(torch.stack(rows))

    def whole(self) -> Tensor:
        """All of them in memory."""
        return self.standard.apply(torch.cat(list(self.parts)))


@dataclass(frozen=True)
class Cache:
    """A folder of latents, whole or in the making.

    images: what was encoded, as plain values. coder: the weights' sha256.
    """

    folder: Path
    images: dict[str, Any]
    coder: str

    def split(self, name: str) -> tuple[list[Tensor], Tensor]:
        """The coder's own latents, a piece a shard, and labels (n,), of "train" or "held_out".

        Raises:
            MiniditError: a damaged shard.
        """
        parts, labels = [], []
        for path in sorted(self.folder.glob(f"{name}-*.safetensors")):
            try:
                with safe_open(path, framework="pt") as file:
                    parts.append(file.get_tensor("x"))  # a look into the file, not a copy
                    labels.append(file.get_tensor("labels"))
            except (SafetensorError, OSError) as error:
                raise MiniditError(
                    f"{path} is damaged ({error}). Remove it, and start the same command again: only what is "
                    "missing is encoded."
                ) from error
        return parts, torch.cat(labels)

    def about(self) -> dict[str, Any] | None:
        """What latents.json says; None while shards are missing.

        Raises:
            MiniditError: the latents are of other images or other weights, or the file cannot be read.
        """
        path = self.folder / ABOUT
        if not path.is_file():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            theirs, shards = (found["format"], found["images"], found["coder"]), found["shards"]
        except (OSError, ValueError, KeyError, TypeError):
            raise MiniditError(f"{path} cannot be read. Remove {self.folder}, and encode again.") from None
        if theirs != (FORMAT, self.images, self.coder):
            what = "other images" if found["images"] != self.images else "another autoencoder's weights"
            raise MiniditError(
                f"The latents in {self.folder} are stale: they were made with {what}. Remove the folder, and "
                "they are made anew."
            )
        return found if all((self.folder / name).is_file() for name in shards) else None

    def write(
        self,
        coder: Coder,
        splits: dict[str, tuple[Tensor, Tensor]],
        class_names: Sequence[str],
        watch: Callable[[list[int]], Iterable[int]] = iter,
    ) -> None:
        """Encode what is missing; interrupted, it goes on at the shard where it stopped.

        Args:
            coder: encodes without noise.
            splits: images (n, c, h, w) and labels (n,) by name.
            class_names: what the labels mean.
            watch: wraps the shards of each split, as a progress line does.
        """
        self._refuse_strangers()
        for name, (images, labels) in splits.items():
            for start in watch(list(range(0, len(images), SHARD))):
                path = self.folder / f"{name}-{start // SHARD:05d}.safetensors"
                if not path.is_file():
                    part = slice(start, start + SHARD)
                    x = torch.cat([coder.encode(piece) for piece in images[part].split(PIECE)])
                    if not x.isfinite().all():
                        raise MiniditError(
                            f"{coder.name} made latents that are not finite of images {start} to "
                            f"{start + len(x) - 1} of {name}. Train the autoencoder again, or choose another."
                        )
                    write_whole(path, save({"x": x.cpu().contiguous(), "labels": labels[part].contiguous()}))
        standard = coder.standard or Standard.of(torch.cat(self.split("train")[0]))
        about = {
            "format": FORMAT,
            "images": self.images,
            "coder": self.coder,
            "class_names": list(class_names),
            "shards": sorted(path.name for path in self.folder.glob("*.safetensors")),
            "mean": standard.mean.tolist(),
            "std": standard.std.tolist(),
        }
        write_whole(self.folder / ABOUT, (json.dumps(about, indent=1) + "\n").encode())
        (self.folder / BEGUN).unlink(missing_ok=True)

    def _refuse_strangers(self) -> None:
        """Shards of an interrupted run may be gone on with only if they are of these images and weights."""
        path, ours = self.folder / BEGUN, json.dumps([self.images, self.coder])
        if path.is_file() and path.read_text(encoding="utf-8") != ours:
            raise MiniditError(
                f"{self.folder} holds the beginning of other latents. Remove the folder, and start again."
            )
        write_whole(path, ours.encode())
