"""Checks of chapter 6: read the data, weigh, compare, shift, change the clock."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import expect


def times(batch: int, draw: torch.Generator) -> Tensor:
    """Times (batch,), each in a part of its own, none of them 1/2 or near an end."""
    places = torch.tensor([0.15, 0.6, 0.3, 0.75])[:batch]
    return (places + 0.1 * torch.rand(batch, generator=draw)).double()


def over(values: Tensor) -> Tensor:
    """A number for each image, over its pixels."""
    return values.view(-1, 1, 1, 1)  # (b,) -> (b, 1, 1, 1)


@exercise(
    "6.1",
    "the data from any answer",
    hints=(
        "x = alpha data + sigma noise. Solve it for the data. The score is a name for the noise: which?",
        "score = -noise / sigma: turn that into the noise first. Is your shape (3, 1, 1, 3)? alpha has one "
        "axis, x has four; with three columns this makes no error, only a wrong result.",
        "a, s = alpha.view(-1, 1, 1, 1), sigma.view(-1, 1, 1, 1); noise = answer, or -s * answer for the "
        "score; return (x - s * noise) / a, and for 'data' the answer itself",
    ),
)
def clean(answer: Callable, draw: torch.Generator) -> None:
    """clean(kind, answer, x, alpha, sigma) -> the data that an answer about x implies."""
    for kind, side in (("noise", 1), ("data", 1), ("score", 1), ("score", 3), ("noise", 3)):
        x, said = (tensor(3, 1, side, side, draw=draw).double() + 0.5 for _ in range(2))
        turned = times(3, draw) * torch.pi / 2  # on a quarter of a circle alpha + sigma is not 1
        alpha, sigma = turned.sin(), turned.cos()
        a, s = over(alpha), over(sigma)

        def solve(noise: Tensor, a: Tensor = a, s: Tensor = s, x: Tensor = x) -> Tensor:
            return (x - s * noise) / a

        noise = {"noise": said, "score": -s * said, "data": (x - a * said) / s}[kind]
        mistakes = {
            "alpha and sigma are swapped: x = alpha data + sigma noise.": (x - a * noise) / s,
            "The result is not divided by alpha.": x - s * noise,
            "You took 1 - alpha for sigma: that holds on the straight path only.": (x - (1 - a) * noise) / a,
        }
        if kind == "score":
            mistakes |= {
                "The sign of the score is wrong: it points away from the noise.": solve(s * said),
                "1 - alpha is sigma on the straight path only.": (x + (1 - a) ** 2 * said) / a,
                "The score is -noise / sigma; you took it for -noise.": solve(-said),
                "The score is -noise / sigma, divided by sigma, not multiplied.": solve(-said / s),
            }
        if kind == "data":
            mistakes = {"An answer of the kind data is the data: nothing is to be solved.": solve(said)}
        else:  # three images of width 1 or 3: the missing axes make no error
            plain = said if kind == "noise" else -sigma * said
            words = "alpha and sigma have one axis: line them up with view(-1, 1, 1, 1)."
            mistakes[words] = (x - sigma * plain) / alpha
        given = {"kind": kind, "answer": said, "x": x, "alpha": alpha, "sigma": sigma}
        right = said if kind == "data" else solve(noise)
        got = answer(kind, said.clone(), x.clone(), alpha.clone(), sigma.clone())
        expect(got, right, given, mistakes)


def _sizes(t: Tensor) -> dict[str, Tensor]:
    """Errors of the three answers for each unit of error of the velocity."""
    return {"velocity": torch.ones_like(t), "noise": t, "data": 1 - t}


@exercise(
    "6.2",
    "what a loss weighs",
    hints=(
        "Let the velocity be wrong by e. By how much are noise and data wrong then? Both are smaller than e.",
        "Noise is wrong by t e, data by (1 - t) e. A loss is a square. A weight above 1 means: the same "
        "mistake counts more in this loss than in the unit. The noise's loss counts t^2 velocity errors.",
        "size = {'velocity': 1 + 0 * t, 'noise': t, 'data': 1 - t}; (size[answer] / size[unit]) ** 2",
    ),
)
def weight(answer: Callable, draw: torch.Generator) -> None:
    """weight(answer, unit, t) -> squared error of `answer` for each unit of squared error of `unit`."""
    t = times(3, draw)
    size, other = _sizes(t), _sizes(1 - t)
    for kind, unit in (("noise", "velocity"), ("data", "velocity"), ("noise", "data"), ("velocity", "noise")):
        ratio = size[kind] / size[unit]
        mistakes = {
            "That is the ratio of errors; a loss squares them.": ratio,
            "That is upside down: a small error of the answer means a small weight.": ratio**-2,
            "Noise and data are exchanged, or time runs the other way.": (other[kind] / other[unit]) ** 2,
            "That is the weight in velocity errors, whatever unit was asked for.": size[kind] ** 2,
        }
        expect(answer(kind, unit, t.clone()), ratio**2, {"answer": kind, "unit": unit, "t": t}, mistakes)


@exercise(
    "6.3",
    "compare fairly",
    hints=(
        "Each error belongs to its own time. Turn each into a velocity error before you take a mean.",
        "A mean of products is no product of means: at t = 0.1 an error of the noise counts a hundred times, "
        "and one mean factor cannot know which errors were there. If yours are too small, did you square?",
        "size = {'velocity': 1 + 0 * t, 'noise': t, 'data': 1 - t}[kind]; (errors / size**2).mean()",
    ),
)
def compare(answer: Callable, draw: torch.Generator) -> None:
    """velocity_loss(errors, t, kind) -> mean squared velocity error, from squared errors of an answer."""
    for kind in ("noise", "data", "velocity"):
        t, errors = times(4, draw), tensor(4, draw=draw).double().abs() + torch.arange(1, 5)
        size = _sizes(t)[kind]
        mistakes = {
            "You averaged first: the factor depends on t, so it comes before the mean.": errors.mean()
            / size.square().mean(),
            "You averaged apart: a mean of products is not a product of means.": errors.mean()
            * (1 / size**2).mean(),
            "These are squared errors: their factor is a square too.": (errors / size).mean(),
            "You multiplied: an error of the velocity is the larger one.": (errors * size**2).mean(),
            "Noise and data are exchanged: near the noise, where t is small, the noise's errors grow.": (
                errors / _sizes(1 - t)[kind] ** 2
            ).mean(),
            "You divided by the sum of the factors: a plain mean was asked, not a weighted one.": (
                errors / size**2
            ).sum()
            / (1 / size**2).sum(),
        }
        given = {"errors": errors, "t": t, "kind": kind}
        expect(answer(errors.clone(), t.clone(), kind), (errors / size**2).mean(), given, mistakes)


def _shift(t: Tensor, by: float) -> Tensor:
    return t / (t + by * (1 - t))


@exercise(
    "6.4",
    "logit-normal times, with a shift",
    hints=(
        "First the law: the sigmoid of a normal number. Then the shift, which must keep 0 and 1 in place. "
        "With by = 3 most times are to be near the noise. At which end is that here?",
        "Put t = 1/2 and by = 3 in: the result must be 1/4. If you get 3/4, you used a formula that was "
        "written for t = 1 at the noise.",
        "t = n.sigmoid(); return t / (t + by * (1 - t))",
    ),
)
def shifted(answer: Callable, draw: torch.Generator) -> None:
    """times(n, by) -> logit-normal times, shifted towards the noise."""
    for by in (1.5, 2 + whole(0, 5, draw) / 2):
        n = tensor(4, draw=draw).double() + torch.tensor([-1.0, -0.3, 0.4, 1.2])
        t = n.sigmoid()
        mistakes = {
            "The shift went to 1 - t, towards the data: here t = 0 is the noise.": _shift(t, 1 / by),
            "Times run backwards: that is SD3's time s after the shift; ours is 1 - s.": 1 - _shift(t, by),
            "You put 1 - t into the formula for t. n.sigmoid() is our time already: do not turn it.": _shift(
                1 - t, by
            ),
            "The shift is missing.": t,
            "The shift moves the logit by log(by), not by `by`.": (n - by).sigmoid(),
            "n was scaled: that makes the law wider or narrower, and shifts nothing.": (n * by).sigmoid(),
            "That makes uniform times of normal numbers; a logit-normal time is the sigmoid of one.": _shift(
                torch.special.ndtr(n), by
            ),
        }
        expect(answer(n.clone(), by), _shift(t, by), {"n": n, "by": by}, mistakes)


@exercise(
    "6.5",
    "our time for a step of DDPM",
    hints=(
        "abar is a share of the *variance*. How much noise is there for one part of image, in this x?",
        "sigma / alpha = sqrt((1 - abar) / abar) must equal (1 - t) / t. Solve for t. Then x still has "
        "DDPM's scale: its share of the image is sqrt(abar), and ours is t.",
        "t = 1 / (1 + ((1 - abar) / abar).sqrt()); return t, x * (t / abar.sqrt()).view(-1, 1, 1, 1)",
    ),
)
def from_ddpm(answer: Callable, draw: torch.Generator) -> None:
    """from_ddpm(x, abar) -> t of the same noise level on the straight path, and x as it is there."""
    for side in (1, 2):
        x, abar = tensor(2, 1, side, side, draw=draw).double() + 3, times(2, draw)

        def there(ratio: Tensor, x: Tensor = x, abar: Tensor = abar) -> tuple[Tensor, Tensor]:
            t = 1 / (1 + ratio)
            return t, x * over(t / abar.sqrt())

        t, moved = there(((1 - abar) / abar).sqrt())
        mistakes = {
            "x still has DDPM's scale: its share of the image must become t.": (t, x),
            "abar is a share of the variance: take roots for the shares of image and noise.": there(
                (1 - abar) / abar
            ),
            "Roots belong to x too: its share of the image is sqrt(abar).": (t, x * over(t / abar)),
            "The ratio is upside down: (1 - t) / t is noise over image.": there((abar / (1 - abar)).sqrt()),
            "t is not the image's share in DDPM: its two shares do not sum to 1.": (abar.sqrt(), x),
            "That is the image for EDM, data + noise level times noise; on our path its share is t.": (
                t,
                x / over(abar.sqrt()),
            ),
            "x was multiplied by the inverse: x / sqrt(abar) has the image's share 1, and ours is t.": (
                t,
                x * over(abar.sqrt() / t),
            ),
        }
        expect(answer(x.clone(), abar.clone()), (t, moved), {"x": x, "abar": abar}, mistakes)
