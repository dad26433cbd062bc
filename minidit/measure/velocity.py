"""The error of the velocity on draws that never change: the book's first readout of a trained network."""

import torch
from torch import Tensor

from minidit.data.images import Data, Images
from minidit.flow.flow import Flow, Network
from minidit.flow.objective import Draw, velocity_error
from minidit.measure.fixed import noise, some, stratified

IMAGES, DRAWS = 1024, 2  # of each set; the first DRAWS noises of an image
LOW, HIGH = 0.05, 0.95  # the ends are left out: there some predictions have no velocity
PARTS = 10  # of the times
PIECE = 64  # images at once: on one core larger pieces are slower


def velocity_readout(flow: Flow, f: Network, data: Data) -> dict[str, float]:
    """How far is the network's velocity from the true one, on images it never saw and on its own?

    The draws have streams of their own, so that every network, whatever its size, its seed and what it
    predicts, is asked the same; labels are always told, and nothing is skipped. A network on another path
    is measured on that path, and compares with others there only.

    Args:
        flow: how to read f as a velocity.
        f: the network, on the device of the images.
        data: up to 1024 images of each set are read, spread evenly over it, with two noises each.

    Returns:
        Mean squared errors per pixel: "held_out", "train" (with the same times and noise), and "t1" to
        "t10", the held-out error by tenths of the times 0.05 to 0.95 ("t1" is nearest to the noise), those
        in which a time was drawn. "gap" is 100 (held_out / train - 1), in percent. The two
        sets hold different images, so a gap of a percent or two of either sign is theirs: compare the gaps of
        two networks, not one gap with 0.
    """
    held_out, times = _errors(flow, f, data.held_out)
    train, _ = _errors(flow, f, data.train)
    held, seen = held_out.mean().item(), train.mean().item()
    readout = {"held_out": held, "train": seen, "gap": 100 * (held / seen - 1)}
    part = ((times - LOW) / (HIGH - LOW) * PARTS).long().clamp(max=PARTS - 1)  # rounding may reach the end
    for k in part.unique().tolist():
        readout[f"t{k + 1}"] = held_out[part == k].mean().item()
    return readout


def nothing(x: Tensor, t: Tensor, condition: object = None) -> Tensor:
    """The network that answers 0: what a run that diverged is taken for."""
    return torch.zeros_like(x)


@torch.no_grad()
def _errors(flow: Flow, f: Network, images: Images) -> tuple[Tensor, Tensor]:
    """The error of every draw and its time, both (draws * images,), in float64 on the CPU."""
    batch, errors, times = some(images, IMAGES), [], []
    for draw in range(DRAWS):
        t = stratified(IMAGES, LOW, HIGH, "velocity.time", draw)[: len(batch.x)].to(batch.x.device)
        eps = noise(IMAGES, batch.x, "velocity.noise", draw)
        for start in range(0, len(t), PIECE):
            piece = slice(start, start + PIECE)
            x, condition = batch.x[piece], batch.condition._replace(labels=batch.condition.labels[piece])
            told = torch.zeros(len(x), dtype=torch.bool, device=x.device)
            asked = Draw(t[piece], eps[piece], drop=told)
            errors.append(velocity_error(flow, f, batch._replace(x=x, condition=condition), asked))
        times.append(t)
    return torch.cat(errors).cpu().double(), torch.cat(times).cpu().double()
