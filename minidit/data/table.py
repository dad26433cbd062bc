"""What the columns of a data set mean, and its rows as images."""

import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from minidit.data.picture import UNREADABLE, is_grey, square
from minidit.errors import MiniditError

AT_ONCE = 100  # rows
TOGETHER = "codepoints"  # what is alike here is the same thing, drawn in several styles


class Columns(NamedTuple):
    """The names of the columns; None for one that the set does not have.

    classes: which class a value of the column `label` means. together: rows that are alike in it show the
    same thing.
    """

    image: str
    label: str | None
    classes: dict[Any, int]
    class_names: tuple[str, ...]
    together: str | None


class Rows(NamedTuple):
    """x (n, channels, height, width) in [-1, 1]; labels (n,); places (n,): their rows in the split."""

    x: Tensor
    labels: Tensor
    places: Tensor


def columns_of(parts: dict[str, Any], name: str) -> Columns:
    """Find the columns by their types, and the classes.

    A class is a ClassLabel (the column `label` or `labels`, else the first one), else what is written in
    `label`, `labels` or `group`. Without any of them all pictures are of one class, called `name`.

    Raises:
        MiniditError: there is no column of pictures.
    """
    import datasets

    features = next(iter(parts.values())).features
    images = [column for column, kind in features.items() if isinstance(kind, datasets.Image)]
    if not images:
        raise MiniditError(
            f"The data set {name} has no column of pictures (of the type Image); its columns are: "
            f"{', '.join(features)}. Choose a set of pictures."
        )
    image = next((column for column in ("image", "img") if column in images), images[0])
    together = TOGETHER if TOGETHER in features else None
    named = [column for column, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    plain = [column for column in ("label", "labels", "group") if _is_plain(features.get(column))]
    label = next(
        (column for column in ("label", "labels") if column in named), *(named or plain)[:1] or [None]
    )
    if label in named:
        names = tuple(features[label].names)
        return Columns(image, label, {index: index for index in range(len(names))}, names, together)
    found = {value for rows in parts.values() for value in _values(rows, label)} if label else {name}
    values = sorted(found - {None})
    classes = {value: index for index, value in enumerate(values)}
    return Columns(image, label, classes, tuple(map(str, values)), together)


def channels_of(parts: Iterable[Any], column: str) -> int:
    """1 where every picture is grey, else 3; only the beginning of each file is read."""
    for rows in parts:
        for start in range(0, len(rows), AT_ONCE):
            for cell in _cells(rows, column, start):
                try:
                    if not is_grey(_open(cell)):
                        return 3
                except UNREADABLE:  # will be named when its pixels are read
                    continue
    return 1


def read_rows(
    rows: Any,
    split: str,
    columns: Columns,
    shape: tuple[int, int],
    watch: Callable[[list[int]], Iterable[int]] = iter,
) -> Rows:
    """The pictures of a split. Unreadable ones, and those without a class, are named and skipped.

    Args:
        rows: of datasets.
        split: its name.
        columns: what `columns_of` found.
        shape: (channels, resolution).
        watch: wraps the list of beginnings of what is read at once, as a progress line does.
    """
    channels, side = shape
    values = _values(rows, columns.label) if columns.label else [*columns.classes] * len(rows)
    pixels = np.empty((len(rows), side, side, channels), np.uint8)
    labels, places = [], []
    for start in watch(list(range(0, len(rows), AT_ONCE))):
        for place, cell in enumerate(_cells(rows, columns.image, start), start):
            try:
                pixels[place] = square(_open(cell), side, channels)
            except UNREADABLE as error:
                print(f"minidit: skipped {split} {place}: not a readable picture ({error})", file=sys.stderr)
                continue
            if values[place] not in columns.classes:
                print(f"minidit: skipped {split} {place}: it has no class", file=sys.stderr)
                continue
            labels.append(columns.classes[values[place]])
            places.append(place)
    x = torch.from_numpy(pixels[places]).permute(0, 3, 1, 2).contiguous()  # (n, h, w, c) -> (n, c, h, w)
    labels, places = (torch.tensor(found, dtype=torch.int64) for found in (labels, places))
    return Rows(x.float().div_(127.5).sub_(1), labels, places)


def groups_of(rows: Any, columns: Columns) -> Tensor:
    """(n,) a number for each row of a split; rows that belong together have the same one."""
    if columns.together is None:
        return torch.arange(len(rows))
    _, groups = np.unique(np.array(_values(rows, columns.together), dtype=str), return_inverse=True)
    return torch.from_numpy(groups)


def _is_plain(kind: Any) -> bool:
    """Whether a column holds whole numbers or words, of which each may name a class."""
    return str(getattr(kind, "dtype", "")).startswith(("int", "uint", "bool", "string", "large_string"))


def _values(rows: Any, column: str) -> list[Any]:
    return rows.select_columns([column])[:][column]


def _cells(rows: Any, column: str, start: int) -> Iterator[dict[str, Any] | None]:
    """Some pictures from row `start` on as they are stored: the bytes of a file, or its path."""
    stored = rows.select_columns([column]).with_format("arrow")
    yield from stored[start : start + AT_ONCE][column].to_pylist()


def _open(cell: dict[str, Any] | None) -> Image.Image:
    """A picture whose pixels are not yet decoded."""
    if cell is None:
        raise ValueError("there is none")
    try:
        return Image.open(cell["path"] if cell["bytes"] is None else BytesIO(cell["bytes"]))
    except UnidentifiedImageError as error:  # whose own words name an object in memory
        raise ValueError("its kind is unknown") from error
