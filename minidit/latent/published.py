"""Published autoencoders, one interface over all: sd-vae through diffusers, TAESD and TAEF2 in plain code."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError, did_you_mean
from minidit.latent.coder import Coder
from minidit.latent.files import find_weights, read_into, sha256_of
from minidit.latent.given import check_images, check_latents, check_noise
from minidit.latent.tiny import tiny_coder

SD_VAE = "stabilityai/sd-vae-ft-mse"
PUBLISHED = ("sd-vae", "taesd", "taef2")


@dataclass(frozen=True)
class PublishedVAE:
    """A diffusers autoencoder. Transformers see its latents less `shift`, times `scale` (0.18215: sd-vae)."""

    network: nn.Module
    scale: float
    shift: float
    name: str = "sd-vae"
    standard = None  # its statistics are not published

    @classmethod
    def of(cls, network: nn.Module, name: str = "sd-vae") -> "PublishedVAE":
        """Around an AutoencoderKL, whose configuration says scale and shift."""
        return cls(network, network.config.scaling_factor, network.config.get("shift_factor") or 0.0, name)

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.network.config.latent_channels

    @property
    def factor(self) -> int:
        """Pixels along a side for one latent: each level but the last halves."""
        return 2 ** (len(self.network.config.block_out_channels) - 1)

    @property
    def image_channels(self) -> int:
        """Channels of an image."""
        return self.network.config.in_channels

    @torch.no_grad()
    def encode(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """(batch, 3, f h, f w) in [-1, 1] -> (batch, channels, h, w), as transformers see them.

        Args:
            images: what to encode.
            noise: of the latents' shape, standard normal, for a draw of the posterior; None for its mean.

        Raises:
            MiniditError: images or noise of another shape.
        """
        check_images(self, images)
        posterior = self.network.encode(images).latent_dist
        latents = posterior.mean
        if noise is not None:
            check_noise(self, noise, latents)
            latents = latents + posterior.std * noise
        return (latents - self.shift) * self.scale

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """(batch, channels, h, w), as drawn -> images (batch, 3, f h, f w) in [-1, 1]; f = 8 in sd-vae."""
        check_latents(self, latents)
        return self.network.decode(latents / self.scale + self.shift).sample.clamp(-1, 1)

    def sha256(self) -> str:
        """Of the weights."""
        return sha256_of(self.network)


def load_published(name: str, device: str = "cpu") -> Coder:
    """A published autoencoder by its name, with its weights.

    Args:
        name: "sd-vae", which is downloaded from the hub; "sd-vae:FOLDER", a diffusers folder, or
            "sd-vae:OWNER/NAME" of the hub; "taesd:FOLDER" or "taef2:FOLDER", where NAME_encoder.pth and
            NAME_decoder.pth lie (or .safetensors). Without a folder the tiny ones are sought in
            MINIDIT_DATA/weights.
        device: where to put it.

    Raises:
        MiniditError: no such name, no such weights, or a package is missing.
    """
    kind, _, place = name.partition(":")
    if kind == "sd-vae":
        return load_vae(place or SD_VAE, device)
    if kind not in PUBLISHED:
        raise MiniditError(
            f"No published autoencoder is called {kind!r}.{did_you_mean(kind, PUBLISHED)} There are sd-vae, "
            "sd-vae:FOLDER, taesd:FOLDER and taef2:FOLDER."
        )
    with torch.device("meta"):  # no chance is used up for weights that are replaced
        coder = tiny_coder(kind)
    for network, path in zip((coder.encoder, coder.decoder), find_weights(kind, place), strict=True):
        read_into(network, path)
    return coder.eval().requires_grad_(False).to(device)


def load_vae(name: str, device: str = "cpu") -> PublishedVAE:
    """An autoencoder from a diffusers folder, or from the hub by its name.

    Args:
        name: a folder with config.json and weights, or a hub name such as "stabilityai/sd-vae-ft-mse",
            which is downloaded.
        device: where to put it.

    Raises:
        MiniditError: diffusers is not installed, or there is no such autoencoder.
    """
    autoencoder = autoencoder_kl()
    folder = Path(name).expanduser()
    if not folder.is_dir() and (name.count("/") != 1 or name.startswith((".", "/", "~"))):
        raise MiniditError(
            f"There is no folder {name}, and it is no name of the hub. Give a diffusers folder, or such a "
            "name as stabilityai/sd-vae-ft-mse."
        )
    try:
        network = autoencoder.from_pretrained(folder if folder.is_dir() else name, low_cpu_mem_usage=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise MiniditError(f"The autoencoder {name} could not be loaded: {reason}") from error
    return PublishedVAE.of(network.eval().requires_grad_(False).to(device))


def autoencoder_kl() -> type[nn.Module]:
    """The class AutoencoderKL of diffusers. Raises MiniditError where diffusers is not installed."""
    try:
        from diffusers import AutoencoderKL
    except ImportError as error:
        raise MiniditError(
            "Published autoencoders need diffusers, which is not installed: "
            'pip install -c constraints.txt -e ".[pretrained]".'
        ) from error
    return AutoencoderKL
