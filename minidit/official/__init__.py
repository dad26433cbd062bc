"""Published weights: read them, ask them in their own words, draw with them, write them back."""

from minidit.official.load import load, save
from minidit.official.published import Published
from minidit.official.sampling import sample

__all__ = ["Published", "load", "sample", "save"]
