"""The branches against formulas written out, and against blocks of which one branch is silent."""

import copy

import pytest
import torch
from torch import nn

import minidit
from minidit import TrainState
from minidit.claims.readouts import measure
from minidit.claims.trained import Trained
from minidit.measure.branches import watch_branches

ARMS = {
    "dit": {},
    "rms": {"norm": "rms", "norm_affine": True},
    "no gate": {"gate": False},
    "shared": {"modulation": "shared"},
    "shared, no gate": {"modulation": "shared", "gate": False},
    "in context": {"modulation": "none", "label_as": "token", "time_as": "token"},
    "in context, no gate": {"modulation": "none", "label_as": "token", "time_as": "token", "gate": False},
    "cross": {"label_as": "cross_attention"},
    "residual scale": {"residual_scale": 0.3},
    "residual scale, no gate": {"residual_scale": 0.3, "gate": False},
    "ddt": {"encoder_depth": 1},
    "swiglu": {"mlp": "swiglu", "rope": "axial", "qk_norm": True},
    "maskdit": {"mask": 0.5, "decoder_depth": 1, "decoder_dim": 16, "decoder_heads": 2},
}
PLACEMENTS = ("pre", "post", "sandwich")


def a_state(tiny, **changes):
    """A run in general position: no gate is 0, no branch is silent."""
    arm = tiny.override({f"model.{key}": value for key, value in changes.items()})
    state = TrainState.create(arm)
    with torch.no_grad():
        for name, parameter in state.ema.module.named_parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=minidit.generator(3, name)))
    return state


def inputs(digits, n=6):
    x = torch.randn(n, 1, 8, 8, generator=minidit.generator(0, "x"))
    return x, torch.linspace(0.1, 0.9, n), digits.train.labels[:n]


def size(x):
    return sum(value**2 for value in x.flatten().tolist()) ** 0.5 / x.numel() ** 0.5


def by_hand(block, x, given, tokens):
    """Gate, branch and update of attention and of the MLP, from the words of DESIGN."""
    parts = [] if block.modulation is None else list(block.modulation(given.c))
    shift, scale, gate = [None, None], [None, None], [torch.ones(()), torch.ones(())]
    for k in (0, 1):
        if block.modulated:
            shift[k], scale[k] = parts.pop(0), parts.pop(0)
        if block.gated:
            gate[k] = parts.pop(0)
        gate[k] = block.residual_scale * gate[k]
    layers = (lambda y: block.attention(y, given.rotation, given.mask)), block.mlp
    found = []
    for k, (f, norms) in enumerate(zip(layers, (block.attention_norms, block.mlp_norms), strict=True)):
        kind = block.place.__name__
        y = x if kind == "post" else norms[0](x)
        y = y if shift[k] is None else y * (1 + scale[k]) + shift[k]
        y = norms[1](f(y)) if kind == "sandwich" else f(y)
        found.append((size(gate[k]), size(y[:, -tokens:]), size((gate[k] * y)[:, -tokens:])))
        x = norms[0](x + gate[k] * y) if kind == "post" else x + gate[k] * y
        if k == 0 and block.cross is not None:
            x = x + block.residual_scale * block.cross(x, given.context, given.context_mask)
    return found, x


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("arm", ARMS)
def test_the_sizes_are_those_of_the_formulas(tiny, digits, arm, placement):
    network = a_state(tiny, placement=placement, **ARMS[arm]).ema.module.eval()
    entered, returned = {}, {}
    for k, block in enumerate(network.blocks, start=1):
        block.register_forward_pre_hook(lambda module, given, k=k: entered.update({k: given}))
        block.register_forward_hook(lambda module, given, out, k=k: returned.update({k: out}))
    with torch.no_grad(), watch_branches(network) as seen:
        network(*inputs(digits))
    assert set(seen) == {1, 2}
    with torch.no_grad():
        for k, block in enumerate(network.blocks, start=1):
            found, x = by_hand(block, *entered[k], network.config.tokens)
            torch.testing.assert_close(x, returned[k], rtol=1e-4, atol=1e-4)  # the formulas are the block's
            assert tuple(seen[k]["attention"]) == pytest.approx(found[0], rel=1e-4)
            assert tuple(seen[k]["mlp"]) == pytest.approx(found[1], rel=1e-4)
            assert ("cross" in seen[k]) == (arm == "cross")


