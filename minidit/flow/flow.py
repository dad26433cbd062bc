"""What a network predicts, and how to read it as a velocity."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from minidit.errors import MiniditError
from minidit.flow.clock import CLOCKS
from minidit.flow.interpolant import PATHS, over_pixels
from minidit.flow.prediction import MARGIN, PREDICTIONS, convert, predict
from minidit.types import Condition

# f(x, t, condition) or v(x, t, condition): x (batch, channels, height, width), t (batch,) in [0, 1]
Network = Callable[..., Tensor]
Velocity = Callable[..., Tensor]


@dataclass(frozen=True)
class Flow:
    """The path, the meaning of the network's output, and the clock its time is given in.

    path: "linear", "gvp" or "vp".
    prediction: "velocity", "noise", "data" or "score".
    clock: the number the network is told. All of minidit's networks run on "unit"; the others are for
        callables from elsewhere.

        - "unit": t in [0, 1], 0 is noise.
        - "reversed": 1 - t, and velocities point the other way (SiT's paper, REPA).
        - "timestep": 1000 (1 - t), and velocities point the other way (diffusers' flow matching, SD3).
        - "step": DDPM's step 0 to 999, as a number that is not rounded. Not for velocities, and on the path
          "vp" only: a step names a noise level of that path.
        - "sigma": EDM's noise level sigma / alpha; the network looks at x / alpha. For data and noise.

    A flow is stored in every checkpoint: without it nobody knows what the weights predict.

    Raises:
        MiniditError: a word that is not in the table, or a prediction or a path that has no meaning on
            that clock.
    """

    path: str = "linear"
    prediction: str = "velocity"
    clock: str = "unit"

    def __post_init__(self) -> None:
        """Refuse a word that is not in the table, and a clock on which the prediction has no meaning."""
        tables = {"path": tuple(PATHS), "prediction": PREDICTIONS, "clock": tuple(CLOCKS)}
        for name, known in tables.items():
            if getattr(self, name) not in known:
                raise MiniditError(
                    f"A flow's {name} is {getattr(self, name)!r}; it must be one of: {', '.join(known)}."
                )
        clock = CLOCKS[self.clock]
        bare = clock.sign == 0 and self.prediction == "velocity"
        if bare or (clock.rescaled and self.prediction == "score"):
            raise MiniditError(
                f"A {self.prediction} has no agreed meaning on the clock {self.clock!r}; "
                "use prediction data or noise there, or the clock unit."
            )
        if self.clock == "step" and self.path != "vp":
            raise MiniditError(
                f"The clock 'step' counts DDPM's steps, which name noise levels of the path 'vp', not of "
                f"{self.path!r}: use path='vp', or another clock."
            )

    def interpolate(self, data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """x_t = alpha(t) data + sigma(t) noise; data and noise (batch, ...), t (batch,)."""
        path, t = PATHS[self.path], over_pixels(t, data)
        return path.alpha(t) * data + path.sigma(t) * noise

    def target(self, data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The right answer in our words; for a velocity, that of x_t along its own path.

        A network on a reversed clock says a velocity with the other sign: `predict` translates that.
        """
        return predict(PATHS[self.path], self.prediction, data, noise, t)

    def predict(self, f: Network) -> Network:
        """The network's own prediction as a callable of our time: (x, t, condition), t = 0 is noise.

        The number told, the sign of a velocity and the scale of the images are translated. A network with
        a learned-sigma head has twice the channels; the second half is not read, as in SiT.
        """
        clock, path = CLOCKS[self.clock], PATHS[self.path]

        def prediction(
            x: Tensor, t: Tensor, condition: Condition | Tensor | None = None, **options: object
        ) -> Tensor:
            seen = x / path.alpha(over_pixels(t, x)).clamp(min=MARGIN) if clock.rescaled else x
            out = f(seen, clock.told(t, path), condition, **options)[:, : x.shape[1]]
            return -out if clock.sign < 0 and self.prediction == "velocity" else out

        return prediction

    def velocity(self, f: Network) -> Velocity:
        """Read the network f as a velocity v(x, t, condition): dx/dt along our time, from noise to data.

        One evaluation of f each. For data, noise and score predictions the limits at t = 0 and t = 1 are
        those of `prediction.data_and_noise`.
        """
        prediction, path = self.predict(f), PATHS[self.path]

        def v(x: Tensor, t: Tensor, condition: Condition | Tensor | None = None, **options: object) -> Tensor:
            out = prediction(x, t, condition, **options)
            return convert(path, out, x, t, self.prediction, "velocity")

        return v
