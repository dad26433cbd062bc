"""What a readout is called on an axis."""

import re

METRICS = {
    "velocity.held_out": "held-out velocity error",
    "velocity.train": "training velocity error",
    "velocity.gap": "gap from training to held-out error, in %",
    "branches.attention_share": "attention's share of the update",
    "ablation.attention": "cost of silencing attention",
    "denoising.held_out": "denoising error",
    "quality.accuracy": "share of samples in their class, by ODE",
    "quality.sde_accuracy": "share of samples in their class, by SDE",
    "quality.frechet": "Frechet distance of samples, gFD",
    "reconstruction.frechet": "Frechet distance of reconstructions, rFD",
    "reconstruction.psnr": "peak signal to noise of reconstructions, dB",
}
# readouts of which there is one for each part of a range
PARTS = {
    r"velocity\.t(\d+)": ("held-out velocity error in the {} tenth of the times", 10),
    r"denoising\.s(\d+)": ("denoising error in the {} sixth of log SNR", 6),
    r"probe\.(\w+)\.block(\d+)": ("{}, as a probe reads it behind block {}", None),
}
ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def name_of(metric: str) -> str:
    """A readout in words: "velocity.held_out@10%" is read after a tenth of the run."""
    readout, _, when = metric.partition("@")
    return _name(readout) + (f" at {when} of the run" if when else "")


def _name(readout: str) -> str:
    if readout in METRICS:
        return METRICS[readout]
    for pattern, (words, parts) in PARTS.items():
        if found := re.fullmatch(pattern, readout):
            said = found.groups() if parts is None else (_nth(int(found[1]), parts),)
            return words.format(*said)
    return readout


def _nth(part: int, parts: int) -> str:
    """A part of a range that begins with almost only noise; at its ends that matters more than the number."""
    return {1: "noisiest", parts: "cleanest"}.get(part, ORDER[part - 1])
