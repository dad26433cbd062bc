"""What a network predicts: velocity, noise, data or score, and how each is read as another.

x = alpha d + sigma n and v = alpha' d + sigma' n are two equations. A prediction gives one more word about
the data d and the noise n, so both follow, and from both every prediction follows.
"""

from torch import Tensor

from minidit.flow.interpolant import Path, over_pixels

PREDICTIONS = ("velocity", "noise", "data", "score")

# Where alpha or sigma is 0 some readings are 0 / 0: the image alone no longer tells data from noise. A
# divisor is therefore at least this. SiT stops at the same distance from the ends (its eps is 1e-3).
MARGIN = 1e-3


def turn(path: Path, t: Tensor) -> Tensor:
    """D = alpha' sigma - alpha sigma', the determinant of the two equations: 1 if linear, pi / 2 if GVP."""
    return path.alpha_dot(t) * path.sigma(t) - path.alpha(t) * path.sigma_dot(t)


def data_and_noise(
    path: Path, prediction: str, output: Tensor, x: Tensor, t: Tensor
) -> tuple[Tensor, Tensor]:
    """Read a network's output as its guess of the data and of the noise.

    Args:
        path: alpha and sigma.
        prediction: what the output is, one of PREDICTIONS.
        output, x: (batch, ...); t (batch,).

    Returns:
        data and noise, like x, with x = alpha data + sigma noise wherever the divisor is not held.
        Limits at the ends: noise and score give data = 0 at t = 0 when they are right (there x is the
        noise); data gives noise = 0 at t = 1 when it is right (there x is the data).
    """
    t = over_pixels(t, x)
    alpha, sigma = path.alpha(t), path.sigma(t)
    if prediction == "velocity":
        d = turn(path, t)
        data = (sigma * output - path.sigma_dot(t) * x) / d
        return data, (path.alpha_dot(t) * x - alpha * output) / d
    if prediction == "data":
        return output, (x - alpha * output) / sigma.clamp(min=MARGIN)
    noise = output if prediction == "noise" else -sigma * output
    return (x - sigma * noise) / alpha.clamp(min=MARGIN), noise


def predict(path: Path, prediction: str, data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """What a network with this prediction should answer when data and noise are known.

    The score, -noise / sigma, has no bound at the data; its divisor is held at MARGIN.
    data, noise (batch, ...); t (batch,). Returns a tensor like data.
    """
    t = over_pixels(t, data)
    if prediction == "velocity":
        return path.alpha_dot(t) * data + path.sigma_dot(t) * noise
    if prediction == "data":
        return data
    return noise if prediction == "noise" else -noise / path.sigma(t).clamp(min=MARGIN)


def convert(path: Path, output: Tensor, x: Tensor, t: Tensor, source: str, target: str) -> Tensor:
    """Read a prediction of one kind as another: the output itself when they are the same.

    Args:
        path: alpha and sigma.
        output: (batch, ...), what the network said about x.
        x: (batch, ...), the noisy images; t (batch,), their times.
        source, target: two of PREDICTIONS.
    """
    if source == target:
        return output
    return predict(path, target, *data_and_noise(path, source, output, x, t), t)
