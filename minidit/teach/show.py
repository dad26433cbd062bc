"""Show a figure together with words that say what is to be seen in it."""

from io import BytesIO

from IPython.display import display
from matplotlib.figure import Figure

from minidit.errors import MiniditError


def png(figure: Figure) -> bytes:
    """The figure as a PNG, equal bytes for equal figures; the figure is closed."""
    import matplotlib.pyplot as plt

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Display a figure with its alternative text, and close it.

    Args:
        figure: a matplotlib figure.
        alt: what a reader who cannot see the picture should learn from it.

    Raises:
        MiniditError: alt is empty.
    """
    if not alt.strip():
        raise MiniditError("A figure needs words for those who cannot see it: give alt, one sentence or two.")
    bundle = {"image/png": png(figure), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})
