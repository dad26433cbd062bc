"""The wrong answers that people really give to chapter 1, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch


def _frozen(model):
    return {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}


def _buffers(model):
    return {name: sum(v.numel() for v in part.state_dict().values()) for name, part in model.named_children()}


def _tensors(model):
    return {
        name: len([p for p in part.parameters() if p.requires_grad]) for name, part in model.named_children()
    }


def _total(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _ends_reversed(x, noise, t):
    w = t.view(-1, 1, 1, 1)
    return (1 - w) * x + w * noise, x - noise


def _all_reversed(x, noise, t):
    w = t.view(-1, 1, 1, 1)
    return (1 - w) * x + w * noise, noise - x


def _sign(x, noise, t):
    w = t.view(-1, 1, 1, 1)
    return w * x + (1 - w) * noise, noise - x


def _shared_t(x, noise, t):
    return t[0] * x + (1 - t[0]) * noise, x - noise


def _no_view(x, noise, t):
    return t * x + (1 - t) * noise, x - noise


def _steps(v, x, grid, dt):
    for t in grid:
        x = x + v(x, torch.full((len(x),), t, dtype=x.dtype)) * dt
    return x


def _last_missing(v, noise, steps):
    return _steps(v, noise, [k / steps for k in range(steps - 1)], 1 / steps)


def _downhill(v, noise, steps):
    return _steps(v, noise, [k / steps for k in range(steps, 0, -1)], -1 / steps)


def _late(v, noise, steps):
    return _steps(v, noise, [(k + 1) / steps for k in range(steps)], 1 / steps)


def _one_more(v, noise, steps):
    return _steps(v, noise, [k / steps for k in range(steps + 1)], 1 / steps)


def _forever(v, noise, steps):
    t = 0
    while t != 1:
        t += 0.3
    return noise


def _in_place(labels, keys, p, null):
    labels[keys < p] = null
    return labels


def _doubled(v, x, t, labels, null):
    both = torch.cat([labels, torch.full_like(labels, null)])
    return v(x.repeat(2, 1, 1, 1), t.repeat(2), both).chunk(2)


def _swapped(v, x, t, labels, null, w):
    u, c = _doubled(v, x, t, labels, null)
    return u + w * (c - u)


def _other_convention(v, x, t, labels, null, w):
    c, u = _doubled(v, x, t, labels, null)
    return c + w * (c - u)


def _u_lost(v, x, t, labels, null, w):
    c, u = _doubled(v, x, t, labels, null)
    return w * c - u


def _two_calls(v, x, t, labels, null, w):
    u = v(x, t, torch.full_like(labels, null))
    return u + w * (v(x, t, labels) - u)


def _given(n=2):
    return torch.randn(n, 1, 2, 2), torch.randn(n, 1, 2, 2)


def _only_shapes(interpolate):
    x, noise = _given()
    x_t, v = interpolate(x, noise, torch.rand(2))
    assert x_t.shape == x.shape and v.shape == x.shape


def _only_the_ends(interpolate):
    x, noise = _given()
    x_t, v = interpolate(x, noise, torch.tensor([0.0, 1.0]))
    ends = torch.stack([noise[0], x[1]])
    assert torch.allclose(x_t, ends, atol=1e-5) and torch.allclose(v, x - noise, atol=1e-5)


def _one_image(interpolate):
    x, noise = _given(1)
    x_t, v = interpolate(x, noise, torch.tensor([0.3]))
    assert torch.allclose(x_t, 0.3 * x + 0.7 * noise, atol=1e-5) and torch.allclose(v, x - noise, atol=1e-5)


def _no_velocity(interpolate):
    x, noise = _given()
    t = torch.tensor([0.2, 0.7])
    w = t.view(-1, 1, 1, 1)
    assert torch.allclose(interpolate(x, noise, t)[0], w * x + (1 - w) * noise, atol=1e-5)


def _never_content(interpolate):
    x, noise = _given()
    assert torch.equal(interpolate(x, noise, torch.rand(2))[0], x)


MISTAKES = {
    "1.1": {
        "weights that are frozen": _frozen,
        "buffers": _buffers,
        "counted tensors": _tensors,
        "sum over all parts": _total,
    },
    "1.2": {
        "its variance of 1 is missing": lambda x: x.var(0, unbiased=False).mean().item(),
        "loss of the constant 0": lambda x: (x.square().mean() + 1).item(),
        "one number for all pixels": lambda x: (x.var(unbiased=False) + 1).item(),
        "not n - 1": lambda x: (x.var(0).mean() + 1).item(),
    },
    "1.3": {
        "You reversed time; ": _ends_reversed,
        "You reversed time in both results": _all_reversed,
        "wrong sign": _sign,
        "One t was used for the whole batch": _shared_t,
        "t has shape (batch,)": _no_view,
    },
    "1.4": {
        "The last step is missing": _last_missing,
        "The grid is reversed": _downhill,
        "at the end of each step": _late,
        "one step too many": _one_more,
        "a loop that never ends": _forever,
    },
    "1.5": {
        "The mask is inverted": lambda labels, keys, p, null: torch.where(keys > p, null, labels),
        "One key decided for all labels": lambda labels, keys, p, null: torch.where(
            keys[0] < p, null, labels
        ),
        "Dropped labels became 0": lambda labels, keys, p, null: torch.where(keys < p, 0, labels),
        "your function changed its labels": _in_place,
    },
    "1.6": {
        "The two halves are swapped": _swapped,
        "the other convention": _other_convention,
        "That is w c - u": _u_lost,
        "one call with a batch of 4": _two_calls,
    },
    "1.7": {
        "accepts a function in which": _only_shapes,
        "the path is curved": _only_the_ends,
        "one t serves the whole batch": _one_image,
        "the velocity has the wrong sign": _no_velocity,
        "refuses the right function": _never_content,
    },
}
