"""Norms against loops over tokens, and what their gradients do."""

import math

import pytest
import torch

from minidit.model.norm import AdaNorm, DetachNorm, RMSNorm, layer_norm, norm

DIM = 12
NAMES = [("layer", False), ("layer", True), ("rms", False), ("rms", True), ("ada", False), ("detach", False)]
every_norm = pytest.mark.parametrize(("name", "affine"), NAMES)


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


X, G, V = (3 * draw(2, 5, DIM) + 0.5), draw(2, 5, DIM, seed=1), draw(2, 5, DIM, seed=2)


def made(name, affine):
    layer = norm(name, DIM, affine).double()
    with torch.no_grad():
        for seed, parameter in enumerate(layer.parameters(), start=7):
            parameter.copy_(draw(DIM, seed=seed))
    return layer


def slow(name, layer, token):
    """One token, a list of numbers, number by number."""
    mean = 0 if name == "rms" else sum(token) / DIM
    squares = sum((number - mean) ** 2 for number in token)
    if name == "ada":
        y = [(number - mean) / (math.sqrt(squares / (DIM - 1)) + 1e-5) for number in token]
        return [(1 - number / 10) * number for number in y]
    y = [(number - mean) / math.sqrt(squares / DIM + 1e-6) for number in token]
    p = {part: parameter.tolist() for part, parameter in layer.named_parameters()}
    gain, bias = p.get("weight", [1] * DIM), p.get("bias", [0] * DIM)
    return [number * g + b for number, g, b in zip(y, gain, bias, strict=True)]


@every_norm
def test_equals_the_loops(name, affine):
    layer = made(name, affine)
    expected = [[slow(name, layer, token.tolist()) for token in image] for image in X]
    torch.testing.assert_close(layer(X), torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


@every_norm
def test_a_fresh_gain_is_one_and_a_constant_token_does_no_harm(name, affine):
    layer = norm(name, DIM, affine)
    assert sum(p.numel() for p in layer.parameters()) == affine * DIM * (2 if name == "layer" else 1)
    x = torch.full((1, DIM), 3.0, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.isfinite().all() and x.grad.isfinite().all()
    assert name == "rms" or not y.any()


def test_no_norm_is_the_identity():
    assert norm("none", DIM)(X) is X


def test_the_epsilons():
    small = torch.tensor([[-1e-3, 1e-3]], dtype=torch.float64)  # variance and mean square 1e-6
    for layer in (layer_norm(2), RMSNorm(2), DetachNorm()):
        torch.testing.assert_close(layer(small), small / math.sqrt(2e-6), rtol=1e-12, atol=0)
    tiny = torch.tensor([[-1e-5, 1e-5]], dtype=torch.float64)  # unbiased deviation sqrt(2) 1e-5, plus 1e-5
    y = tiny / (1e-5 * (1 + math.sqrt(2)))
    torch.testing.assert_close(AdaNorm()(tiny), (1 - 0.1 * y) * y, rtol=1e-12, atol=0)


def gradient(layer, x=X):
    x = x.clone().requires_grad_()
    return torch.autograd.grad((layer(x) * G).sum(), x)[0]


def differences(f, x, h=1e-6):
    """The gradient of sum(f(x) G), number by number."""
    slope = torch.zeros_like(x)
    for place in range(x.numel()):
        step = torch.zeros(x.numel(), dtype=torch.float64)
        step[place] = h
        step = step.view_as(x)
        slope.view(-1)[place] = ((f(x + step) - f(x - step)) * G).sum() / (2 * h)
    return slope


@pytest.mark.parametrize(("name", "affine"), NAMES[:4])
def test_ordinary_gradients(name, affine):
    layer = made(name, affine)
    torch.testing.assert_close(gradient(layer), differences(layer, X), rtol=1e-6, atol=1e-7)


def test_detach_norm_divides_the_gradient_by_the_deviation_and_does_nothing_else():
    sigma = (X.var(-1, correction=0, keepdim=True) + 1e-6).sqrt()
    torch.testing.assert_close(DetachNorm()(X), layer_norm(DIM)(X), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient(DetachNorm()), G / sigma, rtol=1e-12, atol=1e-12)


def test_theorem_1_what_the_derivatives_of_mean_and_deviation_do():
    sigma, detached, full = X.std(-1, correction=0), gradient(DetachNorm()), gradient(layer_norm(DIM))
    # detached, the mean of the gradient survives; the derivatives remove it, and bound the variance
    torch.testing.assert_close(detached.mean(-1), G.mean(-1) / sigma, rtol=1e-5, atol=0)
    assert full.mean(-1).abs().max() < 1e-12
    assert (full.var(-1, correction=0) <= G.var(-1, correction=0) / sigma**2 * (1 + 1e-9)).all()
    assert not torch.allclose(detached, full, rtol=0.1)


def test_no_gradient_passes_through_the_factor_of_ada_norm():
    def with_constant_factor(x):
        deviation = x.std(-1, keepdim=True) + 1e-5
        return factor * (x - x.mean(-1, keepdim=True)) / deviation

    factor = 1 - 0.1 * (X - X.mean(-1, keepdim=True)) / (X.std(-1, keepdim=True) + 1e-5)
    expected = differences(with_constant_factor, X)
    torch.testing.assert_close(gradient(AdaNorm()), expected, rtol=1e-6, atol=1e-7)
    assert not torch.allclose(expected, differences(AdaNorm(), X), rtol=1e-2)  # the true one is another


@every_norm
def test_forward_derivatives_are_true_ones(name, affine):
    layer, h = made(name, affine), 1e-6
    _, slope = torch.func.jvp(layer, (X,), (V,))
    torch.testing.assert_close(slope, (layer(X + h * V) - layer(X - h * V)) / (2 * h), rtol=1e-7, atol=1e-7)


def test_rms_norm_computes_in_float32_and_returns_what_it_was_given():
    x = X.bfloat16()
    y = RMSNorm(DIM)(x)
    assert y.dtype == torch.bfloat16
    assert torch.equal(y, RMSNorm(DIM)(x.float()).bfloat16())
