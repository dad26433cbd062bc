"""The wrong answers that people really give to chapter 6, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch


def _over(values):
    return values.view(-1, 1, 1, 1)


def _clean(to_noise, divide=True, swap=False):
    """An answer to 6.1 with another way to the noise."""

    def answer(kind, said, x, alpha, sigma):
        if kind == "data":
            return said
        a, s = (_over(sigma), _over(alpha)) if swap else (_over(alpha), _over(sigma))
        noise = said if kind == "noise" else to_noise(said, _over(sigma))
        return (x - s * noise) / a if divide else x - s * noise

    return answer


def _no_axes(kind, said, x, alpha, sigma):
    if kind == "data":
        return said
    noise = said if kind == "noise" else -sigma * said
    return (x - sigma * noise) / alpha


def _straight_only(kind, said, x, alpha, sigma):
    return _clean(lambda said, s: -s * said)(kind, said, x, alpha, 1 - alpha)


def _straight_for_the_score(kind, said, x, alpha, sigma):
    sigma = 1 - alpha if kind == "score" else sigma
    return _clean(lambda said, s: -s * said)(kind, said, x, alpha, sigma)


def _weighted(errors, t, kind):
    factors = 1 / _sizes(t)[kind] ** 2
    return (errors * factors).sum() / factors.sum()


def _data_solved(kind, said, x, alpha, sigma):
    noise = -_over(sigma) * said if kind == "score" else said
    return (x - _over(sigma) * noise) / _over(alpha)


def _sizes(t):
    return {"velocity": torch.ones_like(t), "noise": t, "data": 1 - t}


def _from_ddpm(ratio, scale):
    """An answer to 6.5 with another noise level, or another factor for x."""

    def answer(x, abar):
        t = 1 / (1 + ratio(abar))
        return t, x * _over(scale(t, abar))

    return answer


def _root(abar):
    return ((1 - abar) / abar).sqrt()


def _given(n=2):
    return torch.randn(2, n, 1, 2, 2)


def _only_shapes(read):
    data, noise = _given()
    got = read(data - noise, (data + noise) / 2, torch.full((2,), 0.5))
    assert got[0].shape == data.shape and got[1].shape == noise.shape


def _only_the_middle(read):
    data, noise = _given()
    got = read(data - noise, (data + noise) / 2, torch.full((2,), 0.5))
    assert torch.allclose(got[0], data, atol=1e-4) and torch.allclose(got[1], noise, atol=1e-4)


def _only_the_mixture(read):
    data, noise = _given()
    t = torch.tensor([0.2, 0.7])
    x = _over(t) * data + (1 - _over(t)) * noise
    got = read(data - noise, x, t)
    assert torch.allclose(_over(t) * got[0] + (1 - _over(t)) * got[1], x, atol=1e-4)


def _one_image(read):
    data, noise = _given(1)
    got = read(data - noise, 0.3 * data + 0.7 * noise, torch.tensor([0.3]))
    assert torch.allclose(got[0], data, atol=1e-4) and torch.allclose(got[1], noise, atol=1e-4)


def _in_any_order(read):
    data, noise = _given()
    t = torch.tensor([0.2, 0.7])
    got = read(data - noise, _over(t) * data + (1 - _over(t)) * noise, t)
    assert torch.allclose(got[0] + got[1], data + noise, atol=1e-4)


def _never_content(read):
    data, noise = _given()
    assert torch.equal(read(data - noise, data, torch.rand(2))[0], data)


MISTAKES = {
    "6.1": {
        "alpha and sigma are swapped": _clean(lambda said, s: -s * said, swap=True),
        "The sign of the score is wrong": _clean(lambda said, s: s * said),
        "you took it for -noise": _clean(lambda said, s: -said),
        "divided by sigma, not multiplied": _clean(lambda said, s: -said / s),
        "not divided by alpha": _clean(lambda said, s: -s * said, divide=False),
        "alpha and sigma have one axis": _no_axes,
        "nothing is to be solved": _data_solved,
        "You took 1 - alpha for sigma": _straight_only,
        "1 - alpha is sigma on the straight path only": _straight_for_the_score,
    },
    "6.2": {
        "a loss squares them": lambda answer, unit, t: _sizes(t)[answer] / _sizes(t)[unit],
        "That is upside down": lambda answer, unit, t: (_sizes(t)[unit] / _sizes(t)[answer]) ** 2,
        "Noise and data are exchanged": lambda answer, unit, t: (
            (_sizes(1 - t)[answer] / _sizes(1 - t)[unit]) ** 2
        ),
        "whatever unit was asked for": lambda answer, unit, t: _sizes(t)[answer] ** 2,
    },
    "6.3": {
        "You averaged first": lambda errors, t, kind: errors.mean() / _sizes(t)[kind].square().mean(),
        "a mean of products is not a product of means": lambda errors, t, kind: (
            errors.mean() * (1 / _sizes(t)[kind] ** 2).mean()
        ),
        "their factor is a square too": lambda errors, t, kind: (errors / _sizes(t)[kind]).mean(),
        "You multiplied": lambda errors, t, kind: (errors * _sizes(t)[kind] ** 2).mean(),
        "Noise and data are exchanged": lambda errors, t, kind: (errors / _sizes(1 - t)[kind] ** 2).mean(),
        "a plain mean was asked, not a weighted one": _weighted,
    },
    "6.4": {
        "The shift went to 1 - t": lambda n, by: by * n.sigmoid() / (1 + (by - 1) * n.sigmoid()),
        "Times run backwards": lambda n, by: by * (-n).sigmoid() / (1 + (by - 1) * (-n).sigmoid()),
        "You put 1 - t into the formula for t": lambda n, by: (
            (-n).sigmoid() / ((-n).sigmoid() + by * n.sigmoid())
        ),
        "The shift is missing": lambda n, by: n.sigmoid(),
        "not by `by`": lambda n, by: (n - by).sigmoid(),
        "n was scaled": lambda n, by: (n * by).sigmoid(),
        "uniform times of normal numbers": lambda n, by: (
            torch.special.ndtr(n) / (torch.special.ndtr(n) + by * (1 - torch.special.ndtr(n)))
        ),
    },
    "6.5": {
        "x still has DDPM's scale": _from_ddpm(_root, lambda t, abar: torch.ones_like(t)),
        "abar is a share of the variance": _from_ddpm(
            lambda abar: (1 - abar) / abar, lambda t, abar: t / abar.sqrt()
        ),
        "Roots belong to x too": _from_ddpm(_root, lambda t, abar: t / abar),
        "The ratio is upside down": _from_ddpm(lambda abar: 1 / _root(abar), lambda t, abar: t / abar.sqrt()),
        "its two shares do not sum to 1": lambda x, abar: (abar.sqrt(), x),
        "That is the image for EDM": _from_ddpm(_root, lambda t, abar: 1 / abar.sqrt()),
        "x was multiplied by the inverse": _from_ddpm(_root, lambda t, abar: abar.sqrt() / t),
    },
    "6.6": {
        "the sign is not": lambda f, x, t: f(x, 1000 * (1 - t)),
        "the time is not": lambda f, x, t: -f(x, 1000 * t),
        "Neither time nor sign": lambda f, x, t: f(x, 1000 * t),
        "They are told 1000 (1 - t)": lambda f, x, t: -f(x, 1 - t),
        "You turned the image's sign": lambda f, x, t: f(-x, 1000 * (1 - t)),
        "999 is DDPM's last step": lambda f, x, t: -f(x, 1000 * (1 - t) - 1),
    },
    "6.7": {
        "accepts a function in which": _only_shapes,
        "Your test accepts a function in which": _only_the_middle,
        "the velocity's sign is turned": _only_the_mixture,
        "one t serves the whole batch": _one_image,
        "Your test accepts": _in_any_order,
        "refuses the right function": _never_content,
    },
}
