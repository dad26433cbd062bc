"""The wrong answers that people really give to chapter 13, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch
import torch.nn.functional as F


def _over(size):
    """RMSNorm with another size below, made of x and eps."""
    return lambda x, gain, eps: x / size(x, eps) * gain


def _turned(x, row, column, sign=1):
    pairs = x.shape[-1] // 4
    speeds = 10_000.0 ** (-torch.arange(pairs) / pairs)
    angle = sign * torch.cat([row[:, None] * speeds, column[:, None] * speeds], dim=1)
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack(
        [a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1
    ).flatten(-2)


def _turn(places=lambda kept, columns: (kept // columns, kept % columns), who="qk", sign=1):
    """An answer to 13.3 with other places, or that turns others of the three."""

    def answer(q, k, v, kept, columns):
        row, column = places(kept, columns)
        parts = zip("qkv", (q, k, v), strict=True)
        return tuple(_turned(x, row, column, sign) if name in who else x for name, x in parts)

    return answer


def _numbered_anew(kept, columns):
    new = torch.arange(len(kept))
    return new // columns, new % columns


def _half_a_head_apart(q, k, v, kept, columns):
    half = q.shape[-1] // 2
    order = torch.stack([torch.arange(half), torch.arange(half) + half], dim=1).flatten()
    row, column = kept // columns, kept % columns
    q, k = (_turned(x[:, order], row, column)[:, order.argsort()] for x in (q, k))
    return q, k, v


def _side(signs, factors):
    return signs[:, list(factors)].prod(1)


def _right(signs, y, factors):
    side = _side(signs, factors)
    return y[side > 0].mean() - y[side < 0].mean()


def _base(signs):
    return signs.sum(1).argmin()


def _one_at_a_time(signs, y, factors):
    """Beside the base, the run with the fewest other upgrades: what is left of it in half of a design."""
    with_it = (signs[:, list(factors)] > 0).all(1)
    fewest = torch.where(with_it, signs.sum(1), torch.inf).argmin()
    return y[fewest] - y[_base(signs)]


def _whole_difference(signs, y, factors):
    return _right(signs, y, factors) * len(factors)


def _of_mains(join):
    """An answer to 13.4 that makes an interaction of the two main effects."""

    def answer(signs, y, factors):
        if len(factors) == 1:
            return _right(signs, y, factors)
        return join(*(_right(signs, y, (one,)) for one in factors))

    return answer


def _both(less):
    """An answer to 13.4 that takes the runs with both upgrades, less others."""

    def answer(signs, y, factors):
        up = signs[:, list(factors)] > 0
        return y[up.all(1)].mean() - y[less(up)].mean() if len(factors) == 2 else _right(signs, y, factors)

    return answer


def _mean_with(less=None):
    def answer(signs, y, factors):
        with_it = y[_side(signs, factors) > 0].mean()
        return with_it if less is None else with_it - less(signs, y)

    return answer


def _by_rank(passes, last=False):
    """An answer to 13.6 that decides by rank in another way: each alone, or all up to the last that passes."""

    def answer(p, alpha):
        order = sorted(range(len(p)), key=p.__getitem__)
        found = [passes(k, p[place], alpha, len(p)) for k, place in enumerate(order)]
        if last:
            count = max((k + 1 for k, one in enumerate(found) if one), default=0)
            found = [k < count for k in range(len(p))]
        return [found[order.index(place)] for place in range(len(p))]

    return answer


def _down(p, alpha, raised=None):
    """Holm's answer to 13.6, or that of somebody whose level rises `raised` times at most."""
    order, decided = sorted(range(len(p)), key=p.__getitem__), [False] * len(p)
    for k, place in enumerate(order):
        if p[place] >= alpha / (len(p) - (k if raised is None else min(k, raised))):
            break
        decided[place] = True
    return decided


def _sorted_answers(p, alpha):
    return [_down(p, alpha)[place] for place in sorted(range(len(p)), key=p.__getitem__)]


def _steps(middle, turned=False, whole=round):
    """An answer to 13.7 by another middle of the rounds."""

    def answer(seconds, base_steps):
        typical = middle(seconds)
        ratio = typical / typical[0] if turned else typical[0] / typical
        return [whole(base_steps * one) for one in ratio.tolist()]

    return answer


def _median(seconds):
    return seconds.quantile(0.5, dim=1)


