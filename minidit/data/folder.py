"""A folder of one's own pictures: each sub-folder is a class."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from minidit.data.images import Data, Images, split
from minidit.data.picture import UNREADABLE, square
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
        pixels = square(image, resolution)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 127.5 - 1  # (h, w, 3) -> (3, h, w)


def folder_images(folder: Path, resolution: int, watch: Callable[[list], Iterable] = iter) -> Data:
    """Nine tenths to train on, one tenth held out. Unreadable pictures are named and skipped.

    `watch` wraps the list of pictures, as a progress line does.

    Raises:
        MiniditError: no folder, no pictures, or too few to hold any out.
    """
    x, labels, folders = [], [], class_folders(folder)
    for label, picture in watch([(i, path) for i, inner in enumerate(folders) for path in pictures(inner)]):
        try:
            x.append(read(picture, resolution))
            labels.append(label)
        except UNREADABLE as error:
            print(f"minidit: skipped {picture}: not a readable picture ({error})", file=sys.stderr)
    if len(x) < 20:
        raise MiniditError(f"The folder {folder} holds {len(x)} readable pictures; at least 20 are needed.")
    names = tuple(inner.name for inner in folders)
    return split(Images(torch.stack(x), torch.tensor(labels), names), held_out=0.1)
