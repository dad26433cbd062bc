"""Pixels to latents and back."""

from minidit.latent.published import PublishedVAE, load_vae

__all__ = ["PublishedVAE", "load_vae"]
