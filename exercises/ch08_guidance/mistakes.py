"""The wrong answers that people really give to chapter 8, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

from itertools import pairwise

import torch


def _paper(u, c, s, dialect):
    return (1 + s) * c - s * u


def _one_for_both(u, c, s, dialect):
    return u + s * (c - u)


def _minus_one(u, c, s, dialect):
    w = s if dialect == "ours" else s - 1
    return u + w * (c - u)


def _turned(u, c, s, dialect):
    return u + s * (c - u) if dialect == "ours" else (1 - s) * c + s * u


def _w(s, dialect):
    return s if dialect == "ours" else 1 + s


def _ask(v, x, t, labels, null, w, swap=False):
    y = torch.cat([labels, torch.full_like(labels, null)])
    c, u = v(torch.cat([x, x]), torch.cat([t, t]), y).chunk(2)
    return c + w * (u - c) if swap else u + w * (c - u)


def _null_first(v, x, t, labels, classes, w):
    y = torch.cat([torch.full_like(labels, classes), labels])
    c, u = v(torch.cat([x, x]), torch.cat([t, t]), y).chunk(2)
    return u + w * (c - u)


def _side_by_side(v, x, t, labels, classes, w, both=False):
    null = torch.full_like(labels, classes)
    y = torch.stack([labels, null], 1).flatten() if both else torch.cat([labels, null])
    c, u = v(x.repeat_interleave(2, 0), t.repeat_interleave(2), y).chunk(2)
    return u + w * (c - u)


def _two_calls(v, x, t, labels, classes, w):
    c, u = v(x, t, labels), v(x, t, torch.full_like(labels, classes))
    return u + w * (c - u)


def _times_once(v, x, t, labels, classes, w):
    y = torch.cat([labels, torch.full_like(labels, classes)])
    c, u = v(torch.cat([x, x]), t, y).chunk(2)
    return u + w * (c - u)


def _three_channels(v, x, t, labels, classes, w):
    guided = _ask(v, x, t, labels, classes, w)
    return torch.cat([guided[:, :3], v(x, t, labels)[:, 3:]], 1)


def _along(v, x, t, labels, classes, w, cat=0, chunk=0):
    y = torch.cat([labels, torch.full_like(labels, classes)])
    c, u = v(torch.cat([x, x], cat), torch.cat([t, t]), y).chunk(2, chunk)
    return u + w * (c - u)


def _zeros(v, x, t, labels, classes, w, still=1):
    """u at black images, or with still = 0 at t = 0."""
    y, moved = torch.cat([labels, torch.full_like(labels, classes)]), x if still == 0 else 0 * x
    c, u = v(torch.cat([x, moved]), torch.cat([t, still * t]), y).chunk(2)
    return u + w * (c - u)


def _writes_into_c(u, c, s, dialect):
    return c.sub_(u).mul_(_w(s, dialect)).add_(u)


def _writes_into_u(u, c, s, dialect):
    u += _w(s, dialect) * (c - u)
    return u


def _by_rank(labels, share, coins, classes):
    hidden = coins.argsort()[: round(share * len(labels))]
    return labels.clone().index_fill_(0, hidden, classes)


def _random_class(labels, share, coins, classes):
    return torch.where(coins < share, torch.randint(0, classes, labels.shape), labels)


def _in_place(labels, share, coins, classes):
    labels[coins < share] = classes
    return labels


def _first_ones(labels, share, coins, classes):
    k = max(1, int(share * len(labels)))
    return torch.cat([torch.full_like(labels[:k], classes), labels[k:]])


def _one_coin(labels, share, coins, classes):
    return torch.full_like(labels, classes) if coins[0] < share else labels.clone()


def _when(guide, rest=lambda c, u, x, t, y: c(x, t, y)):
    def velocity(c, u, x, t, y, w, low, high):
        if guide(float(t[0]), low, high):
            bad = u(x, t)
            return bad + w * (c(x, t, y) - bad)
        return rest(c, u, x, t, y)

    return velocity


def _inside(t, low, high):
    return low <= t <= high


def _always_asks(c, u, x, t, y, w, low, high):
    good, bad = c(x, t, y), u(x, t)
    return bad + w * (good - bad) if low <= float(t[0]) <= high else good


def _with(formula):
    """Guided inside by another formula."""

    def velocity(c, u, x, t, y, w, low, high):
        good = c(x, t, y)
        return formula(good, u(x, t), w) if low <= float(t[0]) <= high else good

    return velocity


def _twice(c, u, x, t, y, w, low, high):
    if low <= float(t[0]) <= high:
        return u(x, t) + w * (c(x, t, y) - u(x, t))
    return c(x, t, y)


def _scale(power=1, dims=(1, 2, 3), share_of=lambda share: share):
    def rescaled(guided, c, share):
        share = share_of(share)
        ratio = (c.std(dims, keepdim=True) / guided.std(dims, keepdim=True)) ** power
        return share * guided * ratio + (1 - share) * guided

    return rescaled


def _by(ratio):
    """The contrast scaled by another ratio(c, guided)."""

    def rescaled(guided, c, share):
        return share * guided * ratio(c, guided) + (1 - share) * guided

    return rescaled


def _norms(c, guided):
    return c.flatten(1).norm(dim=1).view(-1, 1, 1, 1) / guided.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def _mean_of_c(guided, c, share):
    dims = (1, 2, 3)
    ratio = c.std(dims, keepdim=True) / guided.std(dims, keepdim=True)
    like_c = (guided - guided.mean(dims, keepdim=True)) * ratio + c.mean(dims, keepdim=True)
    return share * like_c + (1 - share) * guided


def _rest_is_c(guided, c, share):
    ratio = c.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)
    return share * guided * ratio + (1 - share) * c


def _about_the_mean(guided, c, share):
    mean, dims = guided.mean((1, 2, 3), keepdim=True), (1, 2, 3)
    like_c = (guided - mean) / guided.std(dims, keepdim=True) * c.std(dims, keepdim=True) + mean
    return share * like_c + (1 - share) * guided


def _swapped_networks(strong, weak, x, t, y, w):
    return strong(x, t, y) + w * (weak(x, t, y) - strong(x, t, y))


def _weak_untold(strong, weak, x, t, y, w):
    bad = weak(x, t, None)
    return bad + w * (strong(x, t, y) - bad)


def _own_answer(strong, weak, x, t, y, w):
    bad = strong(x, t, None)
    return bad + w * (strong(x, t, y) - bad)


def _from_strong(strong, weak, x, t, y, w):
    good = strong(x, t, y)
    return good + w * (good - weak(x, t, y))


def _half(strong, weak, x, t, y, w):
    return (strong(x, t, y) + weak(x, t, y)) / 2


def _pays(strong, weak, x, t, y, w):
    bad = weak(x, t, y)
    return bad + w * (strong(x, t, y) - bad)


def _weak_twice(strong, weak, x, t, y, w):
    if w == 1:
        return strong(x, t, y)
    return weak(x, t, y) + w * (strong(x, t, y) - weak(x, t, y))


def _held(strong, weak, x, t, y, w):
    good = strong(x, t, y)
    return good if w <= 1 else good + (w - 1) * (good - weak(x, t, y))


def _euler(halves, end=lambda x, w: x.chunk(2)[0]):
    """The sampler of 8.7; halves(c, u, w) are the steps of both halves."""

    def guided_euler(v, noise, labels, null, w, grid):
        x = torch.cat([noise, noise])
        y = torch.cat([labels, torch.full_like(labels, null)])
        for t, t_next in pairwise(grid.tolist()):
            c, u = v(x, torch.full((len(x),), t), y).chunk(2)
            x = x + (t_next - t) * torch.cat(halves(c, u, w))
        return end(x, w)

    return guided_euler


def _mix_at_end(x, w):
    c, u = x.chunk(2)
    return u + w * (c - u)


def _both_halves(c, u, w):
    return [u + w * (c - u)] * 2


def _mirrored(c, u, w):
    return [u + w * (c - u), c + w * (u - c)]


def _later(v, noise, labels, null, w, grid):
    for t, t_next in pairwise(grid.tolist()):
        at = torch.full((len(noise),), t_next)
        noise = noise + (t_next - t) * _ask(v, noise, at, labels, null, w)
    return noise


def _short(v, noise, labels, null, w, grid):
    return _euler(_both_halves)(v, noise, labels, null, w, grid[:-1])


def _try(w, labels=(0, 2), v=lambda x, t, y: (y + 1 + t).view(-1, 1, 1, 1) * x):
    """A test with this w, these labels and this network; the rest as it should be."""

    def test(guided):
        y = torch.tensor(labels)
        x, t = torch.randn(len(y), 1, 2, 2), torch.full((len(y),), 0.5)
        expected = _ask(v, x, t, y, 5, w)
        assert torch.allclose(guided(v, x, t, y, 5, w), expected, atol=1e-5)

    return test


def _blind(x, t, y):
    return (y + 1 + t).view(-1, 1, 1, 1).expand_as(x)


def _timeless(x, t, y):
    return (y + 1).view(-1, 1, 1, 1) * x


def _only_shapes(guided):
    v, x = (lambda x, t, y: (y + 1).view(-1, 1, 1, 1) * x), torch.randn(2, 1, 2, 2)
    t, labels = torch.full((2,), 0.5), torch.tensor([0, 2])
    assert guided(v, x, t, labels, 5, 3.0).shape == x.shape


def _expects_paper(guided):
    v, x = (lambda x, t, y: (y + 1).view(-1, 1, 1, 1) * x), torch.randn(2, 1, 2, 2)
    t, labels = torch.full((2,), 0.5), torch.tensor([0, 2])
    assert torch.allclose(guided(v, x, t, labels, 5, 3.0), _ask(v, x, t, labels, 5, 4.0), atol=1e-5)


MISTAKES = {
    "8.1": {
        "That is the paper's reading": _paper,
        "its 0 is no guidance, our 1 is": _one_for_both,
        "w = s - 1 goes the wrong way": _minus_one,
        "c and u are swapped": lambda u, c, s, d: c + _w(s, d) * (u - c),
        "The sign is wrong": lambda u, c, s, d: u - _w(s, d) * (c - u),
        "Both signs of s are turned": _turned,
        "you wrote into the c": _writes_into_c,
        "you wrote into the u": _writes_into_u,
        "w is clipped to at most 1": lambda u, c, s, d: torch.lerp(u, c, min(1.0, _w(s, d))),
        "That is the difference alone": lambda u, c, s, d: _w(s, d) * (c - u),
        "That adds c to u": lambda u, c, s, d: u + _w(s, d) * c,
    },
    "8.2": {
        "The halves are swapped": _null_first,
        "you took the last class": lambda v, x, t, y, n, w: _ask(v, x, t, y, n - 1, w),
        "you took class 0": lambda v, x, t, y, n, w: _ask(v, x, t, y, 0, w),
        "v was told the label -1": lambda v, x, t, y, n, w: _ask(v, x, t, y, -1, w),
        "v was told the label": lambda v, x, t, y, n, w: _ask(v, x, t, y, n + 1, w),
        "here w = 1 is no guidance": lambda v, x, t, y, n, w: _ask(v, x, t, y, n, 1 + w),
        "That is DiT's own code": _three_channels,
        "The batch is dimension 0": lambda *given: _along(*given, cat=1),
        "The batch is dimension 0; you cut the channels": lambda *given: _along(*given, chunk=1),
        "u is asked at another image than c": _zeros,
        "u is asked at another time than c": lambda *given: _zeros(*given, still=0),
        "or w is clipped to at most 1": lambda v, x, t, y, n, w: _ask(v, x, t, y, n, min(w, 1)),
        "c alone: nothing is guided": lambda v, x, t, y, n, w: v(x, t, y),
        "images and labels no longer belong": _side_by_side,
        "The batch is interleaved": lambda *given: _side_by_side(*given, both=True),
        "put both questions into one call": _two_calls,
        "double images, times and labels": _times_once,
    },
    "8.3": {
        "read the wrong way round": lambda y, share, coins, n: torch.where(coins > share, n, y),
        "0 is a class": lambda y, share, coins, n: torch.where(coins < share, 0, y),
        "classes - 1 is the last class": lambda y, share, coins, n: torch.where(coins < share, n - 1, y),
        "an embedding has no row -1": lambda y, share, coins, n: torch.where(coins < share, -1, y),
        "the coins above are hidden": lambda y, share, coins, n: torch.where(coins >= 1 - share, n, y),
        "`share` was not used": lambda y, share, coins, n: torch.where(coins < 0.2, n, y),
        "use the coins given": lambda y, share, coins, n: torch.where(torch.rand(len(y)) < share, n, y),
        "not a random class": _random_class,
        "by rank": _by_rank,
        "Nothing is hidden": lambda y, share, coins, n: y.clone(),
        "Everything is hidden": lambda y, share, coins, n: torch.full_like(y, n),
        "labels are whole numbers": lambda y, share, coins, n: torch.where(coins < share, n, y.float()),
        "one coin decided for the whole batch": _one_coin,
        "The first images of the batch": _first_ones,
        "stay in the batch": lambda y, share, coins, n: y[coins >= share],
        "That says which are hidden": lambda y, share, coins, n: coins < share,
        "you wrote into the labels": _in_place,
    },
    "8.4": {
        "Outside the interval the answer is u": _when(_inside, lambda c, u, x, t, y: u(x, t)),
        "Outside the interval nothing moves": _when(_inside, lambda c, u, x, t, y: torch.zeros_like(x)),
        "c and u are averaged": _when(_inside, lambda c, u, x, t, y: (c(x, t, y) + u(x, t)) / 2),
        "at the wrong end of time": _when(lambda t, low, high: low <= 1 - t <= high),
        "You guide outside the interval": _when(lambda t, low, high: not low <= t <= high),
        "you left out t = low and t = high": _when(lambda t, low, high: low < t < high),
        "you left out t = high.": _when(lambda t, low, high: low <= t < high),
        "you left out t = low.": _when(lambda t, low, high: low < t <= high),
        "`or` stands for `and`": _when(lambda t, low, high: t >= low or t <= high),
        "high was not used": _when(lambda t, low, high: t >= low),
        "low was not used": _when(lambda t, low, high: t <= high),
        "That is the paper's (1 + w)": _with(lambda c, u, w: c + w * (c - u)),
        "The sign is wrong": _with(lambda c, u, w: u + w * (u - c)),
        "c and u are swapped": _with(lambda c, u, w: c + w * (u - c)),
        "asked twice at one time; keep its answer": _twice,
        "what is not used need not be paid for": _always_asks,
    },
    "8.5": {
        "the ratio of variances": _scale(power=2),
        "upside down": _scale(power=-1),
        "One deviation for the whole batch": _scale(dims=(0, 1, 2, 3)),
        "One deviation for each channel": _scale(dims=(2, 3)),
        "One deviation for each place": _scale(dims=1),
        "That deviation is over the batch": _scale(dims=0),
        "the ratio of norms": _by(_norms),
        "keepdim is missing": _by(lambda c, guided: c.std((1, 2, 3)) / guided.std((1, 2, 3))),
        "The mean of c was put in as well": _mean_of_c,
        "The ratio is clipped": _by(
            lambda c, guided: (c.std((1, 2, 3)) / guided.std((1, 2, 3))).clamp(max=1).view(-1, 1, 1, 1)
        ),
        "The result is clamped": lambda guided, c, share: _scale()(guided, c, share).clamp(-1, 1),
        "share and 1 - share are swapped": _scale(share_of=lambda share: 1 - share),
        "share was not used": _scale(share_of=lambda share: 1.0),
        "The mean was taken out": _about_the_mean,
        "mix with the guided velocity, not with c": _rest_is_c,
    },
    "8.6": {
        "strong and weak are swapped": _swapped_networks,
        "you asked the weak one without it": _weak_untold,
        "you never asked weak": _own_answer,
        "weak was asked 2 times": _weak_twice,
        "Between 0 and 1 it is a mixture": _held,
        "here w = 1 is the strong network alone": _from_strong,
        "mixes the two by halves": _half,
        "do not pay for it": _pays,
    },
    "8.7": {
        "u is asked at another image than c": _euler(lambda c, u, w: [u + w * (c - u), u]),
        "The second half follows c": _euler(lambda c, u, w: [u + w * (c - u), c]),
        "The half of u came back": _euler(
            lambda c, u, w: [u + w * (c - u), u], end=lambda x, w: x.chunk(2)[1]
        ),
        "v is asked at t_next": _later,
        "or their halves are": _euler(lambda c, u, w: [c + w * (u - c)] * 2),
        "mixed at the end": _euler(lambda c, u, w: [c, u], end=_mix_at_end),
        "Both halves take the step of c": _euler(lambda c, u, w: [c, c]),
        "guided the other way": _euler(_mirrored),
        "c and u are swapped": _euler(lambda c, u, w: [c + w * (u - c)] * 2),
        "The last step is missing": _short,
        "(1 + w); here w = 1 is no guidance": _euler(lambda c, u, w: [c + w * (c - u)] * 2),
        "Both halves come back": _euler(_both_halves, end=lambda x, w: x),
    },
    "8.8": {
        "accepts a function in which": _only_shapes,
        "Your test accepts": _try(0.5),
        "accepts a function in which w is clipped to at most 1": _try(0.75),
        "accepts a function in which the second half is asked at t = 0": _try(3.0, v=_timeless),
        "accepts a function in which images lie side by side": _try(3.0, labels=(2,)),
        "test accepts a function": _try(1.0),
        "accepts a function in which images": _try(3.0, v=_blind),
        "refuses the right function": _expects_paper,
    },
}
