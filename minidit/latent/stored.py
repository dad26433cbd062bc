"""An autoencoder of our own as a file: its weights, its settings, and the statistics of its latents."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.latent.vae import VAE, VAEConfig

NAME, FORMAT = "vae.safetensors", "minidit vae 1"


def write_vae(path: Path, vae: VAE) -> Path:
    """Write a trained autoencoder, whole or not at all. Raises MiniditError when the disk refuses."""
    return write_whole(path, vae_bytes(vae))


def vae_bytes(vae: VAE, dtype: torch.dtype = torch.float32) -> bytes:
    """What the file of an autoencoder holds; half the size with float16."""
    tensors = {name: value.detach().cpu().to(dtype).contiguous() for name, value in vae.state_dict().items()}
    about = json.dumps({"format": FORMAT, "vae": asdict(vae.config)})
    return save(tensors, metadata={"minidit": about})


def read_vae(path: Path, device: str = "cpu") -> VAE:
    """The autoencoder in `path`, frozen, its weights float32.

    Raises:
        MiniditError: a damaged file, or one that `write_vae` did not write.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["minidit"])
        if about["format"] != FORMAT:
            raise KeyError("format")
        vae = VAE(VAEConfig(**about["vae"]))
        vae.load_state_dict({name: value.float() for name, value in load(path.read_bytes()).items()})
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise MiniditError(
            f"{path} is no autoencoder that this version of minidit can read ({error}). Train it again with "
            "`minidit vae`."
        ) from error
    return vae.eval().requires_grad_(False).to(device)