@pytest.mark.parametrize("placement", ["pre", "sandwich"])
@pytest.mark.parametrize("gate", [True, False])
def test_an_update_is_what_is_missing_without_its_branch(tiny, digits, placement, gate):
    network = a_state(tiny, placement=placement, gate=gate, depth=1).ema.module.eval()
    silent = copy.deepcopy(network)
    kept = {}
    for name, one in (("whole", network), ("silent", silent)):
        one.blocks[0].register_forward_hook(
            lambda module, given, out, name=name: kept.update({name: (given[0], out)})
        )
    nn.init.zeros_(silent.blocks[0].mlp.down.weight)
    nn.init.zeros_(silent.blocks[0].mlp.down.bias)
    with torch.no_grad(), watch_branches(network) as seen:
        network(*inputs(digits))
        silent(*inputs(digits))
    before, attended = kept["silent"]
    assert seen[1]["attention"].update == pytest.approx(size(attended - before), rel=1e-4)
    assert seen[1]["mlp"].update == pytest.approx(size(kept["whole"][1] - attended), rel=1e-4)


@pytest.mark.parametrize("arm", ARMS)
def test_watching_changes_no_bit_and_leaves_nothing_behind(tiny, digits, arm):
    network = a_state(tiny, **ARMS[arm]).ema.module.eval()
    alone = network(*inputs(digits))
    with watch_branches(network) as seen:
        watched = network(*inputs(digits))
    assert torch.equal(alone, watched) and seen
    assert not any(module._forward_hooks for module in network.modules())
    with pytest.raises(minidit.MiniditError), watch_branches(network):
        network(*inputs(digits)[:1], torch.zeros(3))
    assert not any(module._forward_hooks for module in network.modules())


def test_the_readout_is_that_of_fixed_images_at_three_times(tiny, digits):
    state = a_state(tiny)
    asked = []
    handle = state.ema.module.register_forward_pre_hook(lambda module, given: asked.append(given))
    values = measure(["branches"], Trained(state, digits, None))
    handle.remove()
    held, n = digits.held_out, len(digits.held_out)
    places = torch.tensor([k * n // 128 for k in range(128)])
    noises = []
    for time, (x, t, condition) in zip((0.1, 0.5, 0.9), asked, strict=True):
        assert t.tolist() == pytest.approx([time] * 128)
        assert torch.equal(condition.labels, held.labels[places]) and condition.drop is None
        noises.append((x - time * held.x[places]) / (1 - time))
        with torch.no_grad(), watch_branches(state.ema.module) as seen:
            state.ema.module(x, t, condition)
        for k in (1, 2):
            attention, mlp = seen[k]["attention"], seen[k]["mlp"]
            share = attention.update / (attention.update + mlp.update)
            assert values[f"branches.attention_share.block{k}.t{time}"] == pytest.approx(share)
            assert values[f"branches.gate.attention.block{k}.t{time}"] == attention.gate
            assert values[f"branches.branch.mlp.block{k}.t{time}"] == mlp.branch
            assert values[f"branches.update.mlp.block{k}.t{time}"] == mlp.update
    torch.testing.assert_close(noises[0], noises[2], atol=1e-4, rtol=0)
    assert abs(noises[0].mean()) < 0.05 and abs(noises[0].std() - 1) < 0.05
    shares = [value for key, value in values.items() if key.startswith("branches.attention_share.")]
    assert values["branches.attention_share"] == pytest.approx(sum(shares) / 6)
    assert len(values) == 3 * 2 * 7 + 1


def test_a_gate_alone_misleads(tiny, digits):
    """The MLP with the smaller gate moves more, because its branch is larger."""
    state = a_state(tiny, modulation="none", depth=1, time_as="token", label_as="token")
    block = state.ema.module.blocks[0]
    with torch.no_grad():
        block.modulation.gates.copy_(torch.tensor([[0.5], [0.1]]).expand(2, 16))
        block.mlp.down.weight.mul_(100)
    values = measure(["branches"], Trained(state, digits, None))
    at = "block1.t0.5"
    assert values[f"branches.gate.attention.{at}"] > values[f"branches.gate.mlp.{at}"]
    assert values[f"branches.attention_share.{at}"] < 0.2


def test_where_nothing_moves_there_is_no_share(tiny, digits):
    values = measure(["branches"], Trained(TrainState.create(tiny), digits, None))  # adaLN-Zero at step 0
    assert values["branches.update.attention.block1.t0.5"] == 0 < values["branches.branch.mlp.block2.t0.9"]
    assert not any("share" in key for key in values)


def test_cross_attention_is_a_branch_of_its_own(tiny, digits):
    values = measure(["branches"], Trained(a_state(tiny, label_as="cross_attention"), digits, None))
    assert values["branches.update.cross.block1.t0.1"] == values["branches.branch.cross.block1.t0.1"] > 0
