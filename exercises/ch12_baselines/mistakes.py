"""The wrong answers that people really give to chapter 12, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import math

import torch
from scipy import stats


def _ratio(kind, alpha, sigma, turn):
    return {"noise": alpha / alpha, "data": alpha / sigma, "score": sigma, "velocity": alpha / turn}[kind]


def _by(change):
    """An answer to 12.1 in which the factor on a squared error is `change`d."""
    return lambda kind, e, a, s, d: (e * change(_ratio(kind, a, s, d))).mean()


def _averaged_first(kind, e, a, s, d):
    return e.mean() * (_ratio(kind, a, s, d) ** 2).mean()


def _weighted_mean(kind, e, a, s, d):
    factor = _ratio(kind, a, s, d) ** 2
    return (e * factor).sum() / factor.sum()


def _snr_squared(kind, e, a, s, d):
    power = 4 if kind == "data" else 2
    return (e * _ratio(kind, a, s, d) ** power).mean()


def _no_turn(kind, e, a, s, d):
    return (e * _ratio(kind, a, s, torch.ones_like(d)) ** 2).mean()


def _data_always(kind, e, a, s, d):
    return (e * _ratio("data" if kind == "noise" else kind, a, s, d) ** 2).mean()


def _step(now=0, before=0, variance="posterior", root=True, last=False, share=torch.sqrt):
    """A step of 12.2 with one thing wrong; now and before shift the places of abar."""

    def answer(x, noise, z, k, betas):
        abar = torch.cat([torch.ones(1).double(), (1 - betas).cumprod(0)])
        places = max(k + 1 + now, 1), max(k + before, 0)
        a, b = abar[places[0]], abar[places[1]] if k or last is False else abar[0]
        data = (x - share(1 - a) * noise) / share(a)
        mean = (betas[k] * b.sqrt() * data + (1 - b) * (1 - betas[k]).sqrt() * x) / (1 - a)
        spread = betas[k] if variance == "beta" else betas[k] * (1 - b) / (1 - a)
        if k == 0 and not last:
            return mean
        return mean + (spread.sqrt() if root else spread) * z

    return answer


def _no_noise(x, noise, z, k, betas):
    return _step()(x, noise, 0 * z, k, betas)


def _noise_at_last(x, noise, z, k, betas):
    return _step()(x, noise, z, k, betas) + (betas[0].sqrt() * z if k == 0 else 0)


def _to_the_data(x, noise, z, k, betas):
    a = (1 - betas).cumprod(0)[k]
    return (x - (1 - a).sqrt() * noise) / a.sqrt()


def _ddim(x, noise, z, k, betas):
    abar = torch.cat([torch.ones(1).double(), (1 - betas).cumprod(0)])
    return abar[k].sqrt() * _to_the_data(x, noise, z, k, betas) + (1 - abar[k]).sqrt() * noise


def _end_of_the_table(x, noise, z, k, betas):
    abar = (1 - betas).cumprod(0)
    a, b = abar[k], abar[k - 1]  # k - 1 is -1 at the last step
    mean = betas[k] * b.sqrt() * _to_the_data(x, noise, z, k, betas) + (1 - b) * (1 - betas[k]).sqrt() * x
    return mean / (1 - a) + (betas[k] * (1 - b) / (1 - a)).sqrt() * z


def _one_step_late(x, noise, z, k, betas):
    abar = (1 - betas).cumprod(0)
    a, b = abar[k], abar[k - 1] if k > 1 else torch.ones_like(abar[0])
    mean = betas[k] * b.sqrt() * _to_the_data(x, noise, z, k, betas) + (1 - b) * (1 - betas[k]).sqrt() * x
    return mean / (1 - a) + (betas[k] * (1 - b) / (1 - a)).sqrt() * z


def _wide(t):
    return t.view(-1, 1, 1, 1)


def _clock(told=lambda s, t: s, look=lambda x, n, t: x / n, end=lambda x, e, t: (x - e) / t):
    """An answer to 12.3 with another number told, another image, or another reading."""

    def answer(f, x, t):
        s = 1000 * (1 - torch.atan2(t, 1 - t) * 2 / math.pi)
        size = _wide((t**2 + (1 - t) ** 2).sqrt())
        return end(x, f(look(x, size, _wide(t)), told(s, t)), _wide(t))

    return answer


def _off_the_circle(f, x, t):
    size = _wide((t**2 + (1 - t) ** 2).sqrt())
    return (x / size - f(x / size, 1000 * (1 - torch.atan2(t, 1 - t) * 2 / math.pi))) / _wide(t)


def _shares(path, t):
    if path == "linear":
        return t, 1 - t
    if path == "gvp":
        return torch.sin(math.pi * t / 2), torch.cos(math.pi * t / 2)
    alpha = (-(0.1 * (1 - t) + 19.9 * (1 - t) ** 2 / 2) / 2).exp()
    return alpha, (1 - alpha**2).sqrt()


def _log(change):
    """An answer to 12.4 made of alpha / sigma."""
    return lambda path, t: change(_shares(path, t)[0] / _shares(path, t)[1])


def _turned(path, t):
    alpha, sigma = _shares(path, 1 - t)
    return 2 * (alpha / sigma).log()


def _vp(change):
    """An answer to 12.4 that is wrong on vp alone; change(log alpha) -> alpha, sigma."""

    def answer(path, t):
        alpha, sigma = _shares(path, t)
        if path == "vp":
            alpha, sigma = change(-(0.1 * (1 - t) + 19.9 * (1 - t) ** 2 / 2) / 2)
        return 2 * (alpha / sigma).log()

    return answer


def _steps(sampler, budget, guided):
    asked = budget // 2 if guided else budget
    return {"heun": asked // 2, "mended heun": (asked + 1) // 2}.get(sampler, asked)


def _counted(per):
    """An answer to 12.5 with its own number of questions a step."""

    def answer(sampler, budget, guided):
        asked = budget // 2 if guided else budget
        return asked // per[sampler] if sampler in per else _steps(sampler, budget, guided)

    return answer


def _one_too_many(sampler, budget, guided):
    asked = budget // 2 if guided else budget
    return asked // 2 + 1 if sampler == "mended heun" else _steps(sampler, budget, guided)


def _p(t, freedom, sides=2):
    return [sides * float(stats.t.sf(abs(x), freedom)) for x in t]


def _going(p, alpha, level=lambda k, m: m - k, stop=True):
    answers, going = [False] * len(p), True
    for k, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        passed = p[place] < alpha / level(k, len(p))
        going = going and passed
        answers[place] = going if stop else passed
    return answers


def _best_of_nine(t, seeds, alpha):
    p = _p(t, seeds - 1)
    return [x == min(p) and x < alpha for x in p]


def _smallest_only(t, seeds, alpha):
    p = _p(t, seeds - 1)
    return [x == min(p) and x < alpha / len(p) for x in p]


def _hochberg(t, seeds, alpha):
    p = _p(t, seeds - 1)
    good = [x for k, x in enumerate(sorted(p), start=1) if x < k * alpha / len(p)]
    return [x <= max(good, default=-1) for x in p]


def _signed(t, seeds, alpha):
    return _going([float(stats.t.sf(x, seeds - 1)) for x in t], alpha)


def _sizes(score=lambda a, s: 1 / s**2, velocity=None, noise=None, data=None):
    """An answer to 12.7 with one target wrong."""

    def answer(alpha, sigma, up, down, s):
        one = torch.ones_like(alpha)
        return (
            noise(alpha, sigma) if noise else one,
            data(alpha, s) if data else s * one,
            score(alpha, sigma),
            velocity(alpha, sigma, up, down, s) if velocity else s * up**2 + down**2,
        )

    return answer


def _roots(*given):
    return tuple(value.sqrt() for value in _sizes()(*given))


MISTAKES = {
    "12.1": {
        "That is the raw loss": lambda kind, e, a, s, d: e.mean(),
        "their factor is a square too": _by(lambda ratio: ratio),
        "The factor is upside down": _by(lambda ratio: ratio**-2),
        "SNR is alpha^2 / sigma^2 already": _snr_squared,
        "You averaged first": _averaged_first,
        "You divided by the sum of the factors": _weighted_mean,
        "the turn is not 1": _no_turn,
        "nothing is to be changed": _data_always,
    },
    "12.2": {
        "that is the forward step's": _step(variance="beta"),
        "abar is off by one": _step(now=-1, before=-1),
        "Noise was added at the last step": _noise_at_last,
        "take its root": _step(root=False),
        "No noise was added": _no_noise,
        "That is the guess of the data": _to_the_data,
        "You took a for its root": _step(share=lambda a: a),
        "That is DDIM's step": _ddim,
        "abar before it is 1": _end_of_the_table,
        "abar before is 1 at k = 0 alone": _one_step_late,
    },
    "12.3": {
        "its clock counts to 1000": _clock(told=lambda s, t: s / 1000),
        "clock runs the other way": _clock(told=lambda s, t: 1000 - s),
        "at the same t the circle has another noise level": _clock(told=lambda s, t: 1000 * (1 - t)),
        "The sign of the velocity is turned": _clock(end=lambda x, e, t: (e - x) / t),
        "x was not rescaled": _clock(look=lambda x, n, t: x),
        "x was multiplied where it is divided": _clock(look=lambda x, n, t: x * n),
        "by the noise's share and the data's": _clock(look=lambda x, n, t: x * (1 - t) / (t * n)),
        "You divided by the noise's share": _clock(end=lambda x, e, t: (x - e) / (1 - t)),
        "a velocity was asked": _clock(end=lambda x, e, t: e),
        "taken off the circle's image": _off_the_circle,
    },
    "12.4": {
        "the square is missing": _log(torch.log),
        "another base": _log(lambda r: 2 * r.log10()),
        "its logarithm was asked": _log(lambda r: r**2),
        "It falls with t": _turned,
        "time is turned, or the ratio upside down": _log(lambda r: -2 * r.log()),
        "the square was taken twice": _log(lambda r: 4 * r.log()),
        "sigma is not 1 - alpha": _vp(lambda log: (log.exp(), 1 - log.exp())),
        "You took alpha for alpha^2": _vp(lambda log: ((log / 2).exp(), (1 - log.exp()).sqrt())),
        "The last half is missing": _vp(lambda log: ((2 * log).exp(), (1 - (4 * log).exp()).sqrt())),
    },
    "12.5": {
        "Heun's method asks twice in a step": _counted({"heun": 1}),
        "asks twice in its last step too": lambda s, b, g: _steps("mended heun" if s == "heun" else s, b, g),
        "asks once in its last step": _counted({"mended heun": 2}),
        "but for the last": _counted({"mended heun": 1}),
        "an SDE's step asks once": _counted({"euler-maruyama": 2}),
        "each question is asked twice": lambda s, b, g: _steps(s, b, False),
        "round down": lambda s, b, g: _steps(s, b + b % 2, g) if g else _steps(s, b, g),
        "With an even number of questions one is left over": _one_too_many,
        "That is one off": lambda s, b, g: _steps(s, b, g) - 1,
    },
    "12.6": {
        "Each was tried at 5 % by itself": lambda t, n, alpha: [x < alpha for x in _p(t, n - 1)],
        "the best of nine, uncorrected": _best_of_nine,
        "Only the smallest p was decided": _smallest_only,
        "that is Bonferroni": lambda t, n, alpha: _going(_p(t, n - 1), alpha, lambda k, m: m),
        "These p are one-sided": lambda t, n, alpha: _going(_p(t, n - 1, 1), alpha),
        "Only positive t were counted": _signed,
        "Benjamini and Hochberg": _hochberg,
        "take Student's": lambda t, n, alpha: _going([math.erfc(abs(x) / 2**0.5) for x in t], alpha),
        "n - 1 degrees of freedom": lambda t, n, alpha: _going(_p(t, n), alpha),
        "Holm stops there": lambda t, n, alpha: _going(_p(t, n - 1), alpha, stop=False),
        "m is the length of t": lambda t, n, alpha: _going(_p(t, n - 1), 0.05, lambda k, m: 9 - k),
        "alpha is handed in": lambda t, n, alpha: _going(_p(t, n - 1), 0.05),
    },
    "12.7": {
        "that is its root": _sizes(score=lambda a, s: 1 / s),
        "it grows towards the data": _sizes(score=lambda a, s: s**2),
        "The noise is not scaled": _sizes(noise=lambda a, s: s**2),
        "The data are not scaled": _sizes(data=lambda a, s: s * a**2),
        "no product is left": _sizes(velocity=lambda a, g, up, down, s: (up * s**0.5 + down) ** 2),
        "Squares add up": _sizes(velocity=lambda a, g, up, down, s: s * up**2 - down**2),
        "it is not 1": _sizes(velocity=lambda a, g, up, down, s: up**2 + down**2),
        "it is not squared again": _sizes(velocity=lambda a, g, up, down, s: s**2 * up**2 + down**2),
        "not alpha and sigma": _sizes(velocity=lambda a, g, up, down, s: s * a**2 + g**2),
        "mean squares were asked": _roots,
    },
}
