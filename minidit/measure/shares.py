"""What share of the FLOPs is the autoencoder's, in training and in sampling, beside DiT of four sizes.

A training step of one image encodes it once, and costs the transformer three forward passes (one, and a
backward pass of two). Sampling decodes once, and evaluates the transformer once a step, or twice with
guidance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from torch import nn

from minidit.errors import MiniditError
from minidit.latent import Coder
from minidit.measure.autoencoders import CoderLedger, autoencoder_ledger
from minidit.measure.ledger import ledger

SIZES = ("S", "B", "L", "XL")
TOKEN = 16  # pixels along a side for one token: DiT's /2 on a factor of 8, LightningDiT's /1 on 16
# what is done, and the evaluations of the transformer that it takes
SAMPLING = {
    "50 steps": 50,
    "50 steps, guided": 100,
    "250 steps": 250,
    "250 steps, guided": 500,
}


@dataclass(frozen=True)
class Share:
    """FLOPs of one use of one transformer and one autoencoder, for one image."""

    transformer: str
    use: str
    transformer_flops: int
    autoencoder_flops: int

    @property
    def share(self) -> float:
        """The autoencoder's share of both."""
        return self.autoencoder_flops / (self.autoencoder_flops + self.transformer_flops)


@dataclass(frozen=True)
class Shares:
    """An autoencoder beside transformers; print it to see a table."""

    autoencoder: CoderLedger
    rows: tuple[Share, ...]

    def __str__(self) -> str:
        names = list(dict.fromkeys(row.transformer for row in self.rows))
        uses = list(dict.fromkeys(row.use for row in self.rows))
        cells = {(row.use, row.transformer): f"{row.share:.1%}" for row in self.rows}
        counted = self.autoencoder
        lines = [
            f"{counted.name} at {counted.resolution} x {counted.resolution}: its share of an image's FLOPs",
            f"{'':<27}" + "".join(f"{name:>11}" for name in names),
        ]
        lines += [f"{use:<27}" + "".join(f"{cells[use, name]:>11}" for name in names) for use in uses]
        return "\n".join(lines)


def shares(
    coder: str | Coder | nn.Module | CoderLedger = "sd-vae",
    resolution: int = 256,
    sizes: Iterable[str] = SIZES,
) -> Shares:
    """The autoencoder's share of the FLOPs, in a training step and in sampling, beside DiT of several sizes.

    Latents that are cached cost nothing in a step; they were encoded once, at the price of one encoding an
    image (and are not drawn anew from the posterior, nor flipped).

    Args:
        coder: as `autoencoder_ledger` takes it, or what it counted.
        resolution: side of the square image, in pixels; not looked at where the coder is counted already.
        sizes: of DiT: S, B, L, XL; the patch size is such that a token stands for 16 x 16 pixels.

    Raises:
        MiniditError: no such autoencoder or size, or latents that do not make tokens of 16 x 16 pixels.
    """
    counted = coder if isinstance(coder, CoderLedger) else autoencoder_ledger(coder, resolution)
    if TOKEN % counted.factor or counted.resolution % TOKEN:
        raise MiniditError(
            f"{counted.name} makes one latent of {counted.factor} x {counted.factor} pixels; with images of "
            f"{counted.resolution} x {counted.resolution} that gives no tokens of {TOKEN} x {TOKEN} pixels, "
            f"which are compared here. Give a resolution that {TOKEN} divides."
        )
    return Shares(counted, tuple(row for size in sizes for row in _rows(counted, size)))


@cache  # several autoencoders are compared beside the same transformers
def _forward(size: str, patch: int, channels: int, side: int) -> int:
    return ledger(f"DiT-{size}/2", patch_size=patch, in_channels=channels, input_size=side).flops


def _rows(counted: CoderLedger, size: str) -> list[Share]:
    patch = TOKEN // counted.factor
    forward = _forward(size, patch, counted.channels, counted.resolution // counted.factor)
    name = f"DiT-{size}/{patch}"
    return [
        Share(name, "training step", 3 * forward, counted.encode.flops),
        Share(name, "training, latents cached", 3 * forward, 0),
        *(
            Share(name, f"sampling, {use}", evaluations * forward, counted.decode.flops)
            for use, evaluations in SAMPLING.items()
        ),
    ]
