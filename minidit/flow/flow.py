"""What a network predicts, and how to read it as a velocity."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.interpolant import PATHS
from minidit.types import Condition

# f(x, t, condition) or v(x, t, condition): x (batch, channels, height, width), t (batch,) in [0, 1]
Network = Callable[..., Tensor]
Velocity = Callable[..., Tensor]

PREDICTIONS = ("velocity",)
CLOCKS = ("unit",)


def over_pixels(t: Tensor, x: Tensor) -> Tensor:
    """t (batch,) -> (batch, 1, 1, ...), to be multiplied with x. One time for each image of the batch."""
    return t.view(-1, *[1] * (x.ndim - 1))


@dataclass(frozen=True)
class Flow:
    """The path, the meaning of the network's output, and the clock its time is given in.

    path: "linear". prediction: "velocity". clock: "unit", t in [0, 1].
    A flow is stored in every checkpoint: without it nobody knows what the weights predict.
    """

    path: str = "linear"
    prediction: str = "velocity"
    clock: str = "unit"

    def __post_init__(self) -> None:
        """Refuse a word that is not in the table."""
        for name, known in (("path", tuple(PATHS)), ("prediction", PREDICTIONS), ("clock", CLOCKS)):
            if getattr(self, name) not in known:
                raise MiniditError(
                    f"A flow's {name} is {getattr(self, name)!r}; it must be one of: {', '.join(known)}."
                )

    def interpolate(self, data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """x_t = alpha(t) data + sigma(t) noise; data and noise (batch, ...), t (batch,)."""
        path, t = PATHS[self.path], over_pixels(t, data)
        return path.alpha(t) * data + path.sigma(t) * noise

    def target(self, data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The velocity of x_t along its own path: alpha'(t) data + sigma'(t) noise."""
        path, t = PATHS[self.path], over_pixels(t, data)
        return path.alpha_dot(t) * data + path.sigma_dot(t) * noise

    def velocity(self, f: Network) -> Velocity:
        """Read the network f as a velocity v(x, t, condition).

        A network with a learned-sigma head has twice the channels; the second half is not read, as in SiT.
        """

        def v(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None, **options: object) -> Tensor:
            return f(x, t, condition, **options)[:, : x.shape[1]]

        return v
