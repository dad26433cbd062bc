"""Is it any good, and what did it cost: judge, Frechet distance, neighbours, ledger, evidence."""

from minidit.measure.autoencoders import CoderLedger, autoencoder_ledger
from minidit.measure.branches import Branch, watch_branches
from minidit.measure.denoising import denoising_readout
from minidit.measure.evidence import Band, Evidence, band, smooth
from minidit.measure.frechet import frechet_distance
from minidit.measure.judge import Judge
from minidit.measure.ledger import Ledger, ledger, parameters_by_part
from minidit.measure.memory import MemoryEstimate, kept_for_backward, memory_estimate
from minidit.measure.neighbours import Neighbours, nearest, neighbours
from minidit.measure.probe import probe_readout
from minidit.measure.quality import Quality, quality
from minidit.measure.shares import Shares, shares
from minidit.measure.spread import spread_within
from minidit.measure.straightness import bend
from minidit.measure.velocity import velocity_readout

__all__ = [
    "Band",
    "Branch",
    "CoderLedger",
    "Evidence",
    "Judge",
    "Ledger",
    "MemoryEstimate",
    "Neighbours",
    "Quality",
    "Shares",
    "autoencoder_ledger",
    "band",
    "bend",
    "denoising_readout",
    "frechet_distance",
    "kept_for_backward",
    "ledger",
    "memory_estimate",
    "nearest",
    "neighbours",
    "parameters_by_part",
    "probe_readout",
    "quality",
    "shares",
    "smooth",
    "spread_within",
    "velocity_readout",
    "watch_branches",
]
