"""The wrong answers that people really give to chapter 14, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import numpy as np
import torch
from scipy.optimize import nnls


def _line(x, y):
    x = x - x.mean()
    return (x * (y - y.mean(-1, keepdim=True))).sum(-1) / (x * x).sum()


def _logs(find):
    """An answer to 14.1 that takes logarithms of both, and something else of them."""
    return lambda c, e: find(c.log(), e.log())


def _steps(passes=6, linear=12, products=2, adaln=lambda n: 1, batched=True, depths=True, share=1, up=0):
    """An answer to 14.2 that counts one thing otherwise."""

    def answer(networks, batch, budget):
        found = []
        for dim, depth, n in networks:
            macs = linear * n * dim**2 + products * n**2 * dim + 6 * adaln(n) * dim**2
            a_step = passes * macs * (depth if depths else 1) * (batch if batched else 1)
            found.append(int(budget / (len(networks) if share > 1 else 1) // a_step) + up)
        return found

    return answer


def _equal_epochs(networks, batch, budget):
    return [_steps()(networks, batch, budget)[-1]] * len(networks)


def _not_whole(networks, batch, budget):
    macs = [d * (12 * n * w**2 + 2 * n**2 * w + 6 * w**2) for w, d, n in networks]
    return [budget / (6 * one * batch) for one in macs]


def _law(solve, relative=True, unit=None, turned=1):
    """An answer to 14.3 that solves for floor and a in its own way."""

    def answer(c, e, exponents):
        c, e = c.numpy(), e.numpy()
        u = c / (np.exp(np.log(c).mean()) if unit is None else unit(c))
        scale = e if relative else np.ones_like(e)
        found = []
        for b in exponents.tolist():
            columns = np.stack([np.ones_like(u), u**-b], 1) / scale[:, None]
            floor, a = solve(columns, e / scale)
            miss = columns @ np.array([floor, a]) - e / scale
            found.append((float(miss @ miss), float(floor), float(a), turned * b))
        return min(found)[1:]

    return answer


def _both(columns, y):
    return nnls(columns, y)[0]


def _free(columns, y):
    return np.linalg.lstsq(columns, y, rcond=None)[0]


def _clamped(columns, y):
    return _free(columns, y).clip(min=0)


def _thrown_away(columns, y):
    law = _free(columns, y)
    return law if law.min() >= 0 else np.full(2, np.inf)


def _none(columns, y):
    return np.array([0.0, (columns[:, 1] @ y) / (columns[:, 1] @ columns[:, 1])])


def _log_log(c, e, exponents):
    x, y = np.log(c.numpy()), np.log(e.numpy())
    slope, height = np.polyfit(x - x.mean(), y, 1)
    return 0.0, float(np.exp(height)), float(-slope)


def _said(c, e, at):
    x, y = c.log(), e.log()
    return (y.mean(-1) + _line(x, y) * (torch.as_tensor(at).double().log() - x.mean())).exp()


def _ends(values, low=0.025, high=0.975):
    return values.quantile(low), values.quantile(high)


def _resampled(find):
    """An answer to 14.4 that finds its interval from each round's promise in another way."""
    return lambda c, e, picks, at: find(_said(c, e[picks].mean(1), at))


def _each_size_apart(c, e, picks, at):
    columns = [e[picks.roll(j, 0), j].mean(1) for j in range(len(c))]
    return _ends(_said(c, torch.stack(columns, 1), at))


def _own_points(c, e, picks, at):
    own = torch.randint(len(e), (len(picks), len(e), len(c)))
    return _ends(_said(c, e.expand(len(picks), -1, -1).gather(1, own).mean(1), at))


def _residuals(c, e, picks, at):
    x, y = c.log(), e.mean(0).log()
    fitted = y.mean() + _line(x, y) * (x - x.mean())
    own = torch.randint(len(c), (len(picks), len(c)))
    return _ends(_said(c, (fitted + (y - fitted)[own]).exp(), at))


