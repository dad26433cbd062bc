"""The wrong answers that people really give to chapter 9, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

from statistics import mean

import torch


def _added(block, x):
    return (block(x) - x).norm(dim=-1)


def _even(size):
    return size.std() < 1e-3 * size.mean()


def _by_text(block, x):
    text = block.__doc__.lower()
    if "the sum is normed" in text or "then norms" in text:
        return "post"
    return _tried(block, x)


def _tried(block, x, large=1e6):
    if block(2 * large * x).norm() < 1.5 * block(large * x).norm():
        return "post"
    return "sandwich" if _even(_added(block, x)) else "pre"


def _by_output(block, x):
    out = block(1e6 * x)
    if out.mean(-1).abs().max() < 1e-3 and _even(out.norm(dim=-1)):
        return "post"
    return "sandwich" if _even(_added(block, x)) else "pre"


def _size_one(block, x):
    if block(2e6 * x).norm() < 1.5 * block(1e6 * x).norm():
        return "post"
    size = (block(x) - x).square().mean(-1).sqrt()
    return "sandwich" if (size - 1).abs().max() < 1e-2 else "pre"


def _does_not_grow(block, x):
    if block(2e6 * x).norm() < 1.5 * block(1e6 * x).norm():
        return "post"
    grown = _added(block, 10 * x).mean() / _added(block, x).mean()
    return "sandwich" if grown < 1.01 else "pre"


def _no_sandwich(block, x):
    return "post" if block(2e6 * x).norm() < 1.5 * block(1e6 * x).norm() else "pre"


def _stream(count=lambda blocks: 2 * blocks, power=lambda s: s * s, share=lambda value: value):
    """An answer to 9.2 with another count, another power or another share."""

    def answer(placement, blocks, s):
        n, p = count(blocks), power(s)
        variance = 1.0 if placement == "post" else 1 + n * p
        return variance, share((1 + p) ** -n if placement == "post" else 1 / variance)

    return answer


def _always_pre(placement, blocks, s):
    variance = 1 + 2 * blocks * s * s
    return variance, 1 / variance


def _one_sum(placement, blocks, s):
    variance = 1 + 2 * blocks * s * s
    return 1.0 if placement == "post" else variance, 1 / variance


def _always_post(placement, blocks, s):
    return 1.0, (1 + s * s) ** (-2 * blocks)


def _products(placement, blocks, s):
    grown = (1 + s * s) ** (2 * blocks)
    return 1.0 if placement == "post" else grown, 1 / grown


def _taken_away(placement, blocks, s):
    variance, share = _stream()(placement, blocks, s)
    return variance, (1 - s * s) ** (2 * blocks) if placement == "post" else share


def _unshrunk(placement, blocks, s):
    share = _stream()(placement, blocks, s)[1]
    return 1 + 2 * blocks * s * s, share


def _gradients(blocks, head, x, target, residual=False, rule=torch.mean):
    y = x
    for block in blocks:
        y = y + block(y) if residual else block(y)
    own = [list(block.parameters()) for block in blocks]
    loss = rule((head(y) - target).square())
    found = iter(torch.autograd.grad(loss, [p for part in own for p in part]))
    return [[next(found) for _ in part] for part in own]


def _norms(size, silent=lambda head, own: not head.weight.any(), order=lambda own: own, **loss):
    """An answer to 9.3 with another size of a block's gradients, another sign of silence, another loss."""

    def answer(blocks, head, x, target):
        own = _gradients(blocks, head, x, target, **loss)
        return None if silent(head, own) else [float(size(one)) for one in order(own)]

    return answer


def _two(one):
    return sum(g.square().sum() for g in one).sqrt()


def _below(bound):
    """An answer to 9.3 that takes gradients below `bound` for none."""
    return _norms(_two, silent=lambda head, own: max(map(_two, own)) < bound)


def _backward(blocks, head, x, target):
    if not head.weight.any():
        return None
    y = x
    for block in blocks:
        y = block(y)
    (head(y) - target).square().mean().backward()
    return [_two([p.grad for p in block.parameters()]).item() for block in blocks]


def _adaln(h_rows, s_rows, h_bias, s_bias):
    """An answer to 9.5, of four formulas in upper, lower, h, s, g, b."""

    def answer(gain, shift, weight, bias):
        (upper, lower), (h, s) = weight.chunk(2), bias.chunk(2)
        g, b = gain[:, None], shift[:, None]
        rows = [rule(upper, lower, g, b) for rule in (h_rows, s_rows)]
        ends = [rule(h, s, gain, shift) for rule in (h_bias, s_bias)]
        return torch.cat(rows), torch.cat(ends)

    return answer


