"""The wrong answers that people really give to chapter 7, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

from functools import partial
from itertools import pairwise

import torch


def _at(x, t):
    return torch.full((len(x),), float(t), dtype=x.dtype)


def _same_time(v, noise, grid):
    x = noise
    for t, t_next in pairwise(grid):
        start = v(x, _at(x, t))
        x = x + (t_next - t) * (start + v(x + (t_next - t) * start, _at(x, t))) / 2
    return x


def _same_place(v, noise, grid):
    x = noise
    for t, t_next in pairwise(grid):
        x = x + (t_next - t) * (v(x, _at(x, t)) + v(x, _at(x, t_next))) / 2
    return x


def _heun(v, x, grid, half=0.5):
    for t, t_next in pairwise(grid):
        start = v(x, _at(x, t))
        x = x + (t_next - t) * (start + v(x + (t_next - t) * start, _at(x, t_next))) * half
    return x


def _from_ahead(v, noise, grid):
    x = noise
    for t, t_next in pairwise(grid):
        start = v(x, _at(x, t))
        x = x + (t_next - t) * start
        x = x + (t_next - t) * (start + v(x, _at(x, t_next))) / 2
    return x


def _evenly(v, noise, grid):
    steps = len(grid) - 1
    return _heun(v, noise, [k / steps for k in range(steps + 1)])


def _fixed(v, noise, grid, dt):
    x = noise
    for t, t_next in pairwise(grid):
        start = v(x, _at(x, t))
        x = x + dt * (start + v(x + dt * start, _at(x, t_next))) / 2
    return x


def _asks_thrice(v, noise, grid):
    x = noise
    for t, t_next in pairwise(grid):
        ahead = x + (t_next - t) * v(x, _at(x, t))
        x = x + (t_next - t) * (v(x, _at(x, t)) + v(ahead, _at(x, t_next))) / 2
    return x


def _euler(v, noise, grid):
    x = noise
    for t, t_next in pairwise(grid):
        x = x + (t_next - t) * v(x, _at(x, t))
    return x


def _log2(errors):
    return float((errors[0] / errors[-1]).log2())


def _last_ratio(errors):
    return float(errors[-2] / errors[-1])


def _of_one(t, s):
    return 1 - (1 - t) / ((1 - t) + s * t)


def _right(t, s):
    return t / (t + s * (1 - t))


def _sde(x, v, w, t, dt, score, noise):
    return x + (v + w * score) * dt + noise


def _dt_for_root(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, -(x - t * v) / (1 - t), (2 * w) ** 0.5 * dt * z)


def _no_pull(x, v, t, dt, w, z):
    return x + v * dt + (2 * w * dt) ** 0.5 * z


def _sign(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, (x - t * v) / (1 - t), (2 * w * dt) ** 0.5 * z)


def _half_noise(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, -(x - t * v) / (1 - t), (w * dt) ** 0.5 * z)


def _not_divided(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, -(x - t * v), (2 * w * dt) ** 0.5 * z)


def _reversed(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, -(x - (1 - t) * v) / t, (2 * w * dt) ** 0.5 * z)


def _no_noise(x, v, t, dt, w, z):
    return _sde(x, v, w, t, dt, -(x - t * v) / (1 - t), 0)


def _always(mean, x, beta, draws, power=0.5):
    for k in reversed(range(len(beta))):
        x = mean(x, k) + beta[k] ** power * draws[k]
    return x


def _first_silent(mean, x, beta, draws):
    for k in reversed(range(len(beta))):
        x = mean(x, k) + (k < len(beta) - 1) * beta[k].sqrt() * draws[k]
    return x


def _never(mean, x, beta, draws):
    for k in reversed(range(len(beta))):
        x = mean(x, k)
    return x


def _stops_early(mean, x, beta, draws):
    for k in range(len(beta) - 1, 0, -1):
        x = mean(x, k) + beta[k].sqrt() * draws[k]
    return x


def _variance(mean, x, beta, draws):
    for k in reversed(range(len(beta))):
        x = mean(x, k) + (k > 0) * beta[k] * draws[k]
    return x


def _upwards(mean, x, beta, draws):
    for k in range(len(beta)):
        x = mean(x, k) + (k > 0) * beta[k].sqrt() * draws[k]
    return x


def _try(v, grid):
    def test(heun):
        noise, times = torch.randn(2, 1, 2, 2), torch.tensor(grid)
        assert torch.allclose(heun(v, noise, times), _heun(v, noise, times), atol=1e-5)

    return test


def _time_only(x, t):
    return t.view(-1, 1, 1, 1).expand_as(x) ** 2


def _both(x, t):
    return (1 + t).view(-1, 1, 1, 1) * x


def _only_shapes(heun):
    noise = torch.randn(2, 1, 2, 2)
    assert heun(_both, noise, torch.tensor([0.0, 0.3, 1.0])).shape == noise.shape


def _exact(heun):
    noise = torch.ones(1, 1, 1, 1)
    got = heun(lambda x, t: x, noise, torch.linspace(0, 1, 11))
    assert torch.allclose(got, noise * torch.e, atol=1e-5)


MISTAKES = {
    "7.1": {
        "is asked at t again": _same_time,
        "is asked at x; ask at the point ahead": _same_place,
        "not with their sum": lambda v, noise, grid: _heun(v, noise, grid, half=1.0),
        "starts at the point ahead": _from_ahead,
        "That is Euler's method": _euler,
        "The last step is missing": lambda v, noise, grid: _heun(v, noise, grid[:-1]),
        "all steps as equal": _evenly,
        "dt was taken as 1 / steps": lambda v, noise, grid: _fixed(v, noise, grid, 1 / (len(grid) - 1)),
        "dt was taken from the first step": lambda v, noise, grid: _fixed(v, noise, grid, grid[1] - grid[0]),
        "one time for each image": lambda v, noise, grid: _heun(lambda x, t: v(x, t[0]), noise, grid),
        "each question is paid for": _asks_thrice,
    },
    "7.2": {
        "the factor by which the error falls": _last_ratio,
        "The sign is wrong": lambda errors: -_log2(errors) / (len(errors) - 1),
        "the natural logarithm": lambda errors: float((errors[0] / errors[-1]).log()) / (len(errors) - 1),
        "You used the last pair": lambda errors: float((errors[-2] / errors[-1]).log2()),
        "by the number of errors": lambda errors: _log2(errors) / len(errors),
    },
    "7.3": {
        "applied to 1 - t": lambda steps, s: _of_one(torch.linspace(0, 1, steps + 1), s),
        "n steps need n + 1": lambda steps, s: _right(torch.linspace(0, 1, steps), s),
        "falls from data to noise": lambda steps, s: _right(torch.linspace(1, 0, steps + 1), s),
        "does not reach 1": lambda steps, s: (
            torch.linspace(0, 1, steps + 1) / (torch.linspace(0, 1, steps + 1) + s)
        ),
    },
    "7.4": {
        "swapped where the data is read off": lambda x, e, a, s, a2, s2: a2 * (x - a * e) / s + s2 * e,
        "alpha_next and sigma_next are swapped": lambda x, e, a, s, a2, s2: s2 * (x - s * e) / a + a2 * e,
        "You mixed x itself": lambda x, e, a, s, a2, s2: a2 * x + s2 * e,
        "stays at its old level": lambda x, e, a, s, a2, s2: a2 * (x - s * e) / a + s * e,
        "divide by alpha": lambda x, e, a, s, a2, s2: a2 * (x - s * e) + s2 * e,
        "Euler's step of the straight path": lambda x, e, a, s, a2, s2: x + (a2 - a) * ((x - s * e) / a - e),
        "assumes the straight path": lambda x, e, a, s, a2, s2: a2 * (x - (1 - a) * e) / a + (1 - a2) * e,
    },
    "7.5": {
        "grows with the root of dt": _dt_for_root,
        "The pull of the score is missing": _no_pull,
        "The score has the wrong sign": _sign,
        "the noise of another convention": _half_noise,
        "you did not divide": _not_divided,
        "Time is reversed in the score": _reversed,
        "No noise was added": _no_noise,
    },
    "7.6": {
        "still adds noise": _always,
        "The first step, at the noise": _first_silent,
        "No step adds noise": _never,
        "The step at k = 0 is left out": _stops_early,
        "beta is a variance": _variance,
        "Two faults": partial(_always, power=1),
        "k runs upwards": _upwards,
    },
    "7.7": {
        "accepts a function in which": _only_shapes,
        "asked at t, not at the next time": _try(lambda x, t: x, [0.0, 0.3, 1.0]),
        "asked at x, not at the point ahead": _try(_time_only, [0.0, 0.3, 1.0]),
        "all steps are taken as equal": _try(_both, [0.0, 0.5, 1.0]),
        "refuses the right function": _exact,
    },
}
