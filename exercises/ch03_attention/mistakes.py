"""The wrong answers that people really give to chapter 3, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch
import torch.nn.functional as F


def _scores(q, k):
    return q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5


def _over_queries(q, k, v):
    return torch.einsum("bhij,bhjd->bhid", _scores(q, k).softmax(-2), v)


def _whole_width(q, k, v):
    dim = q.shape[1] * q.shape[-1]
    return (q @ k.mT / dim**0.5).softmax(-1) @ v


def _no_scale(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, scale=1.0)


def _no_root(q, k, v):
    return (q @ k.mT / q.shape[-1]).softmax(-1) @ v


def _transposed(q, k, v):
    return torch.einsum("bhji,bhjd->bhid", _scores(q, k).softmax(-1), v)


def _causal(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def _root_of_tokens(q, k, v):
    return (q @ k.mT / q.shape[-2] ** 0.5).softmax(-1) @ v


def _reshaped(x, heads):
    batch, tokens, dim = x.shape
    return x.reshape(batch, heads, tokens, dim // heads)


def _interleaved(x, heads):
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


def _not_moved(x, heads):
    return x.unflatten(-1, (heads, -1))


def _exchanged(x, heads):
    return x.unflatten(-1, (-1, heads)).transpose(1, 2)


def _rms(y, axis=-1):
    return y / (y.square().mean(axis, keepdim=True) + 1e-6).sqrt()


def _layer_norm(q, k):
    q, k = (F.layer_norm(y, y.shape[-1:], eps=1e-6) for y in (q, k))
    return _scores(q, k)


def _always(q, k, v, p, training):
    return F.dropout(_scores(q, k).softmax(-1), p) @ v


def _fused_always(q, k, v, p, training):
    return F.scaled_dot_product_attention(q, k, v, dropout_p=p)


def _output_dropped(q, k, v, p, training):
    return F.dropout(_scores(q, k).softmax(-1) @ v, p, training)


def _values_dropped(q, k, v, p, training):
    return _scores(q, k).softmax(-1) @ F.dropout(v, p, training)


def _never(q, k, v, p, training):
    return F.dropout(_scores(q, k).softmax(-1), p, training=False) @ v


def _inverted(q, k, v, p, training):
    return F.dropout(_scores(q, k).softmax(-1), p, training=not training) @ v


def _not_rescaled(q, k, v, p, training):
    a = _scores(q, k).softmax(-1)
    return (a * (torch.rand_like(a) >= p) if training else a) @ v


def _scaled_in_evaluation(q, k, v, p, training):
    a = _scores(q, k).softmax(-1)
    return (a * (torch.rand_like(a) >= p) if training else a * (1 - p)) @ v


def _grid(rows, columns):
    return torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).float()


def _mean(a, table):
    return (a * table).sum(-1).mean((0, 2))


def _along_the_sequence(a, rows, columns):
    n = torch.arange(rows * columns)
    return _mean(a, (n[:, None] - n).abs())


def _swapped(a, rows, columns):
    place = _grid(columns, rows)
    return _mean(a, torch.cdist(place, place))


def _city_blocks(a, rows, columns):
    place = _grid(rows, columns)
    return _mean(a, torch.cdist(place, place, p=1))


def _squared(a, rows, columns):
    place = _grid(rows, columns)
    return _mean(a, torch.cdist(place, place).square())


def _largest_only(a, rows, columns):
    place = _grid(rows, columns)
    top = a.argmax(-1)  # (b, h, n)
    return (place[top] - place).norm(dim=-1).mean((0, 2))


def _mean_of_all(a, rows, columns):
    place = _grid(rows, columns)
    return (a * torch.cdist(place, place)).mean((0, 2, 3))


def _after(q, k, v, mask):
    return (_scores(q, k).softmax(-1) * mask[:, None, None]) @ v


def _score_zero(q, k, v, mask):
    return (_scores(q, k) * mask[:, None, None]).softmax(-1) @ v


def _mask_inverted(q, k, v, mask):
    return _scores(q, k).masked_fill(mask[:, None, None], float("-inf")).softmax(-1) @ v


def _queries_masked(q, k, v, mask):
    return _scores(q, k).masked_fill(~mask[:, None, :, None], float("-inf")).softmax(-1) @ v


def _mask_as_it_is(q, k, v, mask):
    return _scores(q, k).masked_fill(~mask, float("-inf")).softmax(-1) @ v


def _mask_as_index(q, k, v, mask):
    scores = _scores(q, k)
    scores[~mask] = float("-inf")
    return scores.softmax(-1) @ v


def _mask_with_one_axis(q, k, v, mask):
    return _scores(q, k).masked_fill(~mask[:, None], float("-inf")).softmax(-1) @ v


def _values_masked(q, k, v, mask):
    return _scores(q, k).softmax(-1) @ (v * mask[:, None, :, None])


MISTAKES = {
    "3.1": {
        "The softmax runs over the tokens that ask": _over_queries,
        "the root of the whole width": _whole_width,
        "The scale is missing": _no_scale,
        "You divided by head_dim": _no_root,
        "The map is transposed": _transposed,
        "You masked later tokens": _causal,
        "the root of the number of tokens": _root_of_tokens,
    },
    "3.2": {
        "A reshape alone mixes tokens": _reshaped,
        "The heads are interleaved": _interleaved,
        "The heads stand behind the tokens": _not_moved,
        "heads and head_dim are exchanged": _exchanged,
    },
    "3.3": {
        "You normalised over the tokens": lambda q, k: _scores(_rms(q, -2), _rms(k, -2)),
        "Only the queries are normalised": lambda q, k: _scores(_rms(q), k),
        "Only the keys are normalised": lambda q, k: _scores(q, _rms(k)),
        "brings the *length* to 1": lambda q, k: _scores(F.normalize(q, dim=-1), F.normalize(k, dim=-1)),
        "You made length 1": lambda q, k: F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT,
        "You normalised the scores": lambda q, k: _rms(_scores(q, k)),
        "normalise queries and keys, before they meet": lambda q, k: F.normalize(q @ k.mT, dim=-1),
        "You normalised across heads": lambda q, k: _scores(_rms(q, 1), _rms(k, 1)),
        "each head is normalised by itself": lambda q, k: _scores(_rms(q, (1, 3)), _rms(k, (1, 3))),
        "that is LayerNorm": _layer_norm,
        "The root of head_dim is missing": lambda q, k: _rms(q) @ _rms(k).mT,
    },
    "3.4": {
        "Dropout is active in evaluation": _always,
        "Dropout is active in evaluation: with training=False": _fused_always,
        "In training 0% of the weights are dropped": _never,
        "you dropped the output": _output_dropped,
        "You dropped values": _values_dropped,
        "The flag is inverted": _inverted,
        "must be divided by 1 - p": _not_rescaled,
        "In evaluation the map must be the plain one": _scaled_in_evaluation,
    },
    "3.5": {
        "A layer has a whole number of hidden units": lambda dim, ratio: (
            2 * ratio * dim / 3,
            2 * dim * ratio * dim,
            3 * dim * (2 * ratio * dim / 3),
        ),
        "hidden units: round down": lambda dim, ratio: (
            ratio * dim * (2 / 3),
            2 * dim * ratio * dim,
            3 * dim * (2 * ratio * dim // 3),
        ),
        "the MLP's own hidden width": lambda dim, ratio: (
            ratio * dim,
            2 * dim * ratio * dim,
            3 * dim * ratio * dim,
        ),
        "You counted two matrices for SwiGLU": lambda dim, ratio: (
            2 * ratio * dim // 3,
            2 * dim * ratio * dim,
            2 * dim * (2 * ratio * dim // 3),
        ),
        "both would be equal at the full width": lambda dim, ratio: (
            ratio * dim,
            2 * dim * ratio * dim,
            2 * dim * ratio * dim,
        ),
        "Round down": lambda dim, ratio: (
            round(2 * ratio * dim / 3),
            2 * dim * ratio * dim,
            3 * dim * round(2 * ratio * dim / 3),
        ),
        "whatever the ratio": lambda dim, ratio: (
            8 * dim // 3,
            2 * dim * ratio * dim,
            3 * dim * (8 * dim // 3),
        ),
    },
    "3.6": {
        "You measured along the sequence": _along_the_sequence,
        "Rows and columns are exchanged": _swapped,
        "You counted rows plus columns": _city_blocks,
        "the mean *squared* distance": _squared,
        "Only the token with the most attention": _largest_only,
        "sum, do not divide": _mean_of_all,
    },
    "3.7": {
        "The mask came after the softmax": _after,
        "A score of 0 is not -inf": _score_zero,
        "The mask is inverted": _mask_inverted,
        "You masked the tokens that ask": _queries_masked,
        "on weights or on values": _values_masked,
        "where must the new axes stand": _mask_as_it_is,
        "mask is (batch, tokens)": _mask_as_index,
        "a wrong place makes no error": _mask_with_one_axis,
    },
}
