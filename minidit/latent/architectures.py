"""Published autoencoders as networks alone, without their weights: for counting, and for tests.

sd-vae: Rombach et al. 2022, f = 8, 4 channels. VA-VAE: Yao et al. 2025, f = 16, 32 channels, in the shape of
latent diffusion's VQGAN, which attends at 16 x 16 also outside of the middle. TAESD and TAEF2: `tiny`.
"""

import torch

from minidit.errors import MiniditError, did_you_mean
from minidit.latent.coder import Coder
from minidit.latent.published import PublishedVAE, autoencoder_kl
from minidit.latent.tiny import tiny_coder

KL = {
    "sd-vae": {
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "latent_channels": 4,
        "scaling_factor": 0.18215,
    },
    "va-vae": {
        "block_out_channels": (128, 128, 256, 256, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4 + ("AttnDownEncoderBlock2D",),
        "up_block_types": ("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 4,
        "latent_channels": 32,
        "scaling_factor": 1.0,  # LightningDiT standardises each channel instead
    },
}
ARCHITECTURES = (*KL, "taesd", "taef2")


def architecture(name: str, device: str = "meta") -> Coder:
    """A published autoencoder's network, with weights that are not trained.

    Args:
        name: one of ARCHITECTURES.
        device: "meta" for shapes alone, where nothing is allocated.

    Raises:
        MiniditError: no such name, or diffusers is not installed.
    """
    if name not in ARCHITECTURES:
        raise MiniditError(
            f"No autoencoder is called {name!r}.{did_you_mean(name, ARCHITECTURES)} There are "
            f"{', '.join(ARCHITECTURES)}."
        )
    with torch.device(device):
        if name not in KL:
            return tiny_coder(name).eval()
        network = autoencoder_kl()(layers_per_block=2, norm_num_groups=32, **KL[name])
    return PublishedVAE.of(network.eval(), name)
