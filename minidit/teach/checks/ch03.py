"""Checks of chapter 3, the layer itself: attend, split heads, normalise, mend dropout."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect


def draw_qkv(draw: torch.Generator, heads: int, tokens: int, head_dim: int, batch: int = 1) -> list[Tensor]:
    """Queries, keys and values (batch, heads, tokens, head_dim) each; keys large enough for clear maps."""
    return [scale * tensor(batch, heads, tokens, head_dim, draw=draw) for scale in (1, 2, 1)]


def scores_of(q: Tensor, k: Tensor) -> Tensor:
    """The logits of attention: products of queries and keys over the root of head_dim."""
    return q @ k.mT / q.shape[-1] ** 0.5  # (b, h, n, d) (b, h, d, m) -> (b, h, n, m)


@exercise(
    "3.1",
    "attention by einsum",
    hints=(
        "Three lines: scores of all pairs, softmax, mean of the values. Name the axes b, h, i, j, d: i asks, "
        "j is asked.",
        "If every output looks like the mean of all values, or rows of the map do not sum to 1, look at the "
        "axis of the softmax: it runs over the tokens that are asked, the last axis of bhij.",
        'a = (torch.einsum("bhid,bhjd->bhij", q, k) / q.shape[-1] ** 0.5).softmax(-1); '
        'return torch.einsum("bhij,bhjd->bhid", a, v)',
    ),
)
def attention(answer: Callable, draw: torch.Generator) -> None:
    """attend(q, k, v) -> softmax(q k^T / sqrt(head_dim)) v, for (batch, heads, tokens, head_dim)."""
    for heads, tokens, batch in ((2, 3, 1), (3, whole(4, 6, draw), 2)):
        q, k, v = draw_qkv(draw, heads, tokens, 4, batch)
        d, s = q.shape[-1], q @ k.mT
        mistakes = {
            "The softmax runs over the tokens that ask; it must run over those that are asked: each row of "
            "the map sums to 1. (Shuffling the tokens would not show this.)": (s / d**0.5).softmax(-2) @ v,
            "The scale is the root of the whole width; each head has its own length, head_dim.": (
                s / (heads * d) ** 0.5
            ).softmax(-1)
            @ v,
            "The scale is missing: divide the scores by the root of head_dim.": s.softmax(-1) @ v,
            "You divided by head_dim; it is the root of head_dim.": (s / d).softmax(-1) @ v,
            "The map is transposed: the values are summed over the tokens that are asked, j.": (s / d**0.5)
            .softmax(-1)
            .mT
            @ v,
            "You masked later tokens, as language models do; in an image each token may see all others.": (
                (s / d**0.5).masked_fill(torch.ones(tokens, tokens).triu(1).bool(), float("-inf")).softmax(-1)
                @ v
            ),
            "You divided by the root of the number of tokens; asked for is the root of head_dim.": (
                (s / tokens**0.5).softmax(-1) @ v
            ),
        }
        got = answer(q.clone(), k.clone(), v.clone())
        expect(got, (s / d**0.5).softmax(-1) @ v, {"q": q, "k": k, "v": v}, mistakes)


@exercise(
    "3.2",
    "split into heads",
    hints=(
        "The numbers of a token lie head after head: the first head_dim numbers belong to head 1. Which axis "
        "is cut in two?",
        "`x.reshape(b, heads, n, -1)` has the right shape, but its heads hold different tokens. Cut the last "
        "axis first, then exchange two axes.",
        "x.unflatten(-1, (heads, -1)).transpose(1, 2)",
    ),
)
def split_heads(answer: Callable, draw: torch.Generator) -> None:
    """split(x, heads): (batch, tokens, heads * head_dim) -> (batch, heads, tokens, head_dim)."""
    for batch, tokens, heads in ((1, 3, 2), (2, whole(3, 5, draw), whole(2, 4, draw))):
        x = tensor(batch, tokens, heads * 5, draw=draw)
        cut = x.unflatten(-1, (heads, 5))  # (b, n, h, d)
        mixed = x.unflatten(-1, (5, heads)).transpose(1, 2)  # (b, d, n, h)
        mistakes = {
            "A reshape alone mixes tokens: one head would hold whole tokens of others. Cut the last axis, "
            "then transpose.": x.reshape(batch, heads, tokens, 5),
            "The heads are interleaved: each head is one piece, not every so many-th number.": (
                mixed.transpose(1, 3)
            ),
            "The heads stand behind the tokens; attention wants (batch, heads, tokens, head_dim).": cut,
            "heads and head_dim are exchanged: cut into `heads` pieces.": mixed,
        }
        expect(answer(x.clone(), heads), cut.transpose(1, 2), {"x": x, "heads": heads}, mistakes)


def _rms(y: Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    return y / (y.square().mean(axis, keepdim=True) + 1e-6).sqrt()


def _unit(y: Tensor) -> Tensor:
    return y / y.norm(dim=-1, keepdim=True)


@exercise(
    "3.3",
    "QK-norm",
    hints=(
        "Each query becomes a vector whose numbers have a root mean square of 1, and each key too. Then the "
        "scores, as always.",
        "How large can your scores be? At most the root of head_dim. If they are far smaller, you took the "
        "length instead of the root *mean* square; if larger, one of the two is not normalised.",
        "norm = lambda y: y / (y.square().mean(-1, keepdim=True) + 1e-6).sqrt(); "
        "return norm(q) @ norm(k).transpose(-1, -2) / q.shape[-1] ** 0.5",
    ),
)
def qk_norm(answer: Callable, draw: torch.Generator) -> None:
    """normed_scores(q, k) -> scores of queries and keys brought to a root mean square of 1 per head."""
    for heads, tokens in ((1, 3), (2, whole(4, 6, draw))):
        q, k = (y + 1 for y in draw_qkv(draw, heads, tokens, 4)[:2])
        centred = [y - y.mean(-1, keepdim=True) for y in (q, k)]
        unit = [_unit(y) for y in (q, k)]
        mistakes = {
            "You normalised over the tokens; each query is normalised by itself, over head_dim.": scores_of(
                _rms(q, -2), _rms(k, -2)
            ),
            "Only the queries are normalised: the keys can still run away.": scores_of(_rms(q), k),
            "Only the keys are normalised: the queries can still run away.": scores_of(q, _rms(k)),
            "That brings the *length* to 1, not the root mean square: scores are head_dim times too small.": (
                scores_of(*unit)
            ),
            "You made length 1, and the scores are cosines; a root mean square of 1 is length sqrt(d), so "
            "they come out sqrt(d) too small.": unit[0] @ unit[1].mT,
            "You normalised the scores; asked for is to normalise queries and keys, before they meet.": OneOf(
                f(s) for s in (q @ k.mT, scores_of(q, k)) for f in (_rms, _unit)
            ),
            "You normalised across heads; each head is normalised by itself, over head_dim.": OneOf(
                scores_of(_rms(q, axis), _rms(k, axis)) for axis in (1, (1, 3))
            ),
            "You subtracted a mean: that is LayerNorm, not RMS.": scores_of(*map(_rms, centred)),
            "The root of head_dim is missing below the scores.": _rms(q) @ _rms(k).mT,
        }
        expect(answer(q.clone(), k.clone()), scores_of(_rms(q), _rms(k)), {"q": q, "k": k}, mistakes)


@exercise(
    "3.4",
    "spot the bug: dropout",
    hints=(
        "Call the function twice with the same input and training=False. Are the results equal?",
        "`F.dropout(a, p)` has a third argument, and its default is True: a function does not know whether "
        "its module is in training. Dropping is right only when `training` is true.",
        "a = F.dropout(a, p, training=training)",
    ),
)
def dropout(answer: Callable, draw: torch.Generator) -> None:
    """attend(q, k, v, p, training): dropout of the map with probability p, in training alone."""
    tokens, p = 48, 0.25 + 0.5 * torch.rand((), generator=draw).item()
    q, k, v = draw_qkv(draw, 1, tokens, 16)
    a, given = scores_of(q, k).softmax(-1), {"q": q, "k": k, "p": p}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(whole(0, 2**31, draw))
        for values, name in ((torch.eye(tokens)[None, None], "the identity"), (v, v)):
            trained, evaluated = (answer(q.clone(), k.clone(), values.clone(), p, on) for on in (True, False))
            given["v"] = name
            expect(getattr(trained, "shape", None), values.shape, given)
            if values is v:
                _output_kept(trained)
            else:  # the output is the map itself
                _map_dropped(trained, evaluated, a, p)
            expect(evaluated, a @ values, given)


def _output_kept(trained: Tensor) -> None:
    # a sum over many weights is exactly 0 only when it was set to 0
    if (share := (trained == 0).float().mean().item()) > 0.05:
        raise CheckFailed(
            f"not right yet. {share:.0%} of the output are exactly 0: you dropped the output, `a @ v`; asked "
            "for is to drop weights of the map, before the values are summed."
        )


def _map_dropped(trained: Tensor, evaluated: Tensor, a: Tensor, p: float) -> None:
    """With the identity as values an output is the map: is a share p dropped in training, none after?"""
    share = (trained == 0).float().mean().item()
    if share > 0.5 * p and not torch.allclose(evaluated, a, atol=1e-4):
        dropped = (evaluated == 0).float().mean().item() > 0.5 * p
        words = (
            "Dropout is active in evaluation" if dropped else "In evaluation the map must be the plain one"
        )
        raise CheckFailed(
            f"not right yet. {words}: with training=False nothing is dropped and nothing scaled."
        )
    if (trained == 0).all(-2).any():  # a column: all weights of one value
        raise CheckFailed(
            "not right yet. You dropped values; asked for is to drop weights of the map, each by itself."
        )
    if abs(share - p) > 0.1:
        turned = share < 0.5 * p and (evaluated == 0).any()
        words = "The flag is inverted" if turned else f"In training {share:.0%} of the weights are dropped"
        raise CheckFailed(f"not right yet. {words}: with training=True a share p = {p:.2f} must be dropped.")
    kept = trained != 0
    if not torch.allclose(trained[kept], (a / (1 - p))[kept], atol=1e-4):
        raise CheckFailed(
            "not right yet. The weights that stay must be divided by 1 - p, so that the mean over dropouts "
            "is the plain map."
        )
