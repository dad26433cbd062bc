"""Pixels to latents and back."""

from minidit.latent.coder import Coder
from minidit.latent.posterior import Posterior
from minidit.latent.published import PublishedVAE, load_vae
from minidit.latent.standard import Standard
from minidit.latent.tiled import decode_tiled
from minidit.latent.vae import VAE, VAEConfig

__all__ = ["VAE", "Coder", "Posterior", "PublishedVAE", "Standard", "VAEConfig", "decode_tiled", "load_vae"]
