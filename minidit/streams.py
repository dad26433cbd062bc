"""Stateless random streams: every draw is named by (seed, name, step).

A stateful generator remembers how much was drawn from it, so an arm with one more parameter would see
other noise, and a continued run would need the generator's state. Here the draw of step 700 can be had
without the 699 before it.
"""

import hashlib
from dataclasses import dataclass

import torch


def generator(seed: int, name: str, step: int = 0) -> torch.Generator:
    """A fresh CPU generator for one draw; equal arguments give equal numbers.

    PyTorch's CPU generator uses the low 32 bits of its seed, so we hash to 32 bits: of 10,000 streams
    one pair in a hundred runs will coincide, which means two equal noises some steps apart.
    """
    digest = hashlib.blake2b(f"{seed}/{name}/{step}".encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))


@dataclass(frozen=True)
class Streams:
    """All streams of one seed: `streams("noise", step)` is the generator of that draw."""

    seed: int

    def __call__(self, name: str, step: int = 0) -> torch.Generator:
        """The generator named `name` at `step`."""
        return generator(self.seed, name, step)
