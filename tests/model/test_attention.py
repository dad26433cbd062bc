"""Attention against loops, padding, the maps, and derivatives forwards."""

import math

import pytest
import torch

import minidit
from minidit import Condition
from minidit.model import attention_maps
from minidit.model.attention import Attention, CrossAttention, fused
from minidit.model.rope import axial, rotate

DIM, HEADS, HEAD = 16, 2, 8


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def in_general_position(layer):
    layer = layer.double()
    with torch.no_grad():
        for seed, parameter in enumerate(layer.parameters(), start=5):
            parameter.copy_(0.5 * draw(*parameter.shape, seed=seed))
    return layer


def slow_norm(kind, layer, vector):
    mean = float(vector.mean()) if kind == "layer" else 0.0
    eps = 1e-5 if kind == "layer" else 1e-6
    size = math.sqrt(sum((float(number) - mean) ** 2 for number in vector) / len(vector) + eps)
    return (vector - mean) / size * layer.weight + (layer.bias if kind == "layer" else 0)


def slow_attention(layer, x, kind=False, angles=None, real=None):
    """One image x (n, dim), head by head and token by token; `real`: which tokens may be looked at."""
    n, out = len(x), torch.zeros_like(x)
    qkv = x @ layer.qkv.weight.T + (0 if layer.qkv.bias is None else layer.qkv.bias)
    for head in range(HEADS):
        columns = [slice(part * DIM + head * HEAD, part * DIM + (head + 1) * HEAD) for part in range(3)]
        q, k, v = ([qkv[i, part] for i in range(n)] for part in columns)
        if kind:
            q, k = (
                [slow_norm("layer" if kind == "layer" else "rms", norm, vector) for vector in vectors]
                for norm, vectors in ((layer.q_norm, q), (layer.k_norm, k))
            )
        if angles is not None:
            q, k = (list(rotate(torch.stack(z)[None, None], angles)[0, 0]) for z in (q, k))
        for i in range(n):
            seen = [j for j in range(n) if real is None or real[j]]
            weights = torch.stack([torch.exp(q[i] @ k[j] / math.sqrt(HEAD)) for j in seen])
            weights = weights / weights.sum()
            out[i, head * HEAD : (head + 1) * HEAD] = sum(
                w * v[j] for w, j in zip(weights, seen, strict=True)
            )
    return out @ layer.out.weight.T + layer.out.bias


