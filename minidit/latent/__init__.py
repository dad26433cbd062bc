"""Pixels to latents and back."""

from minidit.latent.architectures import ARCHITECTURES, architecture
from minidit.latent.coder import Coder
from minidit.latent.coders import load_coder
from minidit.latent.posterior import Posterior
from minidit.latent.published import PublishedVAE, load_published, load_vae
from minidit.latent.standard import Standard
from minidit.latent.tiled import decode_tiled
from minidit.latent.tiny import TinyCoder
from minidit.latent.vae import VAE, VAEConfig

__all__ = [
    "ARCHITECTURES",
    "VAE",
    "Coder",
    "Posterior",
    "PublishedVAE",
    "Standard",
    "TinyCoder",
    "VAEConfig",
    "architecture",
    "decode_tiled",
    "load_coder",
    "load_published",
    "load_vae",
]
