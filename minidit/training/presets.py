"""The named experiments: settings found by measurement. book/evidence holds what they reach and cost."""

from dataclasses import replace

from minidit.data.source import OWN, DataConfig, outline
from minidit.errors import MiniditError, did_you_mean
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig
from minidit.training.experiment import Experiment
from minidit.training.settings import pairs

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
    # the scale of an A100: DiT-S on 256 tokens; chosen by arithmetic, not yet by a run
    "shapes-a100": Experiment(
        model=ModelConfig(in_channels=3, input_size=32, num_classes=24, learn_sigma=False),
        data=DataConfig("shapes", resolution=32, count=16384),
        training=TrainingConfig(steps=2500, batch_size=256, lr=1e-3, ema_decay=0.998),
    ),
    "shapes32": Experiment(
        model=ModelConfig(
            in_channels=3,
            input_size=32,
            patch_size=4,
            dim=96,
            depth=4,
            heads=4,
            num_classes=24,
            learn_sigma=False,
        ),
        data=DataConfig("shapes", resolution=32, count=8192),
        training=TrainingConfig(steps=6000, batch_size=8, lr=4e-3),
    ),
}


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
