"""Pixels to latents and back."""

from minidit.latent.architectures import ARCHITECTURES, architecture
from minidit.latent.coder import Coder
from minidit.latent.published import PublishedVAE, load_published, load_vae
from minidit.latent.tiny import TinyCoder

__all__ = [
    "ARCHITECTURES",
    "Coder",
    "PublishedVAE",
    "TinyCoder",
    "architecture",
    "load_published",
    "load_vae",
]
