"""The scale of an A100: settings for one card of 40 GB, chosen by arithmetic and not yet by a run.

Real pictures take 10 to 60 minutes each: the ledger's FLOPs, three forward passes a training step, at 40 %
of the 312 TFLOP/s that the card promises in bfloat16. tests/training/test_presets.py holds the arithmetic.
"""

from minidit.data.source import DataConfig
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig
from minidit.training.experiment import Experiment

A100 = {
    # DiT-S on 256 tokens, the scale a100 of the claim cards: short, since a card trains dozens of them
    "shapes-a100": Experiment(
        model=ModelConfig(in_channels=3, input_size=32, num_classes=24, learn_sigma=False),
        data=DataConfig("shapes", resolution=32, count=16384),
        training=TrainingConfig(steps=2500, batch_size=256, lr=1e-3, ema_decay=0.998, precision="bf16"),
    ),
    "shapes64-a100": Experiment(
        model=ModelConfig(in_channels=3, input_size=64, patch_size=4, num_classes=24, learn_sigma=False),
        data=DataConfig("shapes", resolution=64, count=32768),
        training=TrainingConfig(steps=12000, batch_size=256, lr=1e-3, ema_decay=0.999, precision="bf16"),
    ),
    "fashion-a100": Experiment(
        model=ModelConfig(in_channels=1, input_size=28, num_classes=10, learn_sigma=False),
        data=DataConfig("hub:zalando-datasets/fashion_mnist", resolution=28),
        training=TrainingConfig(steps=20000, batch_size=256, lr=1e-3, ema_decay=0.999, precision="bf16"),
    ),
    "cifar10-a100": Experiment(
        model=ModelConfig(in_channels=3, input_size=32, num_classes=10, learn_sigma=False),
        data=DataConfig("hub:uoft-cs/cifar10", resolution=32),
        training=TrainingConfig(steps=40000, batch_size=256, lr=1e-3, ema_decay=0.9995, precision="bf16"),
    ),
    # few pictures, so the work goes into fine patches: 1024 tokens, and about a hundred times through the set
    "emoji-a100": Experiment(
        model=ModelConfig(in_channels=3, input_size=64, num_classes=10, learn_sigma=False),
        data=DataConfig("folder:$MINIDIT_DATA/emoji", resolution=64),
        training=TrainingConfig(steps=8000, batch_size=64, lr=5e-4, ema_decay=0.999, precision="bf16"),
    ),
}
