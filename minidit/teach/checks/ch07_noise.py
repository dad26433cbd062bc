"""Checks of chapter 7, noise on the way: DDIM's step, a step of an SDE, the last step of DDPM."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import expect


@exercise(
    "7.4",
    "DDIM's step",
    hints=(
        "x is a mixture of data and noise, and the noise is guessed. So what is the data?",
        "At sigma_next = 0 and alpha_next = 1 the result must be the guessed data, with no noise in it. And "
        "alpha + sigma need not be 1.",
        "data = (x - sigma * eps) / alpha; return alpha_next * data + sigma_next * eps",
    ),
)
def ddim_step(answer: Callable, draw: torch.Generator) -> None:
    """ddim_step(x, eps, alpha, sigma, alpha_next, sigma_next) -> the same data and noise, mixed anew."""
    for size in (1, 3):
        x, eps = tensor(2, 1, size, 1, draw=draw), tensor(2, 1, size, 1, draw=draw)
        # on a quarter of a circle, as DDPM's proportions are; later less noise
        angles = torch.tensor([0.3, 0.9]) + 0.4 * torch.rand(2, generator=draw)
        (alpha, alpha_next), (sigma, sigma_next) = angles.sin().tolist(), angles.cos().tolist()
        data, swapped = (x - sigma * eps) / alpha, (x - alpha * eps) / sigma
        straight = (x - (1 - alpha) * eps) / alpha
        mistakes = {
            "alpha and sigma are swapped where the data is read off: x = alpha data + sigma noise.": (
                alpha_next * swapped + sigma_next * eps
            ),
            "alpha_next and sigma_next are swapped.": sigma_next * data + alpha_next * eps,
            "You mixed x itself with noise; mix the guessed data, in which no noise is left.": (
                alpha_next * x + sigma_next * eps
            ),
            "The noise stays at its old level, sigma; it must come down to sigma_next.": alpha_next * data
            + sigma * eps,
            "x - sigma eps is alpha times the data: divide by alpha.": alpha_next * (alpha * data)
            + sigma_next * eps,
            "That assumes the straight path, where sigma = 1 - alpha; here both are given.": (
                alpha_next * straight + (1 - alpha_next) * eps
            ),
            "That is Euler's step of the straight path, where the shares of data and noise change by as "
            "much; here mix data and noise anew.": x + (alpha_next - alpha) * (data - eps),
        }
        given = {"x": x, "eps": eps, "alpha, sigma": (alpha, sigma), "next": (alpha_next, sigma_next)}
        got = answer(x.clone(), eps.clone(), alpha, sigma, alpha_next, sigma_next)
        expect(got, alpha_next * data + sigma_next * eps, given, mistakes)


@exercise(
    "7.5",
    "noise on the way",
    hints=(
        "Three parts: along the velocity, along the score, and noise. On the straight path the noise in x is "
        "x - t v; the score is minus that noise in units of sigma.",
        "Take 1 step, or 100 steps of dt / 100 with v = 0: the noise that comes in must have the same "
        "variance, 2 w dt. Whose size is multiplied by dt, and whose by its root?",
        "score = -(x - t * v) / (1 - t); return x + (v + w * score) * dt + (2 * w * dt) ** 0.5 * z",
    ),
)
def sde_step(answer: Callable, draw: torch.Generator) -> None:
    """sde_step(x, v, t, dt, w, z) -> one step of Euler and Maruyama on the straight path."""
    for size in (1, 3):
        x, v, z = (tensor(2, 1, size, 1, draw=draw) for _ in range(3))
        t, dt, w = (low + 0.3 * torch.rand((), generator=draw).item() for low in (0.2, 0.05, 0.6))
        noise, root = x - t * v, (2 * w * dt) ** 0.5
        score = -noise / (1 - t)
        moved = x + (v + w * score) * dt
        mistakes = {
            "The noise is multiplied by dt; its standard deviation grows with the root of dt, since "
            "variances add up.": moved + (2 * w) ** 0.5 * dt * z,
            "The pull of the score is missing: noise alone spreads the crowd.": x + v * dt + root * z,
            "The score has the wrong sign: it points away from noise.": x + (v - w * score) * dt + root * z,
            "That is sqrt(w dt), the noise of another convention (SiT's paper writes w for twice ours).": (
                moved + (w * dt) ** 0.5 * z
            ),
            "The score is -noise / sigma, and sigma = 1 - t: you did not divide.": (
                x + (v - w * noise) * dt + root * z
            ),
            "Time is reversed in the score: the noise in x is x - t v, and sigma = 1 - t.": (
                x + (v - w * (x - (1 - t) * v) / t) * dt + root * z
            ),
            "No noise was added.": moved,
        }
        given = {"x": x, "v": v, "t": t, "dt": dt, "w": w, "z": z}
        expect(answer(x.clone(), v.clone(), t, dt, w, z.clone()), moved + root * z, given, mistakes)


@exercise(
    "7.6",
    "spot the bug: the last step",
    hints=(
        "Follow k down to its last value. What is added to the image that you are going to show?",
        "Exactly one of the draws must not be used. Change it, and see whether the images change.",
        "x = mean(x, k), then only if k > 0: x = x + beta[k].sqrt() * draws[k]",
    ),
)
def last_step(answer: Callable, draw: torch.Generator) -> None:
    """ancestral(mean, x, beta, draws) -> images; the step to the data adds no noise."""
    for steps in (2, whole(3, 5, draw)):
        x, draws = tensor(1, 1, 1, 2, draw=draw), tensor(steps, 1, 1, 1, 2, draw=draw) + 0.05
        beta = 0.1 + 0.8 * torch.rand(steps, generator=draw)
        shrink = 0.5 + 0.4 * torch.rand(steps, generator=draw)

        def mean(x: Tensor, k: int, shrink: Tensor = shrink) -> Tensor:
            return shrink[k] * x + k

        def walk(
            silent: int, ks: range, size: Tensor, mean: Callable = mean, x: Tensor = x, draws: Tensor = draws
        ) -> Tensor:
            for k in ks:
                x = mean(x, k) + (k != silent) * size[k] * draws[k]
            return x

        down, std = range(steps - 1, -1, -1), beta.sqrt()
        mistakes = {
            "The last step still adds noise: at k = 0 the mean is the image.": walk(-1, down, std),
            "The first step, at the noise, is without noise; it is the last one, k = 0, that must be.": (
                walk(steps - 1, down, std)
            ),
            "No step adds noise: that draws each step's mean, and variety is lost.": walk(0, down, 0 * std),
            "The step at k = 0 is left out; it is taken, without noise.": walk(0, down[:-1], std),
            "beta is a variance; noise is multiplied by its root.": walk(0, down, beta),
            "Two faults: noise in the last step, and beta is a variance; take its root.": (
                walk(-1, down, beta)
            ),
            "k runs upwards; sampling begins at the noise, with the largest k.": walk(0, down[::-1], std),
        }
        given = {"mean(x, k)": "shrink[k] x + k", "shrink": shrink, "x": x, "beta": beta, "draws": draws}
        expect(answer(mean, x.clone(), beta.clone(), draws.clone()), walk(0, down, std), given, mistakes)
