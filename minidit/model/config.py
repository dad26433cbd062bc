"""What a network is made of, as a record; and the twelve networks of the DiT paper."""

from dataclasses import dataclass

from minidit.errors import MiniditError


@dataclass(frozen=True)
class ModelConfig:
    """The settings of a DiT. They travel in every checkpoint.

    in_channels, input_size: what goes in, (batch, in_channels, input_size, input_size).
    patch_size: side of a patch; an image becomes (input_size / patch_size)^2 tokens.
    dim, depth, heads, mlp_ratio: width of a token, number of blocks, attention heads, MLP width / dim.
    num_classes: class labels 0 .. num_classes - 1; label num_classes is the null label.
    learn_sigma: twice the output channels, as DiT has them for its learned variance.
    time_scale: t in [0, 1] is multiplied by this before its sinusoidal features.
    """

    in_channels: int = 4
    input_size: int = 32
    patch_size: int = 2
    dim: int = 384
    depth: int = 12
    heads: int = 6
    mlp_ratio: float = 4.0
    num_classes: int = 1000
    learn_sigma: bool = True
    time_scale: float = 1000.0

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        for name in ("in_channels", "input_size", "patch_size", "dim", "depth", "heads", "num_classes"):
            if getattr(self, name) < 1:
                raise MiniditError(f"model.{name} is {getattr(self, name)}; it must be at least 1.")
        if not 1 <= self.mlp_ratio * self.dim < float("inf"):
            raise MiniditError(f"model.mlp_ratio is {self.mlp_ratio}; it must be more than 0, such as 4.0.")
        if self.input_size % self.patch_size:
            raise MiniditError(
                f"model.patch_size {self.patch_size} does not divide model.input_size {self.input_size}: "
                f"choose a patch of {_divisors(self.input_size)}, or images of another side."
            )
        if self.dim % self.heads:
            raise MiniditError(
                f"model.heads {self.heads} does not divide model.dim {self.dim}: every head needs an "
                "equal, whole share of the width."
            )
        if self.dim % 4:
            raise MiniditError(
                f"model.dim is {self.dim}; it must be a multiple of 4, because a position is written as "
                "sines and cosines of its row and of its column."
            )

    @property
    def out_channels(self) -> int:
        """Channels that come out."""
        return self.in_channels * (2 if self.learn_sigma else 1)

    @property
    def tokens(self) -> int:
        """Tokens of one image."""
        return (self.input_size // self.patch_size) ** 2


def _divisors(n: int) -> str:
    return ", ".join(str(p) for p in range(1, n + 1) if n % p == 0)


# Peebles and Xie 2022, table 1: width, depth, heads
SIZES = {"S": (384, 12, 6), "B": (768, 12, 12), "L": (1024, 24, 16), "XL": (1152, 28, 16)}

PRESETS = {
    f"DiT-{size}/{patch}": ModelConfig(dim=dim, depth=depth, heads=heads, patch_size=patch)
    for size, (dim, depth, heads) in SIZES.items()
    for patch in (2, 4, 8)
}
