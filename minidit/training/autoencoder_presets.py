"""Settings for an autoencoder of our own: found by measurement, and fitted to the images."""

from minidit.data.source import DataConfig, outline
from minidit.errors import MiniditError
from minidit.latent.vae import VAEConfig
from minidit.training.autoencoder import AutoencoderExperiment
from minidit.training.config import TrainingConfig
from minidit.training.settings import pairs

RESOLUTION = 32  # of everything but the digits, which have eight pixels
TRAINING = TrainingConfig(steps=600, batch_size=16, lr=2e-3)  # under a minute on one core at 32 x 32


def autoencoder_for(source: str, overrides: tuple[str, ...] = ()) -> AutoencoderExperiment:
    """An autoencoder for the images of `source`, with overrides written as "vae.factor=8".

    Raises:
        MiniditError: no such images, or an override that is not key=value or does not fit.
    """
    small = source == "digits"
    data = DataConfig(source, resolution=8 if small else RESOLUTION)
    channels, _ = outline(data)
    vae = VAEConfig(image_channels=channels, factor=2 if small else 4)
    return AutoencoderExperiment(vae=vae, data=data, training=TRAINING).override(pairs(overrides))


# by the pixels along a side for one latent, and its channels; thin has a decoder half as wide
SMALL = {
    "f4c4": VAEConfig(width=8),
    "f2c4": VAEConfig(width=8, factor=2),
    "f4c16": VAEConfig(width=8, channels=16),
    "f8c16": VAEConfig(width=8, factor=8, channels=16),
    "f4c4_thin": VAEConfig(width=8, decoder_width=4),
}


def small_autoencoder(name: str, images: DataConfig) -> AutoencoderExperiment:
    """One of the small autoencoders that chapter 15 and its card compare, such as "f4c4".

    Raises:
        MiniditError: no such name.
    """
    if name not in SMALL:
        raise MiniditError(f"There is no small autoencoder {name!r}. There are: {', '.join(SMALL)}.")
    return AutoencoderExperiment(vae=SMALL[name], data=images, training=TRAINING)
