"""The network against an independent slow one, and what it refuses."""

import math

import pytest
import torch
import torch.nn.functional as F

import minidit
from minidit import Condition
from minidit.model.block import Given
from minidit.model.init import initialise
from minidit.model.mlp import MLP
from minidit.model.norm import layer_norm

CONFIG = minidit.ModelConfig(
    in_channels=2, input_size=8, patch_size=2, dim=32, depth=3, heads=4, num_classes=5
)


@pytest.fixture(scope="module")
def model():
    """A network in general position: no zeros anywhere."""
    model = initialise(minidit.build(CONFIG), seed=0)
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=minidit.generator(3, "test", number)))
    return model.double()


@pytest.fixture(scope="module")
def inputs():
    draw = minidit.generator(0, "inputs")
    x = torch.randn(3, 2, 8, 8, generator=draw, dtype=torch.float64)
    return x, torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64), torch.tensor([0, 4, 5])


def norm(x):
    mean = x.mean(-1, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(-1, keepdim=True) + 1e-6).sqrt()


def slow_block(state, x, c):
    """One image: x (n, d), c (d,), written out head by head and token by token."""
    n, d = x.shape
    heads, size = CONFIG.heads, d // CONFIG.heads
    m = state["modulation.linear.weight"] @ c + state["modulation.linear.bias"]
    shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = m.split(d)
    h = norm(x) * (1 + scale_a) + shift_a
    qkv = h @ state["attention.qkv.weight"].T + state["attention.qkv.bias"]
    out = torch.zeros_like(x)
    for head in range(heads):
        q, k, v = (qkv[:, part * d + head * size : part * d + (head + 1) * size] for part in range(3))
        for i in range(n):
            weights = torch.stack([(q[i] @ k[j]) / math.sqrt(size) for j in range(n)]).softmax(0)
            out[i, head * size : (head + 1) * size] = sum(w * v[j] for j, w in enumerate(weights))
    x = x + gate_a * (out @ state["attention.out.weight"].T + state["attention.out.bias"])
    h = norm(x) * (1 + scale_m) + shift_m
    h = F.gelu(h @ state["mlp.up.weight"].T + state["mlp.up.bias"], approximate="tanh")
    return x + gate_m * (h @ state["mlp.down.weight"].T + state["mlp.down.bias"])


def slow_condition(state, t, label):
    angles = [1000 * t * math.exp(-math.log(10000) * k / 128) for k in range(128)]
    features = torch.tensor(
        [math.cos(a) for a in angles] + [math.sin(a) for a in angles], dtype=torch.float64
    )
    hidden = F.silu(state["time.up.weight"] @ features + state["time.up.bias"])
    time = state["time.down.weight"] @ hidden + state["time.down.bias"]
    return F.silu(time + state["label.table.weight"][label])


def test_equals_slow_loops(model, inputs):
    x, t, labels = inputs
    state = model.state_dict()
    fast = model(x, t, labels)
    for image in range(3):
        c = slow_condition(state, float(t[image]), int(labels[image]))
        patches = [
            x[image, :, 2 * r : 2 * r + 2, 2 * q : 2 * q + 2].permute(1, 2, 0).flatten()
            for r in range(4)
            for q in range(4)
        ]
        tokens = torch.stack(patches) @ state["patch.weight"].T + state["patch.bias"] + model.position
        for number in range(CONFIG.depth):
            start = f"blocks.{number}."
            block = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            tokens = slow_block(block, tokens, c)
        shift, scale = (
            state["final.modulation.linear.weight"] @ c + state["final.modulation.linear.bias"]
        ).chunk(2)
        out = (norm(tokens) * (1 + scale) + shift) @ state["final.linear.weight"].T + state[
            "final.linear.bias"
        ]
        for token, values in enumerate(out):
            row, column = 2 * (token // 4), 2 * (token % 4)
            patch = values.view(2, 2, 4).permute(2, 0, 1)
            # float32 angles of up to 1000 radians limit the agreement
            torch.testing.assert_close(
                fast[image, :, row : row + 2, column : column + 2], patch, rtol=1e-3, atol=1e-3
            )


def test_dropped_labels_are_the_null_label(model, inputs):
    x, t, labels = inputs
    dropped = model(x, t, Condition(labels=labels, drop=torch.tensor([True, True, True])))
    null = model(x, t, torch.tensor([5, 5, 5]))
    assert torch.equal(dropped, null)
    assert torch.equal(model(x, t, None), null)
    assert not torch.allclose(model(x, t, labels)[0], null[0])


def test_kept_features_are_the_outputs_of_the_named_blocks(model, inputs):
    out, features = model(*inputs, keep=(1, 3))
    assert torch.equal(out, model(*inputs))
    assert list(features) == [1, 3]
    given = Given(c=F.silu(model.time(inputs[1]) + model.label(inputs[2], None)).unsqueeze(1))
    again = model.blocks[2](model.blocks[1](features[1], given), given)
    torch.testing.assert_close(again, features[3])


def test_the_network_never_draws(model, inputs):
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    model.train()(*inputs)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_time_scale_multiplies_the_time(model, inputs):
    x, t, labels = inputs
    plain = minidit.build(CONFIG, time_scale=1.0).double()
    plain.load_state_dict(model.state_dict())
    assert torch.equal(plain(x, 1000 * t, labels), model(x, t, labels))
    assert not torch.allclose(plain(x, t, labels), model(x, t, labels))


def test_the_mlp_ratio_sets_the_hidden_width():
    block = minidit.build(CONFIG, mlp_ratio=2.5).blocks[0]
    assert block.mlp.up.weight.shape == (80, 32) and block.mlp.down.weight.shape == (32, 80)


def test_the_mlp_uses_the_tanh_gelu():
    mlp, x = MLP(8, 32).double(), 2 * torch.randn(64, 8, dtype=torch.float64)
    y = mlp.up(x)
    tanh = 0.5 * y * (1 + torch.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))
    torch.testing.assert_close(mlp(x), mlp.down(tanh), rtol=0, atol=1e-12)


def test_layer_norm_adds_one_millionth_to_the_variance():
    x = torch.tensor([[-1e-3, 1e-3]], dtype=torch.float64)  # variance 1e-6: halved by an eps as large
    torch.testing.assert_close(layer_norm(2)(x), x / math.sqrt(2e-6))