def _reflected(c, e, picks, at):
    low, high = _ends(_said(c, e[picks].mean(1), at))
    return 2 * _said(c, e.mean(0), at) - high, 2 * _said(c, e.mean(0), at) - low


def _hidden(s, t):
    t = t[:, None]
    return s**2 / (t**2 * s**2 + (1 - t) ** 2)


def _run(promise, chance=lambda law, spread, z: law * (1 + spread * z), ends=_ends):
    """An answer to 14.6 that reads the law, or adds the chance, in another way."""

    def answer(laws, unit, at, spread, z):
        return ends(chance(promise(*laws.T, unit, at), spread, z))

    return answer


def _right(floor, a, b, unit, at):
    return floor + a * (at / unit) ** -b


def _last_slope(floor, a, b, unit, at):
    return (floor + a) * (at / unit) ** (-b * a / (floor + a))


def _levels(
    low=lambda e, real: e - real,
    overlap=1,
    log=True,
    find=lambda upper, lower, whole: upper / lower,
    middle=lambda sizes: sizes // 2,
):
    """An answer to 14.7 that takes the floor, the halves or the two slopes in another way."""

    def answer(c, e, real):
        y, m = low(e, real), middle(len(c))
        x, y = (c.log(), y.log()) if log else (c, y)
        upper = _line(x[m + 1 - overlap :], y[m + 1 - overlap :])
        left = find(upper, _line(x[: m + overlap], y[: m + overlap]), _line(x, y))
        return left, bool(left < 0.5)

    return answer


