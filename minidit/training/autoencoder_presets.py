"""Settings for an autoencoder of our own: found by measurement, and fitted to the images."""

from minidit.data.source import DataConfig, outline
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
