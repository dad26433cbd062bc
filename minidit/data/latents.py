"""Images as latents: encoded once by an autoencoder, then read from disk like any other images."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minidit.data.images import Data, Images
from minidit.latent.cache import Cache, Shards
from minidit.latent.coder import Coder
from minidit.latent.coders import load_coder
from minidit.latent.standard import Standard

FOLDER = Path("runs") / "latents"
PIECE = 64  # images at once


@dataclass(frozen=True)
class Latents(Images):
    """Images whose x are standardised latents (n, channels, h, w), and what turns them into pixels again."""

    coder: Coder | None = None
    standard: Standard | None = None

    def __post_init__(self) -> None:
        """A latent may hold any finite number; it was checked when it was encoded."""

    def pixels(self, x: Tensor) -> Tensor:
        """Standardised latents (n, channels, h, w) -> images in [-1, 1], on the CPU."""
        return torch.cat([self.coder.decode(self.standard.invert(part)).cpu() for part in x.split(16)])

    def to(self, device: torch.device | str) -> "Latents":
        """The same set in the memory of a device."""
        x = self.x.whole() if isinstance(self.x, Shards) else self.x
        return replace(self, x=x.to(device), labels=self.labels.to(device))


def load_latents(
    images: dict[str, Any],
    latent: str,
    read: Callable[[], Data],
    watch: Callable[[list], Iterable] = iter,
) -> Data:
    """Images as latents of an autoencoder; encoded into runs/latents, where that is not done yet.

    Args:
        images: what they are, as plain values: source, resolution and so on.
        latent: the autoencoder, see `minidit.latent.coders.load_coder`.
        read: brings the images, if they must be encoded.
        watch: wraps what takes long, as a progress line does.

    Raises:
        MiniditError: no such images or autoencoder, sides that do not fit, or latents that are stale.
    """
    coder = load_coder(latent)
    cache = Cache(FOLDER / _name(images, latent), images, coder.sha256())
    if cache.about() is None:
        data = read()
        splits = {name: (part.x, part.labels) for name, part in data._asdict().items()}
        cache.write(coder, splits, data.train.class_names, watch)
    about = cache.about()
    standard, sets = Standard(torch.tensor(about["mean"]), torch.tensor(about["std"])), []
    for name in Data._fields:
        parts, labels = cache.split(name)
        names = tuple(about["class_names"])
        sets.append(Latents(Shards(parts, standard), labels, names, coder, standard))
    return Data(*sets)


def encoded(coder: Coder, data: Data) -> Data:
    """Images in memory as latents in memory, standardised by their own training statistics."""
    latents = [torch.cat([coder.encode(part) for part in images.x.split(PIECE)]) for images in data]
    standard = Standard.of(latents[0])
    pairs = zip(latents, data, strict=True)
    return Data(
        *(Latents(standard.apply(z), half.labels, half.class_names, coder, standard) for z, half in pairs)
    )


def _name(images: dict[str, Any], latent: str) -> str:
    """A folder's name that a person can read: shapes-32-vae-shapes."""
    words = (images["source"], str(images["resolution"]), latent.partition("@")[0])
    return "-".join(re.sub(r"[^\w.]+", "-", Path(word.partition(":")[2] or word).name) for word in words)
