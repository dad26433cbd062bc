"""Which images: one record names them, one function brings them."""

from dataclasses import dataclass
from pathlib import Path

from minidit.data.digits import digits
from minidit.data.folder import folder_images
from minidit.data.images import Data
from minidit.data.shapes import shapes
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
        train, _ = shapes(config.count, config.resolution, config.objects, generator(0, "shapes.train"))
        held_out, _ = shapes(
            HELD_OUT_SHAPES, config.resolution, config.objects, generator(0, "shapes.held_out")
        )
        return Data(train, held_out)
    return folder_images(Path(config.source.removeprefix("folder:")).expanduser(), config.resolution)
