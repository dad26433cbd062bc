"""Published weights: read them into minidit's networks, ask them in their own words, write them back."""

from minidit.official.load import load, save
from minidit.official.published import Published

__all__ = ["Published", "load", "save"]
