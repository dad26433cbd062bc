"""A slider over pictures made beforehand: it moves without a kernel, also in the rendered book."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure

from minidit.errors import MiniditError
from minidit.teach.show import png

LIMIT = 300 * 1024


def drawn(figures: Sequence[Figure]) -> list[bytes]:
    """The figures as PNGs, closed. Raises MiniditError when they are more than 300 KiB together."""
    pictures = [png(figure) for figure in figures]
    size = sum(map(len, pictures))
    if size > LIMIT:
        raise MiniditError(
            f"The frames take {size // 1024} KiB; they may take {LIMIT // 1024}: draw smaller or fewer."
        )
    return pictures


def images(pictures: Sequence[bytes], shown: int) -> ipywidgets.Stack:
    """Pictures of which one is seen."""
    layout = ipywidgets.Layout()  # one for all: each would be stored with the notebook
    stored = [ipywidgets.Image(value=data, format="png", layout=layout) for data in pictures]
    return ipywidgets.Stack(stored, selected_index=shown)


def words(values: Sequence[str], shown: int) -> ipywidgets.Stack:
    """Words of which one value is seen."""
    first = ipywidgets.Label()
    shared = {"layout": first.layout, "style": first.style}  # one for all, as above
    return ipywidgets.Stack([ipywidgets.Label(value, **shared) for value in values], selected_index=shown)


def slider(label: str, stacks: Sequence[ipywidgets.Stack], start: int) -> ipywidgets.IntSlider:
    """A slider that moves all the stacks at once, in the page itself."""
    last = len(stacks[0].children) - 1
    found = ipywidgets.IntSlider(value=start, min=0, max=last, description=label, readout=False)
    for stack in stacks:
        ipywidgets.jslink((found, "value"), (stack, "selected_index"))
    return found


class Frames:
    """One picture a value; the slider changes the picture. Where no widget runs, a still is shown."""

    def __init__(
        self, figures: Sequence[Figure], values: Sequence[str], label: str, alt: str, still: int = 0
    ):
        """Draw the frames.

        Args:
            figures: one figure for each value.
            values: what the slider reads at each picture.
            label: what the slider changes.
            alt: what is to be seen, for those who cannot see it.
            still: index of the picture that stands where no widget runs, and the slider's start.

        Raises:
            MiniditError: not one value for each figure, or more than 300 KiB of pictures.
        """
        if len(figures) != len(values):
            raise MiniditError(
                f"There are {len(figures)} figures for {len(values)} values; give one of each."
            )
        self.pictures, self.alt, self.still = drawn(figures), alt, still
        stack, read = images(self.pictures, still), words(values, still)
        moved = slider(label, [stack, read], still)
        self.widget = ipywidgets.VBox([ipywidgets.HBox([moved, read]), stack])

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        bundle = self.widget._repr_mimebundle_()
        bundle = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        bundle |= {"image/png": self.pictures[self.still], "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}
