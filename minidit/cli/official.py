"""Drawing with published weights: load, sample latents, decode them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

import minidit.official
from minidit.errors import MiniditError
from minidit.latent.published import PublishedVAE, load_vae
from minidit.official.sampling import sample
from minidit.teach.figures import rows
from minidit.teach.progress import progress

SHOWN = (207, 360, 387, 974, 88, 979, 417, 279)  # ImageNet classes that the DiT and SiT repositories show


class Weights(NamedTuple):
    """What --official, --family, --vae and --config name."""

    path: Path
    family: str
    vae: str | None
    config: tuple[str, ...]


def draw_official(
    weights: Weights, labels: tuple[int, ...], w: float, steps: int, seed: int, device: str
) -> tuple[Figure, int]:
    """Draw one image for each label. Returns the picture, and how many images are in it.

    Raises:
        MiniditError: weights or autoencoder cannot be loaded, or do not belong together.
    """
    if weights.family == "lightningdit":
        raise MiniditError(
            "LightningDiT draws latents of VA-VAE, standardised by channel, and diffusers has no such "
            "decoder: use minidit.official.load and sample in Python, and decode with VA-VAE's own code."
        )
    published = minidit.official.load(weights.family, weights.path, _settings(weights.config))
    config = published.model.to(device).config
    vae = _vae(weights, config.in_channels, device)  # before the long part
    classes = range(config.num_classes)
    wanted = torch.tensor(labels or [label for label in SHOWN if label in classes] or list(classes)[:8])
    latents = sample(
        published, wanted, w, steps, seed, watch=lambda parts: progress(parts, "sampling"), batch=4
    )
    images = latents.clamp(-1, 1) if vae is None else _decode(vae, latents, device)
    title = f"{weights.path.name}: guidance {w:g}, steps {steps}, seed {seed}"
    return rows({title: images}, columns=[str(label) for label in wanted.tolist()]), len(images)


def _vae(weights: Weights, channels: int, device: str) -> PublishedVAE | None:
    if weights.vae is None:
        if channels in (1, 3):  # pixels
            return None
        raise MiniditError(
            f"{weights.path.name} draws latents of {channels} channels, and an autoencoder turns them into "
            "images: add --vae, such as --vae stabilityai/sd-vae-ft-mse (it is downloaded), or a folder."
        )
    vae = load_vae(weights.vae, device)
    if vae.channels != channels:
        raise MiniditError(
            f"{weights.path.name} draws latents of {channels} channels, and {weights.vae} decodes "
            f"{vae.channels}: they do not belong together."
        )
    return vae


def _decode(vae: PublishedVAE, latents: Tensor, device: str) -> Tensor:
    parts = progress(list(latents.split(1)), "decoding")  # one by one: a decoder needs much memory
    return torch.cat([vae.decode(part.to(device)).cpu() for part in parts])


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            equals = ""
        if not equals:
            raise MiniditError(f"--config takes NAME=VALUE, such as heads=4; it got {pair!r}.")
    return settings
