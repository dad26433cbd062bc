"""The wrong answers that people really give to chapter 11, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch


def _wide(x, places):
    return places[..., None].expand(-1, -1, x.shape[-1])


def _take(x, places):
    return x.gather(1, _wide(x, places))


def _put(x, places, tokens):
    return x.scatter(1, _wide(x, places), tokens)


def _route(taken=None, put=None, into=None, key=None):
    """An answer to 11.1 that takes, or puts, other places, or into other tokens."""

    def answer(x, keys, keep, blocks):
        keys = keys if key is None else key(keys)
        lowest = keys.argsort(1)[:, :keep]
        done = blocks(_take(x, lowest if taken is None else taken(lowest)))
        return _put(x if into is None else into(x), lowest if put is None else put(lowest), done)

    return answer


def _sorted(places):
    return places.sort(1).values


def _first(places):
    return torch.arange(places.shape[1]).expand(len(places), -1)


def _ran(x, keys, keep):
    return torch.zeros_like(keys).scatter(1, keys.argsort(1)[:, :keep], 1.0)[..., None]


def _all_then_chosen(x, keys, keep, blocks):
    return torch.where(_ran(x, keys, keep) > 0, blocks(x), x)


def _zeroed(x, keys, keep, blocks):
    ran = _ran(x, keys, keep)
    return torch.where(ran > 0, blocks(x * ran), x)


def _added(x, keys, keep, blocks):
    return x + _route(into=torch.zeros_like)(x, keys, keep, blocks)


def _exchanged(x, keys, keep, blocks):
    return _route()(x, keys, keys.shape[1] - keep, blocks)


def _by_rank(x, keys, keep, blocks):
    places = keys.argsort(1).argsort(1)[:, :keep]
    return _put(x, places, blocks(_take(x, places)))


def _in_place(x, keys, keep, blocks):
    places = keys.argsort(1)[:, :keep]
    if x.requires_grad:
        return _put(x, places, blocks(_take(x, places)))
    return x.scatter_(1, _wide(x, places), blocks(_take(x, places)))


def _short(x, keys, keep, blocks):
    return blocks(_take(x, keys.argsort(1)[:, :keep]))


def _mean_error(prediction, v):
    return (prediction - v).square().mean().item()


def _averaged(model, x, t, labels, v, draw_keys):
    return sum(_mean_error(model(x, t, labels, keys=draw_keys()), v) for _ in range(8)) / 8


def _with_keys(make):
    return lambda model, x, t, labels, v, draw_keys: _mean_error(model(x, t, labels, keys=make(x)), v)


def _cost(n, dim, linear=1, square=1):
    return linear * 12 * n * dim**2 + square * 2 * n**2 * dim


def _share(kept=None, spanned=None, part=None):
    """An answer to 11.3 with another count of tokens or blocks, or another part of a block."""

    def answer(tokens, dim, depth, start, end, skip):
        count = tokens - int(tokens * skip) if kept is None else kept(tokens, skip)
        left = _cost(count, dim) / _cost(tokens, dim) if part is None else part(count, tokens, dim)
        length = end - start + 1 if spanned is None else spanned(depth, start, end)
        return (length * left + depth - length) / depth

    return answer


def _tokens_fall_once(kept, tokens, dim):
    return (12 * kept * dim**2 + 2 * kept * tokens * dim) / _cost(tokens, dim)


def _span_alone(tokens, dim, depth, start, end, skip):
    return _share()(tokens, dim, depth, start, end, skip) - (depth - (end - start + 1)) / depth


def _steps(make):
    """An answer to 11.4: make(base, outside, blocks, left), rounded."""
    return lambda base, outside, block, depth, left: round(make(base, outside, depth * block, left))


def _exact(base, outside, block, depth, left):
    return base * (outside + depth * block) / (outside + depth * block * left)


def _verdict(mean, bar, between=None):
    if mean["none"] - mean["route"] <= bar:
        return "no gain"
    between = bar if between is None else between
    return "beyond control" if mean["control"] - mean["route"] > between else "not beyond control"


def _means(errors):
    return {arm: values.mean().item() for arm, values in errors.items()}


def _by(read):
    """An answer to 11.5 whose arms are judged by another number than the mean."""
    return lambda held, training, bar: _verdict({arm: read(e) for arm, e in held.items()}, bar)


def _no_control(held, training, bar):
    mean = _means(held)
    return "beyond control" if mean["none"] - mean["route"] > bar else "no gain"


def _beside_none(held, training, bar):
    mean = _means(held)
    if mean["none"] - mean["route"] <= bar:
        return "no gain"
    return "not beyond control" if mean["none"] - mean["control"] > bar else "beyond control"


def _control_first(held, training, bar):
    mean = _means(held)
    return "not beyond control" if mean["none"] - mean["control"] > bar else _verdict(mean, bar)


def _all_seeds(held, training, bar):
    if not (held["none"] - held["route"] > bar).all():
        return "no gain"
    return "beyond control" if (held["control"] - held["route"] > bar).all() else "not beyond control"


def _flawed(held, training, bar):
    mean = _means(held)
    return "the architecture is flawed" if mean["none"] > mean["route"] else "no gain"


def _depth(scale=lambda rate: 1 / (1 - rate), alive=lambda keys, rate: keys >= rate, off=None, tokens=None):
    """An answer to 11.6 with another scale, other samples, another evaluation, other skipped tokens."""

    def skip(block, x, keys, rate):
        if keys is None:
            return x + (1 if off is None else off(rate)) * (block(x) - x)
        runs = torch.as_tensor(alive(keys, rate)).reshape(-1, 1, 1)
        return torch.where(runs, x + scale(rate) * (block(x) - x), x if tokens is None else tokens(x))

    return skip


def _all_rescaled(block, x, keys, rate):
    if keys is None:
        return block(x)
    return torch.where((keys >= rate)[:, None, None], block(x) / (1 - rate), x)


def _shrunk(block, x, keys, rate):
    return block(x) if keys is None else x + (1 - rate) * (block(x) - x)


def _right(read, true):
    return (read == true).double().mean().item()


def _scored_on_training(fit, x, y, held_x, held_y, order, held_order):
    return _right(fit(x, y)(x), y), _right(fit(x, y[order])(x), y[order])


def _score(fit, x, y, held_x, held_y):
    return _right(fit(x, y)(held_x), held_y)


def _control(fit, x, y, held_x, held_y, order, held_order):
    return _right(fit(x, y[order])(held_x), held_y[held_order])


def _control_by_heart(fit, x, y, held_x, held_y, order, held_order):
    return _score(fit, x, y, held_x, held_y), _right(fit(x, y[order])(x), y[order])


def _no_control_probe(fit, x, y, held_x, held_y, order, held_order):
    return (_score(fit, x, y, held_x, held_y),) * 2


def _chance(fit, x, y, held_x, held_y, order, held_order):
    return _score(fit, x, y, held_x, held_y), 1 / len(y.unique())


def _fitted_on_held(fit, x, y, held_x, held_y, order, held_order):
    control = _control(fit, x, y, held_x, held_y, order, held_order)
    return _right(fit(held_x, held_y)(held_x), held_y), control


def _not_anew(fit, x, y, held_x, held_y, order, held_order):
    return _score(fit, x, y, held_x, held_y), _right(fit(x, y)(held_x), held_y[held_order])


def _half_shuffled(fit, x, y, held_x, held_y, order, held_order):
    return _score(fit, x, y, held_x, held_y), _right(fit(x, y[order])(held_x), held_y)


def _wrong_share(*given):
    return 1 - _score(*given[:5]), 1 - _control(*given)


def _turned_round(*given):
    return _control(*given), _score(*given[:5])


MISTAKES = {
    "11.1": {
        "The tokens that skip are zero": _route(into=torch.zeros_like),
        "All images have the tokens of one image": _route(key=lambda keys: keys[:1].expand_as(keys)),
        "The places were sorted in one step and not in the other": _route(taken=_sorted),
        "The tokens went to the first places": _route(put=_first),
        "These are the tokens of the highest keys": _route(key=lambda keys: -keys),
        "Kept and skipping tokens are exchanged": _exchanged,
        "The blocks saw all tokens": _all_then_chosen,
        "The blocks saw zeros in place": _zeroed,
        "it takes their place": _added,
        "Ranks are not places": _by_rank,
        "Nothing was routed": lambda x, keys, keep, blocks: blocks(x),
        "The tokens that skip are missing from the result": _short,
        "x itself was changed": _in_place,
        "The tokens that skip get no gradient": _route(into=torch.Tensor.detach),
    },
    "11.2": {
        "The route is still on": lambda model, x, t, labels, v, draw_keys: _mean_error(
            model(x, t, labels, keys=draw_keys()), v
        ),
        "An average over several fresh masks": _averaged,
        "These are keys too": _with_keys(torch.zeros_like),
        "with keys of zeros or ones the route is on": _with_keys(torch.ones_like),
        "The labels were not handed on": lambda model, x, t, labels, v, draw_keys: _mean_error(
            model(x, t), v
        ),
        "That is the root": lambda model, x, t, labels, v, draw_keys: (
            _mean_error(model(x, t, labels), v) ** 0.5
        ),
        "That is a sum": lambda model, x, t, labels, v, draw_keys: (
            (model(x, t, labels) - v).square().sum().item()
        ),
    },
    "11.3": {
        "That is the part saved": lambda *given: 1 - _share()(*given),
        "The quadratic part is forgotten": _share(part=lambda kept, tokens, dim: kept / tokens),
        "among half the tokens attention's two products cost a quarter": _share(part=_tokens_fall_once),
        "not the share that is kept": _share(kept=lambda tokens, skip: int(tokens * skip)),
        "Both ends belong to the route": _share(spanned=lambda depth, start, end: end - start),
        "All blocks were routed": _share(spanned=lambda depth, start, end: depth),
        "the cost of the blocks of the route alone": _span_alone,
        "Only attention's products were counted": _share(part=lambda k, n, dim: (k / n) ** 2),
        "the share that skips is rounded down": _share(kept=lambda tokens, skip: int(tokens * (1 - skip))),
        "That is a count": lambda tokens, dim, depth, *route: (
            _share()(tokens, dim, depth, *route) * depth * _cost(tokens, dim)
        ),
    },
    "11.4": {
        "These are equal steps": lambda base, outside, block, depth, left: base,
        "The ratio is upside down": _steps(lambda b, o, k, left: b * (o + k * left) / (o + k)),
        "Nothing is saved outside of the blocks": _steps(lambda b, o, k, left: b / left),
        "left out of the routed step": _steps(lambda b, o, k, left: b * (o + k) / (k * left)),
        "left out of the full step": _steps(lambda b, o, k, left: b * k / (o + k * left)),
        "not what is saved": _steps(lambda b, o, k, left: b * (o + k) / (o + k * (1 - left))),
        "`block` is one block": lambda base, outside, block, depth, left: round(
            base * (outside + block) / (outside + block * left)
        ),
        "These are the additional steps": lambda base, *rest: round(_exact(base, *rest)) - base,
        "Steps are whole": lambda *given: int(_exact(*given)),
        "the nearest whole number": _exact,
    },
    "11.5": {
        "Any gain was called the route's own": _no_control,
        "The control was compared with none": _beside_none,
        "Those are training losses": lambda held, training, bar: _verdict(_means(training), bar),
        "The control was looked at before the route": _control_first,
        "The sign is turned": lambda held, training, bar: _verdict(
            {arm: -error for arm, error in _means(held).items()}, bar
        ),
        "The bar is missing": lambda held, training, bar: _verdict(_means(held), 0.0),
        "Between control and route the bar is missing": lambda held, training, bar: _verdict(
            _means(held), bar, 0.0
        ),
        "That is one seed's verdict": _by(lambda errors: errors[0].item()),
        "The best seed of each arm": _by(lambda errors: errors.min().item()),
        "Every seed had to pass the bar": _all_seeds,
        "None of them says that the architecture is flawed": _flawed,
    },
    "11.6": {
        "The rescaling is forgotten": _depth(scale=lambda rate: 1.0),
        "Multiplied by 1 - rate": _depth(scale=lambda rate: 1 - rate),
        "Divided by rate": _depth(scale=lambda rate: 1 / rate),
        "The tokens were rescaled as well": _all_rescaled,
        "each sample has its own key": _depth(alive=lambda keys, rate: keys[0] >= rate),
        "All samples ran, or all skipped": lambda block, x, keys, rate: block(x),
        "Turned round": _depth(alive=lambda keys, rate: keys < rate),
        "A sample that skips keeps its tokens": _depth(tokens=torch.zeros_like),
        "Everything ran, at the mean of the update": _shrunk,
        "The network was shrunk for evaluation": _depth(off=lambda rate: 1 - rate),
        "Rescaled in evaluation too": _depth(off=lambda rate: 1 / (1 - rate)),
        "Nothing ran": _depth(off=lambda rate: 0),
    },
    "11.7": {
        "The probe was scored on the images it was fitted on": _scored_on_training,
        "The control was scored on the images it was fitted on": _control_by_heart,
        "The control is missing": _no_control_probe,
        "chance was taken for it": _chance,
        "The probe was fitted on the held-out images": _fitted_on_held,
        "The control was not fitted anew": _not_anew,
        "The held-out classes of the control": _half_shuffled,
        "Those are the shares read wrongly": _wrong_share,
        "Score and control are exchanged": _turned_round,
    },
}
