"""The named experiments: settings found by measurement. book/evidence holds what they reach and cost."""

from dataclasses import replace

from minidit.data.source import OWN, DataConfig, outline
from minidit.errors import MiniditError, did_you_mean
from minidit.latent.coders import full_name, load_coder
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig
from minidit.training.experiment import Experiment
from minidit.training.presets_a100 import A100
from minidit.training.settings import pairs

# what one core can train on real pictures: 64 tokens of 4 x 4 pixels
SMALL = ModelConfig(
    in_channels=3, input_size=32, patch_size=4, dim=96, depth=4, heads=4, num_classes=10, learn_sigma=False
)

EXPERIMENTS = {
    "digits": Experiment(
        model=ModelConfig(
            in_channels=1,
            input_size=8,
            patch_size=2,
            dim=64,
            depth=4,
            heads=4,
            num_classes=10,
            learn_sigma=False,
        ),
        data=DataConfig("digits", resolution=8),
        training=TrainingConfig(steps=1500, batch_size=16, lr=4e-3),
    ),
    "shapes": Experiment(
        model=ModelConfig(
            in_channels=3,
            input_size=16,
            patch_size=2,
            dim=64,
            depth=4,
            heads=2,
            num_classes=24,
            learn_sigma=False,
        ),
        data=DataConfig("shapes", resolution=16),
        training=TrainingConfig(steps=1600, batch_size=16, lr=6e-3),
    ),
    "shapes32": Experiment(
        model=replace(SMALL, num_classes=24),
        data=DataConfig("shapes", resolution=32, count=8192),
        training=TrainingConfig(steps=6000, batch_size=8, lr=4e-3),
    ),
    # real pictures in about a quarter of an hour on one core
    "fashion": Experiment(
        model=replace(SMALL, in_channels=1, input_size=28),
        data=DataConfig("hub:zalando-datasets/fashion_mnist", resolution=28),
        training=TrainingConfig(steps=14000, batch_size=16, lr=4e-3, ema_decay=0.999),
    ),
    "cifar10": Experiment(
        model=SMALL,
        data=DataConfig("hub:uoft-cs/cifar10", resolution=32),
        training=TrainingConfig(steps=11000, batch_size=16, lr=4e-3, ema_decay=0.999),
    ),
    "emoji": Experiment(
        model=SMALL,
        data=DataConfig("folder:$MINIDIT_DATA/emoji", resolution=32),
        training=TrainingConfig(steps=9000, batch_size=16, lr=4e-3, ema_decay=0.999),
    ),
} | A100

# the run of `in_latents`
LATENT_TRAINING = TrainingConfig(steps=3000, batch_size=16, lr=4e-3)


def experiment(name: str, overrides: tuple[str, ...] = ()) -> Experiment:
    """A named experiment, or folder:PATH or hub:OWNER/NAME, with overrides written as "model.depth=6".

    Raises:
        MiniditError: no such experiment, or an override that is not key=value or does not fit.
    """
    chosen = _own_pictures(name) if name.startswith(OWN) else EXPERIMENTS.get(name)
    if chosen is None and "=" in name:
        raise MiniditError(f"Name the experiment before its settings, such as: digits {name}.")
    if chosen is None:
        raise MiniditError(
            f"There is no experiment called {name!r}.{did_you_mean(name, EXPERIMENTS)} "
            f"There are: {', '.join(EXPERIMENTS)}, folder:PATH for your own pictures, "
            "and hub:OWNER/NAME for a data set of the hub."
        )
    return chosen.override(pairs(overrides))


def _own_pictures(source: str) -> Experiment:
    base = EXPERIMENTS["shapes32"]
    data = DataConfig(source, resolution=base.model.input_size)
    channels, classes = outline(data)
    return replace(base, model=replace(base.model, in_channels=channels, num_classes=classes), data=data)


def in_latents(source: str, latent: str, overrides: tuple[str, ...] = ()) -> Experiment:
    """An experiment on the images of `source` as latents: a network whose tokens are 8 x 8, or fewer.

    Args:
        source: digits, shapes, folder:PATH or hub:OWNER/NAME.
        latent: an autoencoder, see `minidit.latent.load_coder`; the run remembers its weights' hash.
        overrides: settings that differ; data.resolution is 32 (digits: 8; a published autoencoder: 64).

    Raises:
        MiniditError: no such images or autoencoder, images that it cannot read, or overrides that do not fit.
    """
    coder, changes = load_coder(latent), pairs(overrides)
    usual = 8 if source == "digits" else 64 if coder.standard is None else 32
    data = DataConfig(source, resolution=usual, latent=full_name(latent, coder))
    data = Experiment(data=data).override({k: v for k, v in changes.items() if k.startswith("data.")}).data
    channels, classes = outline(data)
    if channels != coder.image_channels:
        raise MiniditError(
            f"The images of {source} have {channels} channels, and {latent} reads {coder.image_channels}: "
            f"train an autoencoder for them, with `minidit vae {source}`."
        )
    if data.resolution % coder.factor:
        raise MiniditError(
            f"data.resolution is {data.resolution}; {latent} shrinks by {coder.factor}, so it must be a "
            f"multiple of {coder.factor}."
        )
    side = data.resolution // coder.factor
    base = EXPERIMENTS["shapes32"]
    sizes = {"in_channels": coder.channels, "input_size": side, "patch_size": -(-side // 8)}
    model = replace(base.model, num_classes=classes, **sizes)
    return replace(base, model=model, data=data, training=LATENT_TRAINING).override(changes)
