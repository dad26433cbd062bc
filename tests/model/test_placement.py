"""The three equations, and where a fresh block is the identity and where it is not."""

import pytest
import torch

import minidit
from minidit.model.block import Given
from minidit.model.placement import PLACEMENTS


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def f(x):
    return torch.sin(3 * x) + x.flip(-1)


def first(x):
    return x / (1 + x.abs().sum(-1, keepdim=True))


def second(x):
    return 2 * x / (1 + x.square().sum(-1, keepdim=True))


X, SHIFT, SCALE, GATE = draw(2, 3, 4), draw(2, 1, 4, seed=1), draw(2, 1, 4, seed=2), draw(2, 1, 4, seed=3)


def modulated(x):
    return x * (1 + SCALE) + SHIFT


EQUATIONS = {
    "pre": lambda x: x + GATE * f(modulated(first(x))),
    "post": lambda x: first(x + GATE * f(modulated(x))),
    "sandwich": lambda x: x + GATE * second(f(modulated(first(x)))),
}
PLAIN = {
    "pre": lambda x: x + f(first(x)),
    "post": lambda x: first(x + f(x)),
    "sandwich": lambda x: x + second(f(first(x))),
}


@pytest.mark.parametrize("name", PLACEMENTS)
def test_the_equations(name):
    place, norms = PLACEMENTS[name], [first, second] if name == "sandwich" else [first]
    torch.testing.assert_close(place(X, f, norms, SHIFT, SCALE, GATE), EQUATIONS[name](X))
    torch.testing.assert_close(place(X, f, norms, None, None, None), PLAIN[name](X))
    assert not torch.allclose(EQUATIONS[name](X), X)


def test_one_shift_and_scale_a_token():
    shift, scale = draw(2, 3, 4, seed=4), draw(2, 3, 4, seed=5)
    out = PLACEMENTS["pre"](X, f, [first], shift, scale, GATE)
    for token in range(3):
        y = first(X)[:, token] * (1 + scale[:, token]) + shift[:, token]
        torch.testing.assert_close(out[:, token], X[:, token] + GATE[:, 0] * f(y))


# a fresh network: what a block does to its tokens
WAYS = {
    "per_block": {},
    "shared": {"modulation": "shared"},
    "none": {"modulation": "none", "time_as": "token", "label_as": "token"},
    "captions": {"text_as": "cross_attention", "text_dim": 6},
}


@torch.no_grad()
def fresh_block(config, **changes):
    """The second block of a fresh network, and something that it might be told."""
    model, c = minidit.build(config, **changes), draw(3, 1, 16).float()
    if model.config.modulation != "per_block":
        c = None if model.shared is None else model.shared(c)
    return model.blocks[1], Given(c=c, context=draw(3, 4, 16, seed=1).float())


def is_identity(config, **changes):
    block, given = fresh_block(config, **changes)
    x = draw(3, 16, 16, seed=2).float()
    return torch.equal(block(x, given), x)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("placement", ["pre", "sandwich"])
@pytest.mark.parametrize("zero_init", ["gates", "both"])
def test_zero_gates_make_the_identity(config, way, placement, zero_init):
    assert is_identity(config, placement=placement, zero_init=zero_init, **WAYS[way])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "change",
    [
        {"placement": "post"},
        {"zero_init": "none"},
        {"zero_init": "head"},
        {"gate": False},
        {"gate": False, "placement": "sandwich"},
    ],
)
def test_where_it_is_not_the_identity(config, way, change):
    assert not is_identity(config, **WAYS[way] | change)


def test_post_still_normalises_with_zero_gates(config):
    block, given = fresh_block(config, placement="post")
    x = 3 * draw(3, 16, 16).float() + 1
    out = block(x, given)
    torch.testing.assert_close(out.mean(-1), torch.zeros(3, 16), rtol=0, atol=1e-5)
    torch.testing.assert_close(out.std(-1, correction=0), torch.ones(3, 16), rtol=1e-4, atol=0)


def test_cross_attention_alone_is_no_identity_where_it_does_not_start_at_zero(config):
    block, given = fresh_block(config, zero_init="none", **WAYS["captions"])
    x = draw(3, 16, 16).float()
    assert not block.cross(x, given.context).allclose(torch.zeros_like(x))
    zeroed, _ = fresh_block(config, zero_init="gates", **WAYS["captions"])
    assert not zeroed.cross(x, given.context).any()


@pytest.mark.parametrize("network", [{}, {"mask": 0.5}, {"encoder_depth": 2}, WAYS["shared"], WAYS["none"]])
@pytest.mark.parametrize("zero_init", ["none", "gates", "head", "both"])
def test_the_output_starts_at_zero_with_the_head(config, inputs, network, zero_init):
    model = minidit.build(config, zero_init=zero_init, **network)
    out = model(*inputs(config, dtype=torch.float32))
    assert bool(out.any()) == (zero_init in ("none", "gates"))
