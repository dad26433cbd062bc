"""Labelled pictures of a data set of the hub, divided as the set divides them."""

from collections.abc import Callable, Iterable

from minidit.data.fetch import name_of, opened
from minidit.data.images import Data, Images, split
from minidit.data.table import channels_of, columns_of, groups_of, read_rows
from minidit.errors import MiniditError

FEWEST = 20  # as many as a folder of one's own needs


def hub_outline(source: str) -> tuple[int, int]:
    """How many channels and classes the images of `hub_images` have; no pixel is decoded."""
    with opened(source) as parts:
        columns = columns_of(parts, name_of(source))
        return channels_of(parts.values(), columns.image), len(columns.class_names)


def hub_images(source: str, resolution: int, watch: Callable[[list[int]], Iterable[int]] = iter) -> Data:
    """The split `train` to learn from, `test` or `validation` held out; without them, one tenth is held out.

    Where a tenth is held out of pictures that belong together, such as an emoji in three styles, all of them
    lie on the same side. Images have one channel where every picture is grey, else three.

    Args:
        source: hub:OWNER/NAME or folder:PATH. The folder NAME in MINIDIT_DATA goes before the network.
        resolution: side of the images in pixels.
        watch: wraps the list of what is read of a split, as a progress line does.

    Raises:
        MiniditError: datasets is not installed, there is no such set, it cannot be read or reached, or it
            has no pictures, or too few.
    """
    with opened(source) as parts:
        columns = columns_of(parts, name_of(source))
        shape = channels_of(parts.values(), columns.image), resolution
        read = {name: read_rows(rows, name, columns, shape, watch) for name, rows in parts.items()}
        groups = [groups_of(rows, columns)[read[name].places] for name, rows in parts.items()]
    counts = {name: len(rows.labels) for name, rows in read.items()}
    if sum(counts.values()) < FEWEST or not all(counts.values()):
        found = ", ".join(f"{count} in {name}" for name, count in counts.items())
        raise MiniditError(
            f"{source} holds too few readable pictures with a class ({found}); at least {FEWEST} are needed, "
            "and some in each split."
        )
    images = [Images(rows.x, rows.labels, columns.class_names) for rows in read.values()]
    return Data(*images) if len(images) == 2 else split(*images, held_out=0.1, group_by=groups[0])
