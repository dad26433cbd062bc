"""What a chapter imports: figures with words for them, a live curve, predictions, sliders, pages."""

from minidit.teach.figures import curves, grid, rows
from minidit.teach.frames import Frames
from minidit.teach.live import live
from minidit.teach.page import Page
from minidit.teach.predict import compare, predict
from minidit.teach.progress import progress, quiet
from minidit.teach.ruled import RuledFrames, Ruler
from minidit.teach.scale import device, scale, settings
from minidit.teach.show import show
from minidit.teach.table import FramesTable

__all__ = [
    "Frames",
    "FramesTable",
    "Page",
    "RuledFrames",
    "Ruler",
    "compare",
    "curves",
    "device",
    "grid",
    "live",
    "predict",
    "progress",
    "quiet",
    "rows",
    "scale",
    "settings",
    "show",
]
