"""A slider over pictures made beforehand: it moves without a kernel, also in the rendered book."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure

from minidit.errors import MiniditError
from minidit.teach.show import png

LIMIT = 300 * 1024


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
        self.pictures, self.alt, self.still = [png(figure) for figure in figures], alt, still
        size = sum(map(len, self.pictures))
        if size > LIMIT:
            raise MiniditError(
                f"The frames take {size // 1024} KiB; they may take {LIMIT // 1024}: draw smaller or fewer."
            )
        images = [ipywidgets.Image(value=data, format="png") for data in self.pictures]
        stack = ipywidgets.Stack(images, selected_index=still)
        slider = ipywidgets.IntSlider(
            value=still, min=0, max=len(images) - 1, description=label, readout=False
        )
        words = ipywidgets.Stack([ipywidgets.Label(value) for value in values], selected_index=still)
        ipywidgets.jslink((slider, "value"), (stack, "selected_index"))
        ipywidgets.jslink((slider, "value"), (words, "selected_index"))
        self.widget = ipywidgets.VBox([ipywidgets.HBox([slider, words]), stack])

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        bundle = self.widget._repr_mimebundle_()
        bundle = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        bundle |= {"image/png": self.pictures[self.still], "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}
