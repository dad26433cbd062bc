"""Checks of chapter 11: a route around some blocks, and a network evaluated without it."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect, same, shapes_explained

Span = Callable[[Tensor], Tensor]


def span(x: Tensor) -> Tensor:
    """Stands for blocks: each token hears itself and the mean of those that are there, (b, k, d) -> same."""
    return 2 * x + x.mean(1, keepdim=True) + 0.5


def routed(x: Tensor, keys: Tensor, keep: int, blocks: Span = span) -> Tensor:
    """x (b, n, d): the `keep` tokens of lowest keys (b, n) through `blocks`, the others as they were."""
    places = keys.argsort(1)[:, :keep, None].expand(-1, -1, x.shape[-1])
    return x.scatter(1, places, blocks(x.gather(1, places)))


def _at(x: Tensor, places: Tensor) -> Tensor:
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))


def _put(x: Tensor, places: Tensor, tokens: Tensor) -> Tensor:
    return x.scatter(1, places[..., None].expand(-1, -1, x.shape[-1]), tokens)


def _through(x: Tensor, places: Tensor) -> Tensor:
    return _put(x, places, span(_at(x, places)))


def _route_mistakes(x: Tensor, keys: Tensor, keep: int) -> dict[str, Any]:
    """What wrong routes give."""
    order = keys.argsort(1)
    kept, rising = order[:, :keep], order[:, :keep].sort(1).values
    done = span(_at(x, kept))
    ran = torch.zeros_like(keys).scatter(1, kept, 1.0)[..., None]  # 1 where a token runs
    first = torch.arange(keep).expand(len(x), -1)
    mixed = OneOf([_put(x, rising, done), _put(x, kept, span(_at(x, rising)))])
    return {
        "The tokens that skip are zero; they come back as they were.": _put(torch.zeros_like(x), kept, done),
        "All images have the tokens of one image: each has its own row of keys.": OneOf(
            [routed(x, row.expand_as(keys), keep) for row in (*keys, keys.mean(0))]
        ),
        "The places were sorted in one step and not in the other: take and put at the same places.": mixed,
        "The tokens went to the first places, not back to their own.": _put(x, first, done),
        "These are the tokens of the highest keys.": routed(x, -keys, keep),
        "Kept and skipping tokens are exchanged: `keep` tokens run the blocks.": OneOf(
            [routed(x, keys, keys.shape[1] - keep), routed(x, -keys, keys.shape[1] - keep)]
        ),
        "The blocks saw all tokens, and the others were put back afterwards: nothing was saved, and "
        "attention heard tokens that skip.": ran * span(x) + (1 - ran) * x,
        "The blocks saw zeros in place of the tokens that skip: shorten the sequence.": (
            ran * span(ran * x) + (1 - ran) * x
        ),
        "What the blocks return was added to the tokens; it takes their place.": x
        + _put(torch.zeros_like(x), kept, done),
        "Ranks are not places: argsort once gives the places of the lowest keys.": (
            _through(x, order.argsort(1)[:, :keep])
        ),
        "Nothing was routed: all tokens ran the blocks.": span(x),
        "The tokens that skip are missing from the result.": OneOf([done, span(_at(x, rising))]),
    }


def _telling_routes(
    batch: int, tokens: int, keep: int, draw: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Tokens and keys with which no mistake gives the right result, or another mistake's."""
    while True:
        x, keys = tensor(batch, tokens, 2, draw=draw), torch.rand(batch, tokens, generator=draw)
        wrong = [
            value if isinstance(value, OneOf) else (value,)
            for value in _route_mistakes(x, keys, keep).values()
        ]
        kinds = [(routed(x, keys, keep),), *wrong]
        flat = [(k, one) for k, kind in enumerate(kinds) for one in kind]
        if not any(same(a, b, 1e-3) for i, a in flat for j, b in flat if i < j):
            yield x, keys


def _gradient(answer: Callable, x: Tensor, keys: Tensor, keep: int) -> None:
    """A token that skips is a copy: the loss behind the route reaches it unchanged."""
    x = x.clone().requires_grad_()
    out = answer(x, keys.clone(), keep, span)
    if not out.requires_grad:
        raise CheckFailed("not right yet. No gradient comes through your route: is something detached?")
    (ours,) = torch.autograd.grad(out.sum(), x)
    y = x.detach().clone().requires_grad_()
    (right,) = torch.autograd.grad(routed(y, keys, keep).sum(), y)
    ran = torch.zeros_like(keys).scatter(1, keys.argsort(1)[:, :keep], 1.0)[..., None]
    words = {
        "The tokens that skip get no gradient: they are copied, not cut off.": right * ran,
        "The tokens that run get no gradient through the blocks.": right * (1 - ran),
    }
    given = {"x": x.detach(), "keys": keys, "keep": keep}
    try:
        expect(ours, right, given, words)
    except CheckFailed as failure:
        raise CheckFailed(
            f"{failure}\n  (The values are right; shown is the gradient of their sum.)"
        ) from None


