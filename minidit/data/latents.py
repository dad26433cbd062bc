"""Images as latents: encoded once by an autoencoder, then read from disk like any other images."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from minidit.data.images import Data, Images
from minidit.data.source import DataConfig, load
from minidit.latent.cache import Cache, Shards
from minidit.latent.coder import Coder
from minidit.latent.coders import load_coder
from minidit.latent.standard import Standard

FOLDER = Path("runs") / "latents"


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
    config: DataConfig,
    latent: str,
    watch: Callable[[list], Iterable] = iter,
    folder: Path | None = None,
) -> Data:
    """The images of `config` as latents of the autoencoder `latent`; encoded, where that is not done yet.

    Args:
        config: which images.
        latent: see `minidit.latent.coders.load_coder`.
        watch: wraps what takes long, as a progress line does.
        folder: of the latents; runs/latents/ and a name made of the two unless given.

    Raises:
        MiniditError: no such images or autoencoder, sides that do not fit, or latents that are stale.
    """
    coder, images = load_coder(latent), asdict(config)
    cache = Cache(folder or FOLDER / _name(config, latent), images, coder.sha256())
    about = cache.about()
    if about is None:
        data = load(config, watch)
        splits = {name: (part.x, part.labels) for name, part in data._asdict().items()}
        cache.write(coder, splits, data.train.class_names, watch)
        about = cache.about()
    standard = Standard(torch.tensor(about["mean"]), torch.tensor(about["std"]))
    sets = []
    for name in Data._fields:
        parts, labels = cache.split(name)
        names = tuple(about["class_names"])
        sets.append(Latents(Shards(parts, standard), labels, names, coder, standard))
    return Data(*sets)


def _name(config: DataConfig, latent: str) -> str:
    """A folder's name that a person can read: shapes-32-vae-shapes."""
    words = (config.source, str(config.resolution), latent.partition("@")[0])
    return "-".join(re.sub(r"[^\w.]+", "-", Path(word.partition(":")[2] or word).name) for word in words)
