"""A curve that grows while the network trains."""

import time
from collections.abc import Iterable, Iterator

from IPython.display import display
from matplotlib import pyplot as plt

from minidit.measure.evidence import WINDOW, Evidence
from minidit.teach.figures import curves
from minidit.teach.progress import progress, quiet
from minidit.teach.show import png, show
from minidit.training.loop import Record

REDRAW_SECONDS = 2.0


def live(
    records: Iterable[Record], evidence: Evidence | None = None, total: int | None = None
) -> Iterator[Record]:
    """Pass records through, and draw their loss over the recorded evidence as they come.

    The last picture stays, with words for it. When MINIDIT_QUIET is set there is only the last picture.
    """
    losses: list[float] = []
    drawn, handle = time.monotonic(), None
    for record in progress(records, "training", total=total):
        losses.append(record.loss)
        yield record
        if not quiet() and len(losses) >= WINDOW and time.monotonic() - drawn > REDRAW_SECONDS:
            handle = _redraw(losses, evidence, handle)
            drawn = time.monotonic()
    if handle is not None:
        handle.update({"text/plain": ""}, raw=True)
    over = ", over the recorded seeds and their band" if evidence is not None else ""
    show(curves(losses, evidence), alt=f"The loss of this run falls steeply, then slowly{over}.")


def _redraw(losses: list[float], evidence: Evidence | None, handle: object) -> object:
    figure = curves(losses, evidence)
    bundle = {"image/png": png(figure), "text/plain": f"loss after {len(losses)} steps"}
    plt.close(figure)
    if handle is None:
        return display(bundle, raw=True, display_id=True)
    handle.update(bundle, raw=True)
    return handle
