"""A picture of any size becomes a square of pixels."""

import numpy as np
from PIL import Image, ImageOps

# what Pillow raises for a file that is no picture, is cut short, or is dangerously large
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def is_grey(image: Image.Image) -> bool:
    """Whether a picture is one channel of grey, without a part that is transparent."""
    return image.mode == "L" and "transparency" not in image.info


def square(image: Image.Image, resolution: int, channels: int = 3) -> np.ndarray:
    """The centre square of a picture, resized: (resolution, resolution, channels) uint8.

    Args:
        image: as opened; transparent parts become white.
        resolution: side in pixels.
        channels: 3, or 1 for a picture that `is_grey`.

    Raises:
        one of UNREADABLE: the file behind `image` is broken.
    """
    ImageOps.exif_transpose(image, in_place=True)  # a camera notes which side is up
    if channels == 3 and (image.mode != "RGB" or "transparency" in image.info):
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    if image.size != (resolution, resolution):
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side)).resize((resolution, resolution), Image.BOX)
    return np.asarray(image).reshape(resolution, resolution, channels)
