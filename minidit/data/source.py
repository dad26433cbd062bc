"""Which images: one record names them, one function brings them."""

from dataclasses import dataclass
from pathlib import Path

import torch

from minidit.data.digits import digits
from minidit.data.folder import folder_images
from minidit.data.images import Data
from minidit.data.shapes import Factors, draw_factors, shapes
from minidit.errors import MiniditError
from minidit.streams import generator

HELD_OUT_SHAPES = 1024


@dataclass(frozen=True)
class DataConfig:
    """source: "digits", "shapes", or "folder:PATH". resolution: side of the images in pixels.

    count, objects: for shapes only, the number of training images and the objects in each (1 or 2).
    """

    source: str = "digits"
    resolution: int = 8
    count: int = 4096
    objects: int = 1

    def __post_init__(self) -> None:
        """Refuse a source that does not exist, and settings that it does not have."""
        if self.source not in ("digits", "shapes") and not self.source.startswith("folder:"):
            raise MiniditError(
                f"data.source is {self.source!r}; it must be digits, shapes, or folder:PATH with the path "
                "of a folder of your own pictures."
            )
        if self.source == "digits" and self.resolution != 8:
            raise MiniditError(f"The digits are 8 x 8 pixels; data.resolution is {self.resolution}.")
        if self.resolution < 4:
            raise MiniditError(f"data.resolution is {self.resolution}; it must be at least 4 pixels.")
        if self.count < 1 or self.objects not in (1, 2):
            raise MiniditError(
                f"data.count is {self.count} and data.objects is {self.objects}; shapes need a count of at "
                "least 1, and 1 or 2 objects."
            )


def load(config: DataConfig) -> Data:
    """Bring the images into memory, divided into training and held-out; always the same ones."""
    if config.source == "digits":
        return digits()
    if config.source == "shapes":
        sets = (shapes(n, config.resolution, config.objects, draw) for n, draw in _drawn(config))
        return Data(*(images for images, _ in sets))
    return folder_images(Path(config.source.removeprefix("folder:")).expanduser(), config.resolution)


def factors(config: DataConfig) -> tuple[Factors, Factors]:
    """What is in the shapes that `load` brings, training and held-out, in the order of the images.

    Raises:
        MiniditError: other images, whose factors nobody knows.
    """
    if config.source != "shapes":
        raise MiniditError(
            f"Nobody knows the factors of the images of {config.source}: only shapes are drawn from known "
            "ones. Use data.source=shapes."
        )
    train, held_out = (draw_factors(n, config.objects, draw) for n, draw in _drawn(config))
    return train, held_out


def _drawn(config: DataConfig) -> tuple[tuple[int, torch.Generator], ...]:
    """How many shapes there are to train on and held out, and what each set is drawn from."""
    return (
        (config.count, generator(0, "shapes.train")),
        (HELD_OUT_SHAPES, generator(0, "shapes.held_out")),
    )
