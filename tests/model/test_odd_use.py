"""Legal uses that are easy to break: other default devices, half precision, transforms, wrappers."""

import pytest
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel

import minidit
from minidit import MiniditError
from minidit.model import draw_keys, rerouted
from minidit.model.conditioning import TimestepEmbedding
from minidit.model.gelu import gelu

SMALL = dict(dim=16, depth=3, heads=2, input_size=8, num_classes=3, zero_init="none")


def small(**more):
    return minidit.build("DiT-S/2", **SMALL, **more)


def test_another_default_device_changes_nothing():
    model = small(route="2-2@0.5")
    torch.set_default_device("meta")
    try:
        other = small(route="2-2@0.5")
        keys = draw_keys(model.config, 2, minidit.Streams(0), 0)
    finally:
        torch.set_default_device(None)
    assert keys.route.device.type == "cpu"
    for name, tensor in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name


def test_a_gelu_in_half_precision_has_finite_gradients():
    x = torch.tensor([-300.0, -1.0, 2.0, 260.0, 300.0], dtype=torch.float16, requires_grad=True)
    (ours,) = torch.autograd.grad(gelu(x).sum(), x)
    (right,) = torch.autograd.grad(F.gelu(x, approximate="tanh").sum(), x)
    assert ours.isfinite().all() and torch.equal(ours, right)
    large = torch.tensor([-1e9, -300.0, 300.0, 1e9], requires_grad=True)
    (ours,) = torch.autograd.grad(gelu(large).sum(), large)
    assert torch.equal(ours, torch.tensor([0.0, 0.0, 1.0, 1.0]))


def test_time_in_bfloat16_keeps_its_features():
    embed = TimestepEmbedding(8, scale=1000.0)
    t = torch.tensor([0.5078125], dtype=torch.bfloat16)  # exact; 507.8125 is not
    assert torch.equal(embed(t), embed(t.float()))


def test_gradients_of_each_sample():
    model, t = small(), torch.tensor([0.2, 0.7])
    x, labels = torch.randn(2, 4, 8, 8, generator=minidit.generator(0, "x")), torch.tensor([0, 2])
    weights = dict(model.named_parameters())

    def loss(weights, x, t, label):
        return torch.func.functional_call(model, weights, (x[None], t[None], label[None])).square().mean()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0, 0))(weights, x, t, labels)
    for number in range(2):
        alone = torch.func.grad(loss)(weights, x[number], t[number], labels[number])
        for name, gradient in alone.items():
            torch.testing.assert_close(each[name][number], gradient, rtol=1e-4, atol=1e-6)


def test_the_same_weights_on_another_route():
    model, t = small(route="2-2@0.5"), torch.tensor([0.2, 0.7])
    x = torch.randn(2, 4, 8, 8, generator=minidit.generator(0, "x"))
    weak = rerouted(model, "1-3@0.75")
    built = small(route="1-3@0.75")
    keys = draw_keys(weak.config, 2, minidit.Streams(0), 0)
    with torch.no_grad():
        assert torch.equal(weak(x, t, keys=keys), built(x, t, keys=keys))
        assert not torch.equal(weak(x, t, keys=keys), model(x, t, keys=keys))
        assert torch.equal(weak(x, t), model(x, t))
    assert model.config.route == "2-2@0.5" and weak.patch.weight is model.patch.weight


@pytest.mark.parametrize("wrap", [AveragedModel, lambda m: torch.compile(m, backend="eager")])
def test_a_wrapped_network_is_not_rerouted(wrap):
    with pytest.raises(MiniditError, match="wraps a network: reroute the network itself"):
        rerouted(wrap(small(route="2-2@0.5")), "1-1@0.5")
