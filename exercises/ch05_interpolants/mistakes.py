"""The wrong answers that people really give to chapter 5, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import math

import torch
from scipy.optimize import linear_sum_assignment

HALF = math.pi / 2


def _wide(t):
    return t.view(-1, 1, 1, 1)


def _arc(x, noise, t, turn=HALF, factor=HALF, sign=-1):
    a = _wide(turn * t)
    return a.sin() * x + a.cos() * noise, factor * (a.cos() * x + sign * a.sin() * noise)


def _straight_velocity(x, noise, t):
    return _arc(x, noise, t)[0], x - noise


def _shares_again(x, noise, t):
    return (_arc(x, noise, t)[0],) * 2


def _straight(x, noise, t):
    return _wide(t) * x + (1 - _wide(t)) * noise, x - noise


def _backwards(x, noise, t):
    x_t, v = _arc(x, noise, t)
    return x_t, -v


def _squares(x, t, points):
    return (x[:, None] - t * points).square().sum(2)


def _field(x, t, points, logits=None, weight=None):
    if weight is None:
        logits = -_squares(x, t, points) / (2 * (1 - t) ** 2) if logits is None else logits
        weight = logits.softmax(1)
    return (weight @ points - x) / (1 - t)


def _nearest(x, t, points):
    return (points[_squares(x, t, points).argmin(1)] - x) / (1 - t)


def _to_points(x, t, points):
    return _field(x, t, points, -(x[:, None] - points).square().sum(2) / (2 * (1 - t) ** 2))


def _bare_exp(x, t, points):
    return _field(x, t, points, weight=(-_squares(x, t, points) / (2 * (1 - t) ** 2)).exp())


def _over_places(x, t, points):
    return _field(x, t, points, weight=(-_squares(x, t, points) / (2 * (1 - t) ** 2)).softmax(0))


def _reversed_field(x, t, points):
    return -_field(x, 1 - t, points)


def _mse(f, x, noise, t, told=None, target=None):
    w = _wide(t)
    said = f(w * x + (1 - w) * noise, t if told is None else told)
    return (said - (x - noise if target is None else target)).square()


def _one_time(f, x, noise, t):
    return _mse(f, x, noise, t[:1].expand_as(t)).mean()


def _no_view(f, x, noise, t):
    return _mse(f, x, noise, t, told=_wide(t)).mean()


def _mean_first(f, x, noise, t):
    w = _wide(t)
    return (f(w * x + (1 - w) * noise, t) - (x - noise)).mean() ** 2


def _absolute(f, x, noise, t):
    return _mse(f, x, noise, t).sqrt().mean()


def _s(b, t):
    return t**2 * b**2 + (1 - t) ** 2


def _parts(x):
    steps = len(x) - 1
    return (x[1:] - x[:-1]) * steps, x[-1] - x[0]


def _bend(velocity, line):
    return (velocity - line).square().sum(2).mean() / line.square().sum(1).mean()


def _bend_at(x, k):
    velocity, line = _parts(x)
    return _bend(velocity[k][None], line)


def _steps_only(x):
    return _bend(x[1:] - x[:-1], x[-1] - x[0])


def _one_too_many(x):
    return _bend((x[1:] - x[:-1]) * len(x), x[-1] - x[0])


def _not_relative(x):
    velocity, line = _parts(x)
    return (velocity - line).square().sum(2).mean()


def _mean_of_ratios(x):
    velocity, line = _parts(x)
    return ((velocity - line).square().sum(2).mean(0) / line.square().sum(1)).mean()


def _lengths(x):
    return (x[1:] - x[:-1]).norm(dim=2).sum() / (x[-1] - x[0]).norm(dim=1).sum() - 1


def _places(x):
    line = x[-1] - x[0]
    chord = x[0] + torch.linspace(0, 1, len(x)).view(-1, 1, 1) * line
    return (x - chord).square().sum(2).mean() / line.square().sum(1).mean()


def _order(noise, x):
    squares = torch.cdist(noise.flatten(1), x.flatten(1)).square()
    return linear_sum_assignment(squares)[1]


def _left_behind(noise, x, labels):
    return noise, x[_order(noise, x)], labels


def _noise_moved(noise, x, labels):
    return noise[_order(noise, x)], x, labels


def _only_labels(noise, x, labels):
    return noise, x, labels[_order(noise, x)]


def _inverse(noise, x, labels):
    order = torch.from_numpy(_order(noise, x))
    return noise, x[order], labels[order.argsort()]


def _all_moved(noise, x, labels):
    order = _order(noise, x)
    return noise[order], x[order], labels[order]


def _greedy(noise, x, labels):
    near = torch.cdist(noise.flatten(1), x.flatten(1)).argmin(1)
    return noise, x[near], labels[near]


def _longest(noise, x, labels):
    order = linear_sum_assignment(torch.cdist(noise.flatten(1), x.flatten(1)).square(), maximize=True)[1]
    return noise, x[order], labels[order]


def _try(*, side=2, identity=True, noise=True, times=True, apart=True):
    """A test that leaves out some of its parts."""

    def test(examples):
        x = torch.randn(1000, 1, side, side, generator=torch.Generator().manual_seed(0))
        x_t, t, target = examples(x, torch.Generator().manual_seed(1))
        assert not identity or torch.allclose(x_t + (1 - _wide(t)) * target, x, atol=1e-4)
        assert not noise or 0.9 < (x - target).std() < 1.1
        assert not apart or not torch.allclose((x - target)[0], (x - target)[1])
        assert not times or (t.min() < 0.1 and t.max() > 0.9 and t.std() > 0.2)

    return test


def _only_shapes(examples):
    x = torch.randn(4, 1, 2, 2)
    x_t, t, target = examples(x, torch.Generator().manual_seed(1))
    assert x_t.shape == target.shape == x.shape and t.shape == (4,)


def _own_draws(examples):
    x = torch.randn(4, 1, 2, 2)
    _, t, _ = examples(x, torch.Generator().manual_seed(1))
    assert torch.equal(t, torch.rand(4, generator=torch.Generator().manual_seed(1)))


def _exact_mean(examples):
    _, t, _ = examples(torch.randn(50, 1, 2, 2), torch.Generator().manual_seed(1))
    assert abs(t.mean() - 0.5) < 1e-3


def _spread(examples):
    _, t, _ = examples(torch.randn(1000, 1, 2, 2), torch.Generator().manual_seed(1))
    assert t.unique().numel() > 500


def _reaches(examples):
    """Over many batches every time occurs; within one batch there is but one."""
    x = torch.randn(4, 1, 2, 2)
    seen = torch.cat([examples(x, torch.Generator().manual_seed(k))[1] for k in range(200)])
    assert seen.max() > 0.9 and seen.min() < 0.1


MISTAKES = {
    "5.1": {
        "The chain rule": lambda x, noise, t: _arc(x, noise, t, factor=1),
        "minus a sine: the noise fades": lambda x, noise, t: _arc(x, noise, t, sign=1),
        "the velocity of the straight path": _straight_velocity,
        "points from data to noise": _backwards,
        "the shares once more": _shares_again,
        "The shares are swapped": lambda x, noise, t: _arc(noise, x, t),
        "One time was used for the whole batch": lambda x, noise, t: _arc(x, noise, t[:1].expand_as(t)),
        "That is the straight path": _straight,
        "runs to half a circle": lambda x, noise, t: _arc(x, noise, t, turn=math.pi, factor=math.pi),
        "in degrees": lambda x, noise, t: _arc(x, noise, t, turn=90),
        "Return both, x_t and v": lambda x, noise, t: _arc(x, noise, t)[1],
        "view t as (batch, 1, 1, 1)": lambda x, noise, t: (
            (HALF * t).sin() * x + (HALF * t).cos() * noise,
            x,
        ),
    },
    "5.2": {
        "the same weight": lambda x, t, p: _field(x, t, p, 0 * _squares(x, t, p)),
        "Only the most probable point": _nearest,
        "to the points themselves": _to_points,
        "divide by 2 (1 - t)^2": lambda x, t, p: _field(x, t, p, -_squares(x, t, p) / (2 * (1 - t))),
        "The 2 of the normal density": lambda x, t, p: _field(x, t, p, -_squares(x, t, p) / (1 - t) ** 2),
        "was taken as 1": lambda x, t, p: _field(x, t, p, -_squares(x, t, p) / 2),
        "The distance must be squared": lambda x, t, p: _field(
            x, t, p, -_squares(x, t, p).sqrt() / (2 * (1 - t) ** 2)
        ),
        "far points got the large weights": lambda x, t, p: _field(
            x, t, p, _squares(x, t, p) / (2 * (1 - t) ** 2)
        ),
        "do not sum to 1": _bare_exp,
        "The softmax runs over the places": _over_places,
        "the way that is left": lambda x, t, p: _field(x, t, p) * (1 - t),
        "That is the mean of the points": lambda x, t, p: _field(x, t, p) * (1 - t) + x,
        "from the data to x": lambda x, t, p: -_field(x, t, p),
        "Time is reversed": _reversed_field,
    },
    "5.3": {
        "One time was used for the whole batch": _one_time,
        "Time is reversed in the mixture": lambda f, x, noise, t: _mse(f, x, noise, 1 - t, told=t).mean(),
        "f was told 1 - t": lambda f, x, noise, t: _mse(f, x, noise, t, told=1 - t).mean(),
        "The sign of the target is wrong": lambda f, x, noise, t: _mse(
            f, x, noise, t, target=noise - x
        ).mean(),
        "That target is the image": lambda f, x, noise, t: _mse(f, x, noise, t, target=x).mean(),
        "That target is the noise": lambda f, x, noise, t: _mse(f, x, noise, t, target=noise).mean(),
        "it sees the mixture": lambda f, x, noise, t: (f(x, t) - (x - noise)).square().mean(),
        "The target was mixed with t": lambda f, x, noise, t: _mse(
            f, x, noise, t, target=_wide(t) * (x - noise)
        ).mean(),
        "That is the sum": lambda f, x, noise, t: _mse(f, x, noise, t).sum(),
        "a sum over the pixels": lambda f, x, noise, t: _mse(f, x, noise, t).flatten(1).sum(1).mean(),
        "the absolute error": _absolute,
        "A root was taken": lambda f, x, noise, t: _mse(f, x, noise, t).mean().sqrt(),
        "The mean was taken before the square": _mean_first,
        "f wants the times as they came": _no_view,
        "carries no gradient": lambda f, x, noise, t: _mse(f, x, noise, t).mean().item(),
    },
    "5.4": {
        "the spread over all lines": lambda b, t: b**2 + 1,
        "The floor is not zero": lambda b, t: 0.0,
        "the standard deviation; the loss is squared": lambda b, t: (b**2 / _s(b, t)) ** 0.5,
        "Time is reversed": lambda b, t: b**2 / _s(b, 1 - t),
        "its square is the variance": lambda b, t: b / (t**2 * b + (1 - t) ** 2),
        "The shares must be squared": lambda b, t: b**2 / (t * b**2 + 1 - t),
        "the variance of x_1 given x_t": lambda b, t: b**2 * (1 - t) ** 2 / _s(b, t),
        "has (1 - t)^2 below": lambda b, t: b**2 * (1 - t) / _s(b, t),
        "That is the variance of x_t": _s,
        "how much of the spread is explained": lambda b, t: b**2 + 1 - b**2 / _s(b, t),
    },
    "5.5": {
        "Only the first step": lambda x: _bend_at(x, 0),
        "Only the last step": lambda x: _bend_at(x, -1),
        "steps, not velocities": _steps_only,
        "n + 1 places have n steps": _one_too_many,
        "not divided by the way": _not_relative,
        "A root was taken": lambda x: _bend(*_parts(x)).sqrt(),
        "the mean of each path's ratio": _mean_of_ratios,
        "That compares lengths": _lengths,
        "how far the places are from the line": _places,
        "a sum over the steps": lambda x: _bend(*_parts(x)) * (len(x) - 1),
        "The line was divided by the steps": lambda x: (
            _bend(_parts(x)[0], _parts(x)[1] / (len(x) - 1)) / (len(x) - 1) ** 2
        ),
        "not by that of the velocities": lambda x: _not_relative(x) / _parts(x)[0].square().sum(2).mean(),
    },
    "5.6": {
        "The labels stayed behind": _left_behind,
        "The labels went the other way": _inverse,
        "The order was put to the noise": _noise_moved,
        "only the labels were moved": _only_labels,
        "nothing was paired anew": _all_moved,
        "These are the longest lines": _longest,
        "Each noise took its nearest image": _greedy,
        "Return three things": lambda noise, x, labels: (noise, x[_order(noise, x)]),
    },
    "5.7": {
        "accepts a function in which": _only_shapes,
        "one noise is drawn for the whole batch": _try(side=16, apart=False),
        "standard deviation of one half": _try(noise=False),
        "no time is later than one half": lambda examples: (
            _try(times=False)(examples),
            _spread(examples),
        ),
        "one time is drawn": lambda examples: (_try(times=False)(examples), _reaches(examples)),
        "refuses the right function": _own_draws,
        "Your test refuses": _exact_mean,
    },
}
