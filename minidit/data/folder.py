"""A folder of one's own pictures: each sub-folder is a class."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from minidit.data.images import Data, Images, split
from minidit.errors import MiniditError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"}


def class_folders(folder: Path) -> list[Path]:
    """The sub-folders that hold pictures, by name; the folder itself when it holds them directly."""
    if not folder.is_dir():
        raise MiniditError(f"There is no folder {folder}. Give the path of a folder with pictures.")
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and pictures(path)]
    if inner or pictures(folder):
        return inner or [folder]
    raise MiniditError(
        f"The folder {folder} holds no pictures ({', '.join(sorted(SUFFIXES))}), neither directly nor in "
        "sub-folders. Put the pictures of each class into a sub-folder of its own."
    )


def pictures(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in SUFFIXES]


def read(path: Path, resolution: int) -> Tensor:
    """One picture, cropped to its centre square and resized: (3, resolution, resolution) in [-1, 1]."""
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("RGBA")  # a camera notes which side is up
        paper = Image.new("RGBA", image.size, "white")  # transparent parts become white
        image = Image.alpha_composite(paper, image).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side)).resize((resolution, resolution), Image.BOX)
    return torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1) / 127.5 - 1  # (h, w, 3) -> (3, h, w)


def folder_images(folder: Path, resolution: int) -> Data:
    """Nine tenths to train on, one tenth held out. Unreadable pictures are named and skipped.

    Raises:
        MiniditError: no folder, no pictures, or too few to hold any out.
    """
    x, labels, names = [], [], []
    for label, path in enumerate(class_folders(folder)):
        names.append(path.name)
        for picture in pictures(path):
            try:
                x.append(read(picture, resolution))
                labels.append(label)
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                print(f"minidit: skipped {picture}: not a readable picture ({error})", file=sys.stderr)
    if len(x) < 20:
        raise MiniditError(f"The folder {folder} holds {len(x)} readable pictures; at least 20 are needed.")
    return split(Images(torch.stack(x), torch.tensor(labels), tuple(names)), held_out=0.1)
