"""A curve that grows while the network trains."""

import time
from collections.abc import Iterable, Iterator

from IPython.display import DisplayHandle

from minidit.measure.evidence import WINDOW, Evidence
from minidit.teach.figures import curves
from minidit.teach.progress import quiet
from minidit.teach.show import png, show
from minidit.training.records import Record

REDRAW_SECONDS = 2.0


def live(
    records: Iterable[Record], evidence: Evidence | None = None, total: int | None = None
) -> Iterator[Record]:
    """Pass records through, and draw their loss over the recorded evidence as they come.

    While it runs there is one picture, redrawn every two seconds, with the time left. At the end a last one
    stays, with words for it. When MINIDIT_QUIET is set there is only the last picture.
    """
    losses: list[float] = []
    handle, began = DisplayHandle(), time.monotonic()
    shown, drawn = False, began
    for record in records:
        losses.append(record.loss)
        yield record
        if not quiet() and len(losses) >= WINDOW and time.monotonic() - drawn > REDRAW_SECONDS:
            drawn = time.monotonic()
            bundle = _picture(losses, evidence, _left(drawn - began, len(losses), total))
            (handle.update if shown else handle.display)(bundle, raw=True)
            shown = True
    over = ", over the recorded seeds and their band" if evidence is not None else ""
    words = f"The loss of this run falls steeply, then slowly{over}."
    if not shown:
        show(curves(losses, evidence), alt=words)
        return
    bundle = _picture(losses, evidence, words)
    handle.update(bundle, raw=True, metadata={"image/png": {"alt": words}})


def _left(seconds: float, done: int, total: int | None) -> str:
    if not total:
        return f"step {done}"
    return f"step {done} of {total}, {seconds / done * (total - done):.0f} s left"


def _picture(losses: list[float], evidence: Evidence | None, words: str) -> dict[str, str | bytes]:
    figure = curves(losses, evidence)
    figure.axes[0].set_title(words, fontsize=9, loc="left")
    return {"image/png": png(figure), "text/plain": words}
