"""Large images, decoded in pieces: a decoder's memory grows with the image, a tile's does not."""

import torch
from torch import Tensor

from minidit.errors import MiniditError
from minidit.latent.coder import Coder


def decode_tiled(coder: Coder, latents: Tensor, tile: int = 32, overlap: int = 8) -> Tensor:
    """Decode overlapping tiles, and blend them where they overlap so that no seam is seen.

    A decoder sees some way around each place, and at a tile's edge it sees padding instead: so near an edge
    a tile counts little, and its neighbour much. The result is close to decoding the whole, not equal to it.

    Args:
        coder: the autoencoder.
        latents: (b, channels, h, w), as `coder.encode` makes them.
        tile, overlap: side of a tile, and what neighbours share, in latents.

    Returns:
        (b, image_channels, f h, f w) in [-1, 1].

    Raises:
        MiniditError: tiles that overlap by all they have, or not at all.
    """
    if not 0 < overlap < tile:
        raise MiniditError(f"Tiles of {tile} latents cannot overlap by {overlap}: choose 1 to {tile - 1}.")
    (height, width), f = latents.shape[-2:], coder.factor
    shape = (len(latents), coder.image_channels, f * height, f * width)
    total = torch.zeros(shape, device=latents.device)
    weights = torch.zeros(shape[-2:], device=latents.device)
    for top in _starts(height, tile, overlap):
        for left in _starts(width, tile, overlap):
            piece = coder.decode(latents[..., top : top + tile, left : left + tile])
            tall, wide = piece.shape[-2:]
            count = (_ramp(tall, f * overlap)[:, None] * _ramp(wide, f * overlap)).to(piece.device)
            place = (..., slice(f * top, f * top + tall), slice(f * left, f * left + wide))
            total[place] += piece * count
            weights[place] += count
    return total / weights


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin: the last one ends where the latent does, and shares more instead of being short."""
    last = max(0, length - tile)
    return [*range(0, last, tile - overlap), last]


def _ramp(length: int, overlap: int) -> Tensor:
    """What each pixel of a tile counts: rising from both edges, 1 inside, never 0. (length,)."""
    rise = (torch.arange(length) + 0.5) / overlap
    return torch.minimum(rise, rise.flip(0)).clamp(max=1)
