"""The wrong answers that people really give to chapter 4, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch
import torch.nn.functional as F
from torch import nn

from minidit.types import Condition


def _norm(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def _spread(*parts):
    return (part.unsqueeze(1) for part in parts)


def _no_one(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + g * f(_norm(x) * s + b)


def _gate_on_all(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return g * (x + f(_norm(x) * (1 + s) + b))


def _swapped(x, f, shift, scale, gate):
    return _right(x, f, scale, shift, gate)


def _right(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + g * f(_norm(x) * (1 + s) + b)


def _gate_plus_one(x, f, shift, scale, gate):
    return _right(x, f, shift, scale, 1 + gate)


def _norm_last(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + g * f(_norm(x * (1 + s) + b))


def _no_norm(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + g * f(x * (1 + s) + b)


def _no_residual(x, f, shift, scale, gate):
    return _right(x, f, shift, scale, gate) - x


def _no_axis(x, f, shift, scale, gate):
    return x + gate * f(_norm(x) * (1 + scale) + shift)


def _norm_of_two_axes(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + g * f(F.layer_norm(x, x.shape[1:], eps=1e-6) * (1 + s) + b)


def _norm_on_the_skip_path(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    x = _norm(x)
    return x + g * f(x * (1 + s) + b)


def _gate_inside(x, f, shift, scale, gate):
    b, s, g = _spread(shift, scale, gate)
    return x + f(g * (_norm(x) * (1 + s) + b))


def _xavier(layer):
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


def _zeros(*layers):
    for layer in layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def _zero_first(model):
    _zeros(*(b.modulation for b in model.blocks), model.final.modulation, model.final.linear)
    model.apply(_xavier)


def _biases_only(model):
    model.apply(_xavier)
    for layer in (*(b.modulation for b in model.blocks), model.final.modulation, model.final.linear):
        nn.init.zeros_(layer.bias)


def _blocks_only(model):
    model.apply(_xavier)
    _zeros(*(b.modulation for b in model.blocks))


def _head_only(model):
    model.apply(_xavier)
    _zeros(*(b.modulation for b in model.blocks), model.final.linear)


def _all_zero(model):
    _zeros(*(layer for layer in model.modules() if isinstance(layer, nn.Linear)))


def _zeros_alone(model):
    _zeros(*(b.modulation for b in model.blocks), model.final.modulation, model.final.linear)


def _weights_alone(model):
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
    for layer in (*(b.modulation for b in model.blocks), model.final.modulation, model.final.linear):
        nn.init.zeros_(layer.weight)


def _linear(dim):
    return 6 * dim * (dim + 1)


def _sizes(model, *words):
    return sum(p.numel() for name, p in model.named_parameters() if all(word in name for word in words))


def _features(t, dim, scale, exponent):
    angles = scale * t[:, None] * 10_000.0**exponent
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def _falling(dim):
    return -torch.arange(dim // 2) / (dim // 2)


def _sines_first(t, dim, scale):
    return _features(t, dim, scale, _falling(dim)).roll(dim // 2, dims=1)


def _alternating(t, dim, scale):
    features = _features(t, dim, scale, _falling(dim))
    return features.unflatten(1, (2, -1)).transpose(1, 2).flatten(1)


def _alternating_sines_first(t, dim, scale):
    return _sines_first(t, dim, scale).unflatten(1, (2, -1)).transpose(1, 2).flatten(1)


def _ddpm_whole(t, dim, scale):
    return _ddpm(t, dim, scale).roll(dim // 2, dims=1)


def _ddpm(t, dim, scale):
    return _features(t, dim, scale, -torch.arange(dim // 2) / (dim // 2 - 1))


def _randomised(model):
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return torch.randn(2, 1, 4, 4), torch.tensor([0.3, 0.7]), torch.tensor([0, 1])


def _differ(a, b):
    return not torch.allclose(a, b, atol=1e-4)


def _fresh(model):
    x, t, labels = torch.randn(2, 1, 4, 4), torch.tensor([0.3, 0.7]), torch.tensor([0, 1])
    assert _differ(model(x, t, labels), model(x, t, labels + 1))
    assert _differ(model(x, t, labels), model(x, 1 - t, labels))


def _never_hidden(model):
    x, t, labels = _randomised(model)
    other = torch.tensor([0, 2])
    assert _differ(model(x, t, labels)[1], model(x, t, other)[1])
    assert _differ(model(x, t, labels)[1], model(x, torch.tensor([0.3, 0.1]), labels)[1])


def _only_the_label(model):
    x, t, labels = _randomised(model)
    other, drop = torch.tensor([0, 2]), torch.tensor([False, True])
    assert _differ(model(x, t, labels)[1], model(x, t, other)[1])
    some, others = (model(x, t, Condition(labels=y, drop=drop))[1] for y in (labels, other))
    assert torch.allclose(some, others, atol=1e-6)


def _against_null(model):
    x, t, labels = _randomised(model)
    drop, other = torch.tensor([False, True]), torch.tensor([0, 2])
    kept = model(x, t, Condition(labels=labels))
    some, others = (model(x, t, Condition(labels=y, drop=drop)) for y in (labels, other))
    assert _differ(kept[1], some[1]) and torch.allclose(some, others, atol=1e-6)
    assert not _differ(kept[0], some[0])
    assert _differ(kept[1], model(x, torch.tensor([0.3, 0.1]), Condition(labels=labels))[1])


def _whole_batch(model):
    x, t, labels = _randomised(model)
    hidden = torch.tensor([True, True])
    assert _differ(model(x, t, labels), model(x, t, labels + 1))
    assert _differ(model(x, t, labels), model(x, 1 - t, labels))
    some, others = (model(x, t, Condition(labels=y, drop=hidden)) for y in (labels, labels + 1))
    assert torch.allclose(some, others, atol=1e-6)


def _only_shapes(model):
    x, t, labels = _randomised(model)
    assert model(x, t, labels).shape == x.shape


MISTAKES = {
    "4.1": {
        "The 1 is missing": _no_one,
        "The gate stands before the whole sum": _gate_on_all,
        "Shift and scale are swapped": _swapped,
        "gate 0 must shut the branch": _gate_plus_one,
        "The modulation stands before the norm": _norm_last,
        "The norm is missing": _no_norm,
        "The branch is not added to x": _no_residual,
        "have no axis for tokens": _no_axis,
        "You normalised over the last two axes": _norm_of_two_axes,
        "the skip path carries x itself": _norm_on_the_skip_path,
        "You put the gate inside f": _gate_inside,
    },
    "4.2": {
        "`apply` came last and overwrote the zeros": _zero_first,
        "or only the bias was set to zero": _biases_only,
        "The final layer was forgotten": _blocks_only,
        "The final layer has a modulation too": _head_only,
        "such a network can never learn": _all_zero,
        "`apply` must reach every layer": _zeros_alone,
        "A bias is not zero": _weights_alone,
    },
    "4.3": {
        "Each block kept a linear layer of its own": lambda dim, depth: (
            depth * (_linear(dim) + 6 * dim) + 2 * dim
        ),
        "You counted one linear layer in each block": lambda dim, depth: depth * _linear(dim),
        "block; the blocks share one": lambda dim, depth: depth * _linear(dim) + 2 * dim,
        "and each adds a table": lambda dim, depth: depth * 6 * dim * dim,
        "The tables of the blocks are missing": lambda dim, depth: _linear(dim) + 2 * dim,
        "The final layer is missing": lambda dim, depth: _linear(dim) + 6 * dim * depth,
        "not a linear layer": lambda dim, depth: _linear(dim) + 6 * dim * depth + 2 * dim * (dim + 1),
        "The bias of the shared layer is missing": lambda dim, depth: 6 * dim * (dim + depth) + 2 * dim,
    },
    "4.4": {
        "The final layer was forgotten": lambda model: _sizes(model, "blocks", "modulation") / _sizes(model),
        "You counted biases only": lambda model: _sizes(model, "modulation", "bias") / _sizes(model),
        "You counted weights without biases": lambda model: (
            _sizes(model, "modulation", "weight") / _sizes(model)
        ),
        "without biases; both are parameters": lambda model: (
            _sizes(model, "modulation", "weight") / (_sizes(model) - _sizes(model, "bias"))
        ),
        "You divided by the blocks alone": lambda model: (
            _sizes(model, "blocks", "modulation") / _sizes(model, "blocks")
        ),
        "6 of 18": lambda model: 6 / 18,
        "6 of 12": lambda model: 6 / 12,
        "final.linear makes pixels": lambda model: (
            (_sizes(model, "modulation") + _sizes(model, "final.linear")) / _sizes(model)
        ),
    },
    "4.5": {
        "You did not scale the time": lambda t, dim, scale: _features(t, dim, 1, _falling(dim)),
        "You put the sines first": _sines_first,
        "You let cosines and sines alternate": _alternating,
        "asked for are all cosines, then all sines": _alternating_sines_first,
        "You divided the exponent by dim / 2 - 1": _ddpm,
        "You wrote DDPM's code": _ddpm_whole,
        "You scaled the time by 1000": lambda t, dim, scale: _features(t, dim, 1000, _falling(dim)),
        "Your frequencies fall too slowly": lambda t, dim, scale: _features(t, dim, scale, _falling(dim) / 2),
        "Your frequencies grow": lambda t, dim, scale: _features(t, dim, scale, -_falling(dim)),
        "The exponent runs to 2": lambda t, dim, scale: _features(t, dim, scale, 2 * _falling(dim)),
    },
    "4.6": {
        "fresh from `build`, which is still deaf": _fresh,
        "a hidden label is heard all the same": _never_hidden,
        "the time is never heard": _only_the_label,
        "every label sounds the same": _against_null,
        "serves the whole batch": _whole_batch,
        "Your test accepts a network in which": _only_shapes,
    },
}
