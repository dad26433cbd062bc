"""Losses on features: what a network's blocks say, compared with what a teacher says."""

from minidit.align.projector import Projector

__all__ = ["Projector"]
