"""GELU by formula, with all its derivatives, and the two MLPs."""

import math

import pytest
import torch
import torch.nn.functional as F

from minidit import MiniditError
from minidit.model.gelu import gelu
from minidit.model.mlp import MLP, SwiGLU, mlp

X = torch.linspace(-12, 12, 97, dtype=torch.float64)


def slow_gelu(x):
    """Hendrycks and Gimpel 2016, number by number."""
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def slow_slope(x):
    """Its derivative by the rules of calculus."""
    u, inner = (
        math.sqrt(2 / math.pi) * (x + 0.044715 * x**3),
        math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2),
    )
    return 0.5 * (1 + math.tanh(u)) + 0.5 * x * (1 - math.tanh(u) ** 2) * inner


def of_each(f, x):
    return torch.tensor([f(number) for number in x.tolist()], dtype=torch.float64)


@pytest.mark.parametrize("with_gradient", [False, True])
def test_the_value_is_the_tanh_formula(with_gradient):
    x = X.clone().requires_grad_(with_gradient)
    before = x.detach().clone()
    torch.testing.assert_close(gelu(x).detach(), of_each(slow_gelu, X), rtol=1e-12, atol=1e-14)
    assert torch.equal(x.detach(), before), "its input is not its own to change"
    assert (gelu(X) - F.gelu(X)).abs().max() > 1e-4  # the one with erf is another function


def test_the_slope_is_the_formulas():
    x = X.clone().requires_grad_()
    gelu(x).backward(torch.arange(97.0).double())
    torch.testing.assert_close(x.grad, torch.arange(97.0) * of_each(slow_slope, X), rtol=1e-11, atol=1e-12)
    assert torch.autograd.gradcheck(gelu, (X[::8].clone().requires_grad_(),))
    assert torch.autograd.gradcheck(gelu, (X[::8].clone().requires_grad_(),), check_forward_ad=True)


def test_shapes_of_all_kinds_and_far_numbers():
    x = torch.randn(3, 4, 6, dtype=torch.float64).transpose(0, 2).requires_grad_()
    torch.testing.assert_close(gelu(x), F.gelu(x, approximate="tanh"), rtol=1e-12, atol=1e-14)
    far = torch.tensor([-1e4, -50.0, 50.0, 1e4], requires_grad=True)
    gelu(far).sum().backward()
    assert torch.equal(gelu(far.detach()), torch.tensor([0.0, 0.0, 50.0, 1e4]))
    assert torch.equal(far.grad, torch.tensor([0.0, 0.0, 1.0, 1.0]))


@pytest.mark.parametrize("with_gradient", [False, True])
def test_forwards(with_gradient):
    x = X.clone().requires_grad_(with_gradient)
    _, slope = torch.func.jvp(gelu, (x,), (torch.ones_like(X),))
    torch.testing.assert_close(slope, of_each(slow_slope, X), rtol=1e-11, atol=1e-12)


def torch_gelu(x):
    return F.gelu(x, approximate="tanh")


def test_higher_derivatives_are_right_or_refused():
    v = torch.cos(X)

    def along_the_gradient(f):
        return torch.func.jvp(torch.func.grad(lambda x: f(x).square().sum()), (X,), (v,))[1]

    def gradient_of_the_derivative(f):
        return torch.func.grad(lambda x: torch.func.jvp(f, (x,), (v,))[1].sum())(X)

    for second in (along_the_gradient, gradient_of_the_derivative):
        torch.testing.assert_close(second(gelu), second(torch_gelu))
    each = torch.func.vmap(torch.func.grad(gelu))(X)
    torch.testing.assert_close(each, of_each(slow_slope, X), rtol=1e-11, atol=1e-12)
    with pytest.raises(MiniditError, match="has a first derivative only"):
        torch.autograd.grad(gelu(x := X.clone().requires_grad_()).sum(), x, create_graph=True)


def test_the_mlp_is_two_layers_and_a_gelu_between():
    layer = MLP(6, 10, out=4).double()
    x = torch.randn(2, 3, 6, dtype=torch.float64)
    hidden = x @ layer.up.weight.T + layer.up.bias
    expected = of_each(slow_gelu, hidden.flatten().detach()).view_as(hidden) @ layer.down.weight.T
    torch.testing.assert_close(layer(x), expected + layer.down.bias)


def test_swiglu_equals_the_loops():
    layer = SwiGLU(6, 5).double()
    x = torch.randn(3, 6, dtype=torch.float64)
    for token, out in zip(x, layer(x), strict=True):
        up = (layer.up.weight @ token + layer.up.bias).tolist()
        product = [up[i] / (1 + math.exp(-up[i])) * up[5 + i] for i in range(5)]
        expected = layer.down.weight @ torch.tensor(product, dtype=torch.float64) + layer.down.bias
        torch.testing.assert_close(out, expected, rtol=1e-10, atol=1e-12)


# LightningDiT's B, L, XL, 1p0B, 1p6B
@pytest.mark.parametrize(
    ("dim", "hidden"), [(768, 2048), (1024, 2730), (1152, 3072), (1536, 4096), (1792, 4778)]
)
def test_the_hidden_width_of_swiglu_is_the_published_one(dim, hidden):
    with torch.device("meta"):
        layer = mlp("swiglu", dim, 4.0, bias=False)
    assert layer.up.weight.shape == (2 * hidden, dim) and layer.down.weight.shape == (dim, hidden)
    assert layer.up.bias is None and layer.down.bias is None


def test_the_ratio_sets_the_hidden_width():
    layer = mlp("gelu", 32, 2.5, bias=True)
    assert layer.up.weight.shape == (80, 32) and layer.down.weight.shape == (32, 80)
    assert layer.up.bias is not None and layer.down.bias is not None
