"""The error of the noise at fixed signal-to-noise ratios: one yardstick for networks on different paths.

At a given ratio alpha / sigma the noisy images of two paths are multiples of one another, so it is the same
task; a velocity is another quantity on every path.
"""

import torch
from torch import Tensor, nn

from minidit.data.images import Data, Images
from minidit.flow.flow import Flow
from minidit.flow.interpolant import PATHS
from minidit.flow.objective import Draw, answer
from minidit.flow.prediction import convert
from minidit.measure.fixed import noise, some, stratified

IMAGES = 1024
LOW, HIGH = -6.0, 6.0  # log-SNR; on the linear path the times 0.047 to 0.953
PARTS = 6


def denoising_readout(flow: Flow, f: nn.Module, data: Data) -> dict[str, float]:
    """How far is the network's guess of the noise from the noise, from almost only noise to almost none?

    Every network, on whatever path and whatever it predicts, is asked about the same images with the same
    noise in the same proportions. Half the integral of this error over the log-SNR is, up to a constant,
    the bound on -log p(image) (Kingma et al. 2021, Variational Diffusion Models, equation 15).

    Args:
        flow: path and prediction of f. f: the network, on the device of the images.
        data: up to 1024 of the held-out images are read, spread evenly.

    Returns:
        Mean squared errors of the noise, per pixel: "held_out" over log-SNR = log(alpha^2 / sigma^2)
        uniform in -6 to 6, and "s1" (almost only noise) to "s6", by sixths of that range.
    """
    log_snr = stratified(IMAGES, LOW, HIGH, "denoising.log_snr")
    errors = _errors(flow, f, data.held_out, log_snr)
    part = ((log_snr - LOW) / (HIGH - LOW) * PARTS).long().clamp(max=PARTS - 1)[: len(errors)]
    parts = {f"s{k + 1}": errors[part == k].mean().item() for k in part.unique().tolist()}
    return {"held_out": errors.mean().item(), **parts}


@torch.no_grad()
def _errors(flow: Flow, f: nn.Module, images: Images, log_snr: Tensor) -> Tensor:
    """The error of each image, (images,), in float64 on the CPU."""
    batch, path, errors = some(images, IMAGES), PATHS[flow.path], []
    t = path.time((-log_snr / 2).exp())[: len(batch.x)].to(batch.x)  # sigma / alpha = exp(-log_snr / 2)
    eps = noise(IMAGES, batch.x, "denoising.noise")
    for piece in torch.arange(len(t)).split(64):
        x, labels = batch.x[piece], batch.condition.labels[piece]
        asked = Draw(t[piece], eps[piece], drop=torch.zeros(len(x), dtype=torch.bool, device=x.device))
        part = batch._replace(x=x, condition=batch.condition._replace(labels=labels))
        x_t = flow.interpolate(x, asked.noise, asked.t)
        guess = convert(
            path, answer(flow.predict(f), x_t, part, asked), x_t, asked.t, flow.prediction, "noise"
        )
        errors.append((guess - asked.noise).square().flatten(1).mean(1))  # (b, c, h, w) -> (b,)
    return torch.cat(errors).cpu().double()