H_ROWS, S_ROWS = (lambda u, w, g, b: u + b * w), (lambda u, w, g, b: g * w)
H_BIAS, S_BIAS = (lambda h, s, g, b: h + b * (1 + s)), (lambda h, s, g, b: g * (1 + s) - 1)


def _judged_by_tuning(tuning, deciding, arm, base):
    return _honest()(tuning, tuning, arm, base)


def _last_of_a_tie(tuning, deciding, arm, base):
    def pick(best, tuning, deciding, arm, base):
        rates = sorted({rate for _, rate, _ in tuning}, reverse=True)
        return [
            min(rates, key=lambda r: mean(e for (a, q, _), e in tuning.items() if (a, q) == (name, r)))
            for name in (arm, base)
        ]

    return _honest(pick)(tuning, deciding, arm, base)


def _honest(choose=None, rule=mean, compare=None, edges=None):
    """An answer to 9.6 with another choice of rates, another comparison or another edge."""

    def answer(tuning, deciding, arm, base):
        rates = sorted({rate for _, rate, _ in tuning})

        def best(errors, name):
            return min(
                rates, key=lambda r: rule([e for (a, q, _), e in errors.items() if (a, q) == (name, r)])
            )

        pick = choose or (lambda best, tuning, deciding, arm, base: (best(tuning, arm), best(tuning, base)))
        one, other = pick(best, tuning, deciding, arm, base)
        seeds = sorted({seed for _, _, seed in deciding})
        pairs = [(deciding[arm, one, s], deciding[base, other, s]) for s in seeds]
        compared = compare or (lambda pairs: mean(100 * (a / b - 1) for a, b in pairs))
        found = edges or (lambda rates, one, other: bool({one, other} & {rates[0], rates[-1]}))
        return compared(pairs), found(rates, one, other)

    return answer


def _all_rates(tuning, deciding, arm, base):
    values = [100 * (e / deciding[base, r, s] - 1) for (a, r, s), e in deciding.items() if a == arm]
    return mean(values), False


def _norm(y):
    return (y - y.mean(-1, keepdim=True)) / y.std(-1, keepdim=True)


def _test(x, f, gate, norm=_norm):
    """An answer to 9.7 that compares with the formula, at inputs that see too little."""

    def test(place):
        given = x()
        assert torch.allclose(place(given, f, norm, gate), given + gate * f(norm(given)), atol=1e-4)

    return test


def _tokens():
    return 3 + 2 * torch.randn(2, 5, 8)


def _only_shapes(place):
    assert place(_tokens(), torch.relu, _norm, torch.rand(8)).shape == (2, 5, 8)


def _only_identity(place):
    x = _tokens()
    assert torch.allclose(place(x, torch.relu, _norm, torch.zeros(8)), x)


def _only_doubling(place):
    x = 1e6 * _tokens()
    f, gate = (lambda y: y**2 + 1), torch.rand(8)
    assert place(2 * x, f, _norm, gate).norm() > 1.9 * place(x, f, _norm, gate).norm()


def _wants_post(place):
    x, gate = _tokens(), torch.rand(8)
    assert torch.allclose(place(x, torch.relu, _norm, gate), _norm(x + gate * torch.relu(x)), atol=1e-4)


def _wordless(place):
    raise ValueError


def _returns(place):
    x = _tokens()
    return torch.allclose(place(x, torch.relu, _norm, torch.zeros(8)), x)


def _square(y):
    return y.flip(-1) ** 2 + 1


