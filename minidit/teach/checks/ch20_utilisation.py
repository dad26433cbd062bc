"""Checks of chapter 20: which share of a peak a run uses, and how many hours of devices it takes."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from minidit.teach.checks.ch15 import Wrong, parts, told_apart
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf


class Speed(NamedTuple):
    """A reported speed: GMACs of a pass forwards for an image, images a step, and the data sheet."""

    gmacs: float
    batch: int
    steps_per_second: float
    devices: int
    steps: int
    sheet: dict[str, float]
    precision: str


def used(s: Speed, per_mac: float = 6) -> float:
    """Percent of the peak of all devices: six FLOPs a MAC, two for the pass forwards and four for back."""
    return 100 * per_mac * s.gmacs * 1e9 * s.batch * s.steps_per_second / (s.devices * s.sheet[s.precision])


def hours(s: Speed) -> float:
    """Device hours of the whole run."""
    return s.steps / s.steps_per_second / 3600 * s.devices


def _share_mistakes(s: Speed) -> Wrong:
    right, peak = used(s), s.sheet[s.precision]
    others = [name for name in s.sheet if not name.startswith(s.precision)]
    return {
        "That is half. Either MACs were taken for FLOPs, and each is two; or the peak is that of matrices of "
        "which half are zeros, and ours are dense.": used(s, 3),
        "That is the pass forwards alone: going back costs twice as much again.": used(s, 2),
        "Going back costs as much as two passes forwards, one for the weights and one for the tokens.": used(
            s, 4
        ),
        "The MACs were doubled twice.": used(s, 12),
        "That is 8 FLOPs a MAC, as with blocks computed again on the way back; what the network needs counts "
        "once, so 6.": used(s, 8),
        "Neither the way back nor the second FLOP of a MAC is counted.": used(s, 1),
        "The peak of one device was taken for all of them.": right * s.devices,
        "The batch is that of all devices together: it was counted once for each.": right * s.devices**2,
        "The batch is left out: a step is of all its images.": right / s.batch,
        "That is the peak of another precision.": OneOf(right * peak / s.sheet[name] for name in others),
        "That is a share, from 0 to 1; percent were asked.": right / 100,
        "G is 1e9: that is off by a power of ten.": OneOf((right / 1e9, right * 1e3, right / 1e3)),
        "The speed is in steps a second: more of them is more work.": right / s.steps_per_second**2,
    }


def _hours_mistakes(s: Speed) -> Wrong:
    right = hours(s)
    return {
        "All devices are busy all the time: hours of devices, not of the clock.": right / s.devices,
        "Those are seconds.": 3600 * right,
        "The speed is in steps a second: divide by it.": right * s.steps_per_second**2,
        "Divided by the devices: they share the work, but each is paid for.": right / s.devices**2,
        "The batch has no part in it: steps and steps a second are given.": OneOf(
            (right * s.batch, right / s.batch)
        ),
    }


def _speed(precision: str, draw: torch.Generator) -> Speed:
    while True:
        base = whole(15, 30, draw) * 1e12
        ratios = whole(5, 9, draw), whole(11, 19, draw)
        sheet = {"fp32": base, "tf32": ratios[0] * base, "bf16": ratios[1] * base}
        sheet |= {f"{name}, sparse": 2.0 * sheet[name] for name in ("tf32", "bf16")}
        speed = Speed(
            float(whole(5, 130, draw)),
            32 * whole(3, 12, draw),
            whole(21, 190, draw) / 100,
            (3, 5, 7)[whole(0, 2, draw)],
            1000 * whole(200, 900, draw),
            sheet,
            precision,
        )
        wrong = {"percent": _share_mistakes(speed), "hours": _hours_mistakes(speed)}
        if 2 < used(speed) < 90 and told_apart({"percent": used(speed), "hours": hours(speed)}, wrong):
            return speed


@exercise(
    "20.6",
    "what share of the peak",
    hints=(
        "How many FLOPs does one step take? Begin with one image and one pass forwards, in MACs.",
        "A MAC is two FLOPs, and forwards and back are three passes. Times the images, times the steps a "
        "second; over the dense peak of that precision, times the devices.",
        "percent = 100 * 6 * gmacs * 1e9 * batch * steps_per_second / (devices * sheet[precision]); "
        "hours = steps / steps_per_second / 3600 * devices",
    ),
)
def utilisation(answer: Callable, draw: torch.Generator) -> None:
    """utilisation(gmacs, batch, steps_per_second, devices, steps, sheet, precision) -> (percent, hours)."""
    for precision in ("tf32", "bf16"):
        speed = _speed(precision, draw)
        wrong = {"percent": _share_mistakes(speed), "hours": _hours_mistakes(speed)}
        got = answer(*speed)
        right = {"percent": used(speed), "hours": hours(speed)}
        parts(got, right, speed._asdict(), wrong)
