"""Frames whose slider can be read by several rulers: buttons choose one, without a kernel too."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ipywidgets
from matplotlib.figure import Figure

from minidit.errors import MiniditError
from minidit.teach.frames import Frames, drawn, images, slider, words


class Ruler(NamedTuple):
    """One way to read the slider: words for each picture, and a figure that stands below them all."""

    values: Sequence[str]
    figure: Figure


class RuledFrames(Frames):
    """Frames with a row of buttons: the pictures stay, what the slider reads changes, and the ruler below."""

    def __init__(
        self, figures: Sequence[Figure], rulers: Mapping[str, Ruler], label: str, alt: str, still: int = 0
    ):
        """Draw the frames and the rulers.

        Args:
            figures: one figure for each place of the slider.
            rulers: {what its button says: the ruler}; the first one is chosen at the start.
            label: what the slider changes.
            alt: what is to be seen, for those who cannot see it.
            still: index of the picture that stands where no widget runs, and the slider's start.

        Raises:
            MiniditError: fewer than two rulers, one without a value for each figure, or more than 300 KiB of
                pictures, rulers included.
        """
        if len(rulers) < 2:
            raise MiniditError("Buttons need two rulers or more to choose from; for one, use teach.Frames.")
        for name, ruler in rulers.items():
            if len(ruler.values) != len(figures):
                raise MiniditError(
                    f"The ruler {name!r} has {len(ruler.values)} values for {len(figures)} figures; give one "
                    "of each."
                )
        made = drawn([*figures, *(ruler.figure for ruler in rulers.values())])
        self.pictures, self.alt, self.still = made[: len(figures)], alt, still
        read = [words(ruler.values, still) for ruler in rulers.values()]
        chosen, below = ipywidgets.Stack(read, selected_index=0), images(made[len(figures) :], 0)
        stack, buttons = images(self.pictures, still), ipywidgets.ToggleButtons(options=list(rulers))
        moved = slider(label, [stack, *read], still)
        for target in (chosen, below):
            ipywidgets.jslink((buttons, "index"), (target, "selected_index"))
        self.widget = ipywidgets.VBox([buttons, ipywidgets.HBox([moved, chosen]), stack, below])
