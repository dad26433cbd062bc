"""Published autoencoders, through diffusers: the decoders that published transformers draw for."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError


@dataclass(frozen=True)
class PublishedVAE:
    """A diffusers autoencoder. Transformers see its latents less `shift`, times `scale` (0.18215: sd-vae)."""

    network: nn.Module
    scale: float
    shift: float

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.network.config.latent_channels

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """(batch, channels, h, w), as drawn -> images (batch, 3, f h, f w) in [-1, 1]; f = 8 in sd-vae."""
        return self.network.decode(latents / self.scale + self.shift).sample.clamp(-1, 1)


def load_vae(name: str, device: str = "cpu") -> PublishedVAE:
    """An autoencoder from a diffusers folder, or from the hub by its name.

    Args:
        name: a folder with config.json and weights, or a hub name such as "stabilityai/sd-vae-ft-mse",
            which is downloaded.
        device: where to put it.

    Raises:
        MiniditError: diffusers is not installed, or there is no such autoencoder.
    """
    try:
        from diffusers import AutoencoderKL
    except ImportError as error:
        raise MiniditError(
            "Published autoencoders need diffusers, which is not installed: "
            'pip install -c constraints.txt -e ".[pretrained]".'
        ) from error
    folder = Path(name).expanduser()
    if not folder.is_dir() and (name.count("/") != 1 or name.startswith((".", "/", "~"))):
        raise MiniditError(
            f"There is no folder {name}, and it is no name of the hub. Give a diffusers folder, or such a "
            "name as stabilityai/sd-vae-ft-mse."
        )
    try:
        network = AutoencoderKL.from_pretrained(folder if folder.is_dir() else name, low_cpu_mem_usage=False)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise MiniditError(f"The autoencoder {name} could not be loaded: {reason}") from error
    config = network.config
    return PublishedVAE(network.eval().to(device), config.scaling_factor, config.get("shift_factor") or 0.0)