@exercise(
    "11.1",
    "route and unroute",
    hints=(
        "Which tokens run is one question, and each image answers it by its own keys. Where they go "
        "afterwards is the other: back to where they came from.",
        "keys.argsort(dim=1)[:, :keep] are places, (batch, keep). gather takes tokens at places, scatter "
        "puts them there; both need the places as (batch, keep, dim). Do you take and put at the same ones?",
        "places = keys.argsort(dim=1)[:, :keep, None].expand(-1, -1, x.shape[-1]); "
        "return x.scatter(1, places, blocks(x.gather(1, places)))",
    ),
)
def route(answer: Callable, draw: torch.Generator) -> None:
    """routed(x, keys, keep, blocks) -> (batch, tokens, dim), the tokens of the lowest keys through blocks."""
    for batch, tokens, keep in ((2, 5, 2), (3, whole(7, 8, draw), 3)):
        x, keys = next(_telling_routes(batch, tokens, keep, draw))
        given, right = {"x": x, "keys": keys, "keep": keep}, routed(x, keys, keep)
        handed = x.clone()
        with shapes_explained("gather and scatter need places of shape (batch, keep, dim).", given, right):
            got = answer(handed, keys.clone(), keep, span)
        expect(got, right, given, _route_mistakes(x, keys, keep))
        if not torch.equal(handed, x):
            raise CheckFailed(
                "not right yet. The result is right, but x itself was changed: what ran before the route "
                "needs it for its gradient. scatter without the underscore makes a new tensor."
            )
        _gradient(answer, x, keys, keep)


class Toy:
    """A network of one number: keys move what it predicts, and it notes how it was called."""

    def __init__(self, bias: Tensor, shift: Tensor):
        self.bias, self.shift, self.calls = bias, shift, []

    def __call__(self, x: Tensor, t: Tensor, labels: Tensor | None = None, *, keys: Tensor | None = None):
        """x (b, n), t (b,), labels (b,) -> a prediction (b, n)."""
        self.calls.append((labels is not None, keys))
        told = 0.0 if labels is None else self.bias[labels][:, None]
        off = 0.0 if keys is None else (keys.mean() + 0.3) * self.shift
        return x * (1 + t[:, None]) + told + off


def _error(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square().mean()


def _evaluations(toy: Toy, x: Tensor, t: Tensor, labels: Tensor, v: Tensor) -> dict[str, Any]:
    """What wrong evaluations give that can be told by their value."""
    plain = toy(x, t, labels)
    return {
        "These are keys too: with keys of zeros or ones the route is on. Leave them out.": OneOf(
            [_error(toy(x, t, labels, keys=make(x)), v) for make in (torch.zeros_like, torch.ones_like)]
        ),
        "The labels were not handed on.": _error(toy(x, t), v),
        "That is the root; the mean square was asked.": _error(plain, v).sqrt(),
        "That is a sum; the mean was asked.": OneOf(
            [(plain - v).square().sum(), (plain - v).square().sum() / len(x)]
        ),
    }


@exercise(
    "11.2",
    "a network evaluated with its route off",
    hints=(
        "The route belongs to training. What does the network do in use, when it makes pictures?",
        "Which argument of the network turns the route on? An average over many masks is still the error of "
        "networks that skip.",
        "prediction = model(x, t, labels); return (prediction - v).square().mean()",
    ),
)
def evaluate(answer: Callable, draw: torch.Generator) -> None:
    """evaluate(model, x, t, labels, v, draw_keys) -> the mean squared error with nothing skipped."""
    n = whole(3, 5, draw)
    x, v = tensor(4, n, draw=draw), tensor(4, n, draw=draw)
    t, labels = torch.rand(4, generator=draw), torch.randperm(4, generator=draw)
    toy = Toy(tensor(4, draw=draw) + torch.arange(1.0, 5.0), 2.0 + torch.rand(n, generator=draw))
    drawn = []

    def draw_keys() -> Tensor:
        drawn.append(torch.rand(4, n, generator=draw))
        return drawn[-1]

    right, mistakes = _error(toy(x, t, labels), v), _evaluations(toy, x, t, labels, v)
    toy.calls.clear()
    got = answer(toy, x.clone(), t.clone(), labels.clone(), v.clone(), draw_keys)
    used = [keys for _, keys in toy.calls if keys is not None]
    words = {"The route is still on: the network skipped by fresh keys, as in training.": 1}
    if len(used) > 1:
        words = {"An average over several fresh masks is still the error of networks that skip.": 1}
    if used and any(keys is one for keys in used for one in drawn):
        mistakes = dict.fromkeys(words, got)
    given = {"x": x, "t": t, "labels": labels, "v": v}
    expect(float(got) if isinstance(got, Tensor) and got.numel() == 1 else got, float(right), given, mistakes)
