"""Where images come from: scanned digits, drawn shapes, a folder of one's own, or the hub."""

from minidit.data.images import Data, Images
from minidit.data.source import DataConfig, load

__all__ = ["Data", "DataConfig", "Images", "load"]