MISTAKES = {
    "9.1": {
        "You believed the text of the block": _by_text,
        "the branch is larger than the tokens": lambda block, x: _tried(block, x, large=1),
        "the line begins behind it": _by_output,
        "before a gate of 0.1": _size_one,
        "The update has one size for all tokens": _no_sandwich,
        "compare its size from token to token": _does_not_grow,
        "a norm stands on the stream": lambda block, x: "sandwich" if _even(_added(block, x)) else "pre",
    },
    "9.2": {
        "A block has two branches": _stream(count=lambda blocks: blocks),
        "s is an amplitude": _stream(power=lambda s: s),
        "not of the amplitude: you took a root": _stream(share=lambda value: value**0.5),
        "that is a power, not a sum": _one_sum,
        "post-norm divides after every sum": _always_pre,
        "Nothing shrinks this stream": _always_post,
        "variances add, they do not multiply": _products,
        "brings the variance back to 1": _unshrunk,
        "The norm divides by 1 + s^2": _taken_away,
    },
    "9.3": {
        "you answer twice as much": _backward,
        "You summed the norms of weight and bias": _norms(lambda one: sum(g.norm() for g in one)),
        "The root is missing": _norms(lambda one: _two(one) ** 2),
        "The biases are parameters": _norms(lambda one: one[0].norm()),
        "That is a mean over the parameters": _norms(
            lambda one: torch.cat([g.flatten() for g in one]).square().mean().sqrt()
        ),
        "your list begins at the end": _norms(_two, order=lambda own: own[::-1]),
        "That is no reading": _norms(_two, silent=lambda head, own: False),
        "Only a zero head makes none": _below(1e-2),
        "Small gradients are a reading": _below(1e-6),
        "zeros where the answer meets the target": _norms(
            _two, silent=lambda head, own: max(map(_two, own)) == 0
        ),
        "you took their sum": _norms(_two, rule=torch.sum),
        "You added each block's answer": _norms(_two, residual=True),
    },
    "9.4": {
        "you used the weight that had the gain in it already": lambda g, b, w, c: (w * g, c + (w * g) @ b),
        "it goes through W, and becomes a part": lambda g, b, w, c: (w * g, c),
        "The old bias of the layer is lost": lambda g, b, w, c: (w * g, w @ b),
        "The gain is lost": lambda g, b, w, c: (w, c + w @ b),
        "The gain went to the rows of W": lambda g, b, w, c: (w * g[:, None], c + w @ b),
        "not through its transpose": lambda g, b, w, c: (w * g, c + w.T @ b),
        "must go through W before": lambda g, b, w, c: (w * g, c + b),
        "You divided by the gain": lambda g, b, w, c: (w / g, c + w @ b),
        "You took 1 + gain": lambda g, b, w, c: (w * (1 + g), c + w @ b),
    },
    "9.5": {
        "forgotten where s' is made": _adaln(H_ROWS, S_ROWS, H_BIAS, lambda h, s, g, b: g * s),
        "forgotten where h' is made": _adaln(H_ROWS, S_ROWS, lambda h, s, g, b: h + b * s, S_BIAS),
        "it belongs into the weight too": _adaln(
            lambda u, w, g, b: u, S_ROWS, lambda h, s, g, b: h + b, S_BIAS
        ),
        "h' needs the old s": _adaln(
            lambda u, w, g, b: u + b * g * w, S_ROWS, lambda h, s, g, b: h + b * g * (1 + s), S_BIAS
        ),
        "the gain does not touch it": _adaln(
            lambda u, w, g, b: g * u + b * w, S_ROWS, lambda h, s, g, b: g * h + b * (1 + s), S_BIAS
        ),
        "you took them the other way round": _adaln(
            lambda u, w, g, b: g * u,
            lambda u, w, g, b: w + b * u,
            lambda h, s, g, b: g * (1 + h) - 1,
            lambda h, s, g, b: s + b * (1 + h),
        ),
        "forgotten in both": _adaln(H_ROWS, S_ROWS, lambda h, s, g, b: h + b * s, lambda h, s, g, b: g * s),
        "h and s are swapped": _adaln(S_ROWS, H_ROWS, S_BIAS, H_BIAS),
        "Only adaLN's bias was changed": _adaln(lambda u, w, g, b: u, lambda u, w, g, b: w, H_BIAS, S_BIAS),
    },
    "9.6": {
        "You chose the rates on the seeds that decide": _honest(
            lambda best, tuning, deciding, arm, base: (best(deciding, arm), best(deciding, base))
        ),
        "You compared on the tuning seeds": _judged_by_tuning,
        "Two rates tie": _last_of_a_tie,
        "you ran both at one arm's": _honest(
            lambda best, tuning, deciding, arm, base: (best(tuning, base), best(tuning, base))
        ),
        "One lucky tuning seed": _honest(rule=min),
        "you divided two means": _honest(
            compare=lambda pairs: 100 * (sum(a for a, _ in pairs) / sum(b for _, b in pairs) - 1)
        ),
        "In percent of the base's error": _honest(
            compare=lambda pairs: mean(100 * (b / a - 1) for a, b in pairs)
        ),
        "A fraction": _honest(compare=lambda pairs: mean(a / b - 1 for a, b in pairs)),
        "a mean over all rates": _all_rates,
        "An edge is at either end": _honest(edges=lambda rates, one, other: rates[-1] in (one, other)),
    },
    "9.7": {
        "Your test accepts a function": _only_shapes,
        "Your test accepts a function in which": _only_identity,
        "Your test accepts": _only_doubling,
        "accepts a function in which the gate": _test(_tokens, _square, torch.ones(8)),
        "test accepts a function in": _test(lambda: _norm(torch.randn(2, 5, 8)), _square, torch.rand(8)),
        "the gate stands before the branch": _test(_tokens, lambda y: y.cumsum(-1), torch.full((8,), 0.5)),
        "refuses the right function": _wants_post,
        "returned a value": _returns,
        "your test raised ValueError. A test": _wordless,
    },
}
