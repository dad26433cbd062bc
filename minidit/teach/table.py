"""Frames with two sliders: one chooses a row of pictures, the other a picture of the row."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure

from minidit.errors import MiniditError
from minidit.teach.frames import Frames, drawn, images, slider, words


class FramesTable(Frames):
    """A table of pictures of which one is seen; it moves without a kernel, as `Frames` does."""

    def __init__(
        self,
        figures: Sequence[Sequence[Figure]],
        values: tuple[Sequence[str], Sequence[str]],
        labels: tuple[str, str],
        alt: str,
        still: tuple[int, int] = (0, 0),
    ):
        """Draw the frames.

        Args:
            figures: rows of figures, all of one length.
            values: what the first slider reads at each row, and the second one at each column.
            labels: what the two sliders change.
            alt: what is to be seen, for those who cannot see it.
            still: row and column of the picture that stands where no widget runs, and the sliders' start.

        Raises:
            MiniditError: not one value for each row and each column, or more than 300 KiB of pictures.
        """
        rows, columns = map(len, values)
        if len(figures) != rows or any(len(row) != columns for row in figures):
            raise MiniditError(
                f"The values are for {rows} rows of {columns} figures; there are rows of "
                f"{', '.join(str(len(row)) for row in figures) or 'none'}. Give one for each pair of values."
            )
        made = drawn([figure for row in figures for figure in row])
        self.alt, self.still, self.pictures = alt, still[0] * columns + still[1], made
        inner = [images(made[columns * row : columns * (row + 1)], still[1]) for row in range(rows)]
        outer = ipywidgets.Stack(inner, selected_index=still[0])
        read = [words(each, start) for each, start in zip(values, still, strict=True)]
        moved = (
            slider(labels[0], [outer, read[0]], still[0]),
            slider(labels[1], [read[1], *inner], still[1]),
        )
        dials = [ipywidgets.HBox(pair) for pair in zip(moved, read, strict=True)]
        self.widget = ipywidgets.VBox([*dials, outer])