@pytest.mark.parametrize("qk_norm", [False, True, "layer"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_self_attention_equals_the_loops(qk_norm, bias, turned):
    layer = in_general_position(Attention(DIM, HEADS, qkv_bias=bias, qk_norm=qk_norm))
    assert (layer.qkv.bias is not None) == bias
    x, angles = draw(2, 6, DIM), axial(2, 3, HEAD).double() if turned else None
    fast = layer(x, angles)
    for image in range(2):
        slow = slow_attention(layer, x[image], qk_norm, angles)
        torch.testing.assert_close(fast[image], slow, rtol=1e-9, atol=1e-9)


def test_qk_norm_is_over_the_width_of_a_head():
    layer = in_general_position(Attention(DIM, HEADS, qk_norm=True))
    assert layer.q_norm.weight.shape == layer.k_norm.weight.shape == (HEAD,)
    x = draw(1, 6, DIM)
    bigger = x.clone()
    before = layer(x)
    with torch.no_grad():  # all queries a hundred times as large: the norm takes it back
        layer.qkv.weight[:DIM] *= 100
        layer.qkv.bias[:DIM] *= 100
    torch.testing.assert_close(layer(x), before, rtol=1e-4, atol=1e-4)
    bigger[:, 3] += 1  # a norm over tokens would carry this to the scores of the other queries
    with attention_maps(layer) as maps:
        layer(x)
        one = maps[""].clone()
        layer(bigger)
        two = maps[""]
    others = [0, 1, 2, 4, 5]
    ratio = two[:, :, others][..., others] / one[:, :, others][..., others]
    spread = ratio.amax(dim=-1) / ratio.amin(dim=-1)
    assert spread.max() < 1 + 1e-9  # each row changed by one common factor, its softmax's sum


def test_masked_tokens_are_as_if_they_were_not_there():
    layer, x = in_general_position(Attention(DIM, HEADS)), draw(2, 6, DIM)
    real = torch.tensor([[True] * 4 + [False] * 2, [True, False] * 3])
    fast = layer(x, mask=real[:, None, None])
    for image in range(2):
        slow = slow_attention(layer, x[image], real=real[image])
        torch.testing.assert_close(fast[image], slow, rtol=1e-9, atol=1e-9)
        short = layer(x[image : image + 1, real[image]])
        torch.testing.assert_close(fast[image, real[image]], short[0], rtol=1e-9, atol=1e-9)


def slow_cross(layer, x, context):
    q, kv = x @ layer.q.weight.T + layer.q.bias, context @ layer.kv.weight.T + layer.kv.bias
    out = torch.zeros_like(x)
    for head in range(HEADS):
        own = slice(head * HEAD, (head + 1) * HEAD)
        k, v = kv[:, :DIM][:, own], kv[:, DIM:][:, own]
        for i in range(len(x)):
            weights = torch.stack([torch.exp(q[i, own] @ key / math.sqrt(HEAD)) for key in k])
            out[i, own] = sum(w * value for w, value in zip(weights / weights.sum(), v, strict=True))
    return out @ layer.out.weight.T + layer.out.bias


def test_cross_attention_equals_the_loops_without_the_padding():
    layer = in_general_position(CrossAttention(DIM, 10, HEADS))
    x, context = draw(2, 6, DIM), draw(2, 5, 10, seed=1)
    real = torch.tensor([[True] * 3 + [False] * 2, [True] * 5])
    fast = layer(x, context, real[:, None, None])
    for image in range(2):
        slow = slow_cross(layer, x[image], context[image, real[image]])
        torch.testing.assert_close(fast[image], slow, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(layer(x, context)[1], fast[1], rtol=1e-9, atol=1e-9)


CAPTIONED = {"text_as": "cross_attention", "text_dim": 6, "label_as": "token", "rope": "axial"}


def test_maps_are_probabilities_and_the_output_stays(config, general, inputs):
    model = general(config, qk_norm=True, **CAPTIONED)
    x, t, condition = inputs(model.config)
    fused = model(x, t, condition)
    with attention_maps(model) as maps:
        torch.testing.assert_close(model(x, t, condition), fused, rtol=1e-9, atol=1e-9)
    assert list(maps) == [f"blocks.{block}.{kind}" for block in range(3) for kind in ("attention", "cross")]
    for name, rows in maps.items():
        assert rows.shape == (3, 2, 17, 4 if name.endswith("cross") else 17)
        torch.testing.assert_close(rows.sum(-1), torch.ones(3, 2, 17, dtype=torch.float64))
        assert (rows >= 0).all()
    padding = ~condition.text_mask[:2]
    assert not maps["blocks.0.cross"][:2].masked_select(padding[:, None, None]).any()


def test_the_fused_path_comes_back_even_after_an_error_and_inside_another_look(config, general, inputs):
    model = general(config)
    x, t, condition = inputs(config)
    with pytest.raises(minidit.MiniditError), attention_maps(model) as maps:
        model(x, t[:1], condition)
    model(x, t, condition)
    assert maps == {}
    with attention_maps(model) as outer:
        with attention_maps(model) as inner:
            model(x, t, condition)
        assert len(inner) == 3 and outer == {}
        model(x, t, condition)
    assert len(outer) == 3
    model(x, t, condition)  # and now nobody looks
    assert model.blocks[0].attention.kernel is fused


ARMS = {
    "dit": {},
    "captions": CAPTIONED | {"qk_norm": True, "norm": "rms"},
    "swiglu": {"mlp": "swiglu", "norm": "ada", "placement": "sandwich"},
    "detached": {"norm": "detach", "placement": "post", "modulation": "shared"},
    "ddt": {"encoder_depth": 2, "norm": "rms", "norm_affine": True, "rope": "ddt", "qk_norm": True},
}


@pytest.mark.parametrize("arm", ARMS)
def test_the_derivative_along_a_direction_equals_finite_differences(config, general, inputs, arm):
    model = general(config, time_scale=1.0, **ARMS[arm])
    x, t, condition = inputs(model.config)
    t, dx = torch.full((3,), 0.5, dtype=torch.float64), draw(*x.shape, seed=3)
    h, ones = 2.0**-10, torch.ones(3, dtype=torch.float64)  # float32 holds t + h and t - h exactly

    def f(x, t):
        return model(x, t, condition)

    with attention_maps(model):
        out, along_x = torch.func.jvp(f, (x, t), (dx, 0 * ones))
        _, along_both = torch.func.jvp(f, (x, t), (dx, ones))
    small = 1e-5
    torch.testing.assert_close(out, f(x, t))
    slope = (f(x + small * dx, t) - f(x - small * dx, t)) / (2 * small)
    torch.testing.assert_close(along_x, slope, rtol=1e-6, atol=1e-7)
    slope = (f(x + h * dx, t + h) - f(x - h * dx, t - h)) / (2 * h)
    torch.testing.assert_close(along_both, slope, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(along_both, along_x, rtol=1e-2)


def test_the_derivative_can_be_trained_on(config, general, inputs):
    # not with LayerNorm, whose mean and deviation PyTorch then takes for constants (its issue 196700)
    model = general(config, norm="rms")
    x, t, condition = inputs(config)
    with attention_maps(model):
        _, slope = torch.func.jvp(lambda x: model(x, t, condition), (x,), (x,))
    slope.square().mean().backward()
    assert all(p.grad.isfinite().all() for name, p in model.named_parameters() if p.grad is not None)
    weight = model.blocks[0].mlp.up.weight
    exact, place, h = weight.grad[0, 0].item(), (0, 0), 1e-5

    def loss(change):
        with torch.no_grad(), attention_maps(model):
            weight[place] += change
            _, slope = torch.func.jvp(lambda x: model(x, t, condition), (x,), (x,))
            weight[place] -= change
        return slope.square().mean().item()

    assert (loss(h) - loss(-h)) / (2 * h) == pytest.approx(exact, rel=1e-5)


def test_a_null_caption_has_no_padding(config, general):
    model = general(config, **CAPTIONED)
    x, t = draw(2, 2, 8, 8), torch.tensor([0.25, 0.5], dtype=torch.float64)
    with attention_maps(model) as maps:
        model(x, t, Condition())
    assert maps["blocks.0.cross"].shape[-1] == 1