MISTAKES = {
    "13.1": {
        "You subtracted the mean": lambda x, gain, eps: F.layer_norm(x, x.shape[-1:], eps=eps) * gain,
        "it leaves the mean in x": _over(lambda x, eps: (x.var(-1, keepdim=True, correction=0) + eps).sqrt()),
        "eps stands outside the root": _over(lambda x, eps: x.square().mean(-1, keepdim=True).sqrt() + eps),
        "eps is forgotten": _over(lambda x, eps: x.square().mean(-1, keepdim=True).sqrt()),
        "The gain is forgotten": lambda x, gain, eps: x / (x.square().mean(-1, keepdim=True) + eps).sqrt(),
        "You normalised over the tokens": _over(
            lambda x, eps: (x.square().mean(1, keepdim=True) + eps).sqrt()
        ),
        "all tokens of an image at once": _over(
            lambda x, eps: (x.square().mean((1, 2), keepdim=True) + eps).sqrt()
        ),
        "The sum of squares, not their mean": _over(
            lambda x, eps: (x.square().sum(-1, keepdim=True) + eps).sqrt()
        ),
        "The root is missing": _over(lambda x, eps: x.square().mean(-1, keepdim=True) + eps),
    },
    "13.2": {
        "The gate has a matrix too": lambda dim, hidden: hidden,
        "That is 4 dim": lambda dim, hidden: 4 * dim,
        "there are three in all": lambda dim, hidden: hidden // 2,
        "Rounded up": lambda dim, hidden: -(-2 * hidden // 3),
        "A third was rounded": lambda dim, hidden: 2 * (hidden // 3),
        "One unit more would have": lambda dim, hidden: -(-2 * hidden // 3) - 1,
        "as one layer makes them": lambda dim, hidden: 2 * (2 * hidden // 3),
        "A width is a whole number": lambda dim, hidden: 2 * hidden / 3,
        "Rounded to a multiple of 8 or more": lambda dim, hidden: -(-(2 * hidden // 3) // 64) * 64,
        "That is a number of weights": lambda dim, hidden: 3 * dim * (2 * hidden // 3),
    },
    "13.3": {
        "The values are turned too": _turn(who="qkv"),
        "Only the queries are turned": _turn(who="q"),
        "Only the keys are turned": _turn(who="k"),
        "Rows and columns are exchanged": _turn(lambda kept, columns: (kept % columns, kept // columns)),
        "The tokens were numbered anew": _turn(_numbered_anew),
        "RoPE in one dimension, twice": _turn(lambda kept, columns: (kept, kept)),
        "Turned the other way": _turn(sign=-1),
        "yours stand half a head apart": _half_a_head_apart,
    },
    "13.4": {
        "That is a difference of two runs": _one_at_a_time,
        "divide by n / 2": lambda signs, y, factors: (_side(signs, factors) * y).mean(),
        "The sign is turned": lambda signs, y, factors: -_right(signs, y, factors),
        "is not divided": lambda signs, y, factors: (_side(signs, factors) * y).sum(),
        "the mean without it is not taken away": _mean_with(),
        "beside the base's one run": _mean_with(lambda signs, y: y[_base(signs)]),
        "half of it was asked": _whole_difference,
        "That is the product of the two main effects": _of_mains(lambda one, other: one * other),
        "That is the sum of the two main effects": _of_mains(lambda one, other: one + other),
        "That is the main effect of one of the two": _of_mains(lambda one, other: one),
        "it says nothing of how they meet": _both(lambda up: ~up.any(1)),
        "the runs with both less all the others": _both(lambda up: ~up.all(1)),
        "That is percent": lambda signs, y, factors: 100 * _right(signs, y, factors) / y[_base(signs)],
    },
    "13.5": {
        "in half of a design every effect has a partner": lambda effect, word: "",
        "every effect has a partner. Which": lambda effect, word: effect,
        "That is the word itself": lambda effect, word: word,
        "These are the letters of either": lambda effect, word: "".join(sorted(set(effect) | set(word))),
        "These are the letters that stand in both": lambda effect, word: "".join(
            sorted(set(effect) & set(word))
        ),
        "A letter of the effect that is not in the word stays": lambda effect, word: "".join(
            letter for letter in word if letter not in effect
        ),
        "in alphabetical order": lambda effect, word: "".join(sorted(set(effect) ^ set(word)))[::-1],
    },
    "13.6": {
        "That is no correction": lambda p, alpha: [one < alpha for one in p],
        "Only the smallest is looked at": lambda p, alpha: [one == min(p) < alpha for one in p],
        "That is Bonferroni": lambda p, alpha: [one < alpha / len(p) for one in p],
        "You went on after one had failed": _by_rank(lambda k, one, alpha, m: one < alpha / (m - k)),
        "That steps up": _by_rank(lambda k, one, alpha, m: one < alpha / (m - k), last=True),
        "That is Benjamini and Hochberg": _by_rank(
            lambda k, one, alpha, m: one < alpha * (k + 1) / m, last=True
        ),
        "These are in the order of their p": _sorted_answers,
        "The level was raised once": lambda p, alpha: _down(p, alpha, raised=1),
        "These are the open ones": lambda p, alpha: [not one for one in _down(p, alpha)],
    },
    "13.7": {
        "The ratio is turned": _steps(_median, turned=True),
        "Equal steps are not equal time": lambda seconds, base_steps: [base_steps] * len(seconds),
        "That goes by means": _steps(lambda seconds: seconds.mean(1)),
        "That goes by the fastest rounds": _steps(lambda seconds: seconds.amin(1)),
        "That goes by one round": _steps(lambda seconds: seconds[:, 0]),
        "the median of the rounds' ratios": lambda seconds, base_steps: [
            round(base_steps * one) for one in (seconds[:1] / seconds).quantile(0.5, dim=1).tolist()
        ],
        "Rounded down": _steps(_median, whole=int),
        "divided by the number of arms": lambda seconds, base_steps: [
            round(base_steps * one / len(seconds))
            for one in (_median(seconds)[0] / _median(seconds)).tolist()
        ],
        "at least 1 was asked": _steps(_median),
        "The base is an arm too": lambda seconds, base_steps: _steps(_median)(seconds, base_steps)[1:],
    },
}
