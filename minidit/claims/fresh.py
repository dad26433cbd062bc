"""Autoencoders of a run's own, trained before it from its seed: so their luck is part of the scatter.

A card writes data.latent as "fresh-f4c4". One autoencoder for all seeds would be one witness in all of them.
"""

from minidit.data.images import Data
from minidit.data.latents import encoded
from minidit.data.source import load
from minidit.measure.judge import Judge
from minidit.training.autoencoder import AutoencoderState
from minidit.training.autoencoder_loop import train_autoencoder
from minidit.training.autoencoder_presets import small_autoencoder
from minidit.training.experiment import Experiment

FRESH = "fresh-"


def is_fresh(experiment: Experiment) -> bool:
    """Whether the experiment's latents are of an autoencoder that each run trains for itself."""
    return experiment.data.latent.startswith(FRESH)


def fresh_data(experiment: Experiment, seed: int, judge: Judge | None = None) -> Data:
    """The experiment's images as latents of an autoencoder of this seed; without a judge it is not trained.

    Untrained it costs a step of the transformer as much, which is enough to time one.

    Raises:
        MiniditError: no such autoencoder.
    """
    images = experiment.data.pixels
    real = load(images)
    state = AutoencoderState.create(
        small_autoencoder(experiment.data.latent.removeprefix(FRESH), images), seed
    )
    for _ in train_autoencoder(state, real, judge.layers) if judge else ():
        pass
    return encoded(state.vae, real)
