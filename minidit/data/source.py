"""Which images: one record names them, one function brings them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from minidit.data.digits import digits
from minidit.data.fetch import has_shards, path_of
from minidit.data.folder import class_folders, folder_images
from minidit.data.hub import hub_images, hub_outline
from minidit.data.images import Data
from minidit.data.latents import load_latents
from minidit.data.shapes import CLASS_NAMES, Factors, draw_factors, shapes
from minidit.errors import MiniditError
from minidit.streams import generator

HELD_OUT_SHAPES = 1024
DRAWN = {"digits": (1, 10), "shapes": (3, len(CLASS_NAMES))}  # channels and classes
OWN = ("folder:", "hub:")  # how a source begins whose images only its owner knows


@dataclass(frozen=True)
class DataConfig:
    """source: "digits", "shapes", "folder:PATH" or "hub:OWNER/NAME". resolution: side of an image in pixels.

    A folder holds pictures, in a sub-folder for each class, or the parquet shards of a data set; its path may
    begin with ~ or $NAME. A set of the hub is read from the folder MINIDIT_DATA/NAME; where that is not
    there, the network brings it.

    count, objects: for shapes only, the number of training images and the objects in each (1 or 2).
    latent: an autoencoder whose latents take the place of the pixels, see `minidit.latent.load_coder`; empty
    for pixels.
    """

    source: str = "digits"
    resolution: int = 8
    count: int = 4096
    objects: int = 1
    latent: str = ""

    @property
    def pixels(self) -> "DataConfig":
        """The same images without an autoencoder."""
        return replace(self, latent="")

    def __post_init__(self) -> None:
        """Refuse a source that does not exist, and settings that it does not have."""
        if self.source not in ("digits", "shapes") and not self.source.startswith(OWN):
            raise MiniditError(
                f"data.source is {self.source!r}; it must be digits, shapes, folder:PATH with the path of a "
                "folder of your own pictures, or hub:OWNER/NAME with a data set of the hub."
            )
        if self.source.startswith("hub:") and not re.fullmatch(r"hub:\w[\w.-]*/\w[\w.-]*", self.source):
            raise MiniditError(
                f"data.source is {self.source!r}; a data set of the hub is named with its owner, as in "
                "hub:uoft-cs/cifar10."
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


def load(config: DataConfig, watch: Callable[[list], Iterable] = iter) -> Data:
    """Bring the images into memory, divided into training and held-out; always the same ones.

    `watch` wraps the list of what is read from files, as a progress line does.

    Raises:
        MiniditError: there are no such images, or too few.
    """
    if config.latent:
        images = {key: value for key, value in asdict(config).items() if key != "latent"}
        return load_latents(images, config.latent, lambda: load(config.pixels, watch), watch)
    if config.source == "digits":
        return digits()
    if config.source == "shapes":
        sets = (shapes(n, config.resolution, config.objects, draw) for n, draw in _drawn(config))
        return Data(*(images for images, _ in sets))
    pictures = _picture_folder(config.source)
    if pictures is None:
        return hub_images(config.source, config.resolution, watch)
    return folder_images(pictures, config.resolution, watch)


def outline(config: DataConfig) -> tuple[int, int]:
    """How many channels and classes the images of a source have; none is read.

    Raises:
        MiniditError: there are no such images.
    """
    if config.source in DRAWN:
        return DRAWN[config.source]
    pictures = _picture_folder(config.source)
    return hub_outline(config.source) if pictures is None else (3, len(class_folders(pictures)))


def _picture_folder(source: str) -> Path | None:
    """The folder of a source that is pictures in sub-folders; None where it is a data set in shards."""
    return None if source.startswith("hub:") or has_shards(path_of(source)) else path_of(source)


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