MISTAKES = {
    "14.1": {
        "Two bases are mixed": lambda c, e: _line(c.log10(), e.log()),
        "take the same logarithm": lambda c, e: _line(c.log(), e.log10()),
        "That is compute over error": _logs(lambda x, y: _line(y, x)),
        "one over the slope of compute over error": _logs(lambda x, y: 1 / _line(y, x)),
        "a mean of ratios": _logs(lambda x, y: (y / x).mean()),
        "from each size to the next": _logs(lambda x, y: (y.diff() / x.diff()).mean()),
        "from the first size to the last": _logs(lambda x, y: (y[-1] - y[0]) / (x[-1] - x[0])),
        "The sign is turned": _logs(lambda x, y: -_line(x, y)),
        "Only compute has a logarithm": lambda c, e: _line(c.log(), e),
        "Only the error has a logarithm": lambda c, e: _line(c, e.log()),
        "Neither has a logarithm": _line,
        "forced through the origin": _logs(lambda x, y: (x * y).sum() / (x * x).sum()),
    },
    "14.2": {
        "Forward only: the way back": _steps(passes=2),
        "you counted one.": _steps(passes=4),
        "Those are MACs": _steps(passes=3),
        "MACs, and forward only": _steps(passes=1),
        "The batch is forgotten": _steps(batched=False),
        "equal epochs, not equal compute": _equal_epochs,
        "shared it out among them": _steps(share=2),
        "once an image, not once a token": _steps(adaln=lambda n: n),
        "adaLN's layer is missing": _steps(adaln=lambda n: 0),
        "two products are missing": _steps(products=0),
        "Attention has two products": _steps(products=1),
        "That is one block": _steps(depths=False),
        "A step more than the budget pays": _steps(up=1),
        "A step is whole": _not_whole,
    },
    "14.3": {
        "That is a line without a floor": _log_log,
        "fit the floor too": _law(_none),
        "came out below 0": _law(_free),
        "was set to 0 afterwards": _law(_clamped),
        "were thrown away; hold the floor at 0": _law(_thrown_away),
        "fitted to absolute misses": _law(_both, relative=False),
        "Compute was not divided": _law(_both, unit=lambda c: 1.0),
        "not the arithmetic": _law(_both, unit=lambda c: c.mean()),
        "b is turned": _law(_both, turned=-1),
        "The order is floor, a, b": lambda *given: tuple(_law(_both)(*given)[k] for k in (1, 0, 2)),
    },
    "14.4": {
        "Each size was resampled": _each_size_apart,
        "still has a width": _own_points,
        "The draws are handed in": _residuals,
        "percentiles of the wrong side": _reflected,
        "The ends are exchanged": _resampled(lambda said: _ends(said, 0.975, 0.025)),
        "quantiles of single seeds": lambda c, e, picks, at: _ends(_said(c, e, at)),
        "a line for each seed": lambda c, e, picks, at: _ends(_said(c, e, at)[picks].mean(1)),
        "means of logarithms": lambda c, e, picks, at: _ends(_said(c, e.log()[picks].mean(1).exp(), at)),
        "That holds 90 %": _resampled(lambda said: _ends(said, 0.05, 0.95)),
        "the range of all rounds": _resampled(lambda said: (said.min(), said.max())),
        "a logarithm still": _resampled(lambda said: _ends(said.log())),
        "four times the largest compute": lambda c, e, picks, at: _ends(
            _said(c, e[picks].mean(1), 4 * c[-1])
        ),
        "These are the slopes": lambda c, e, picks, at: _ends(_line(c.log(), e[picks].mean(1).log())),
    },
    "14.5": {
        "A floor of 0": lambda s, t: torch.tensor(0.0).double(),
        "The noise is not known either": lambda s, t: (_hidden(s, t) * (1 - t[:, None]) ** 2).mean(),
        "variance of the noise given x_t": lambda s, t: (_hidden(s, t) * t[:, None] ** 2).mean(),
        "One factor 1 - t": lambda s, t: (_hidden(s, t) * (1 - t[:, None])).mean(),
        "before x_t is seen": lambda s, t: (s**2 + 1).mean(),
        "the floor at the mean time": lambda s, t: _hidden(s, t.mean()[None]).mean(),
        "for a mean deviation": lambda s, t: _hidden(s.mean()[None], t).mean(),
        "That is a deviation": lambda s, t: _hidden(s, t).sqrt().mean(),
        "the sum over the numbers": lambda s, t: _hidden(s, t).sum(1).mean(),
        "the sum over the times": lambda s, t: _hidden(s, t).sum(0).mean(),
        "Signal and noise are exchanged": lambda s, t: _hidden(s, 1 - t).mean(),
        "its square is the variance": lambda s, t: _hidden(s.sqrt(), t).mean(),
    },
    "14.6": {
        "the interval of the law": _run(_right, lambda law, spread, z: law),
        "not divided by the unit": _run(lambda floor, a, b, unit, at: floor + a * at**-b),
        "towards a floor it fades": _run(_last_slope),
        "The floor is forgotten": _run(lambda floor, a, b, unit, at: a * (at / unit) ** -b),
        "The sign of b is turned": _run(lambda floor, a, b, unit, at: floor + a * (at / unit) ** b),
        "it is not 0.08 every time": _run(_right, lambda law, spread, z: law * (1 + 0.08 * z)),
        "a part of the error": _run(_right, lambda law, spread, z: law + spread * z),
        "That holds 90 %": _run(_right, ends=lambda runs: _ends(runs, 0.05, 0.95)),
        "The ends are exchanged": _run(_right, ends=lambda runs: _ends(runs, 0.975, 0.025)),
        "Chance alone": _run(_right, lambda law, spread, z: law.mean() * (1 + spread * z)),
    },
    "14.7": {
        "the metric's floor for the network's": _levels(low=lambda e, real: e),
        "The floor of the metric was added": _levels(low=lambda e, real: e + real),
        "The halves are exchanged": _levels(find=lambda upper, lower, whole: lower / upper),
        "the slope of all sizes": _levels(find=lambda upper, lower, whole: upper / whole),
        "belongs to both halves": _levels(overlap=0),
        "a difference of slopes": _levels(find=lambda upper, lower, whole: upper - lower),
        "The middle is at a fixed place": _levels(middle=lambda sizes: 3),
        "without logarithms": _levels(log=False),
        "The rule is turned": lambda *given: (_levels()(*given)[0], not _levels()(*given)[1]),
    },
}
