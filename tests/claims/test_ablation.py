"""A silent branch against a network whose branch was emptied by hand."""

import copy
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from minidit import MiniditError
from minidit.claims.readouts import measure
from minidit.claims.trained import Trained
from minidit.measure.ablation import ablation_readout, silenced

sys.path.insert(0, str(Path(__file__).parent))  # the other tests stand beside this one
from test_branches import a_state, inputs

LAST = {"attention": lambda block: block.attention.out, "mlp": lambda block: block.mlp.down}


def emptied(network, part, blocks):
    """A copy in which the last layer of the branch is 0."""
    other = copy.deepcopy(network)
    for number in blocks:
        for parameter in LAST[part](other.blocks[number - 1]).parameters():
            nn.init.zeros_(parameter)
    return other


@pytest.mark.parametrize("part", ["attention", "mlp"])
@pytest.mark.parametrize("placement", ["pre", "post", "sandwich"])
def test_a_silent_branch_adds_nothing(tiny, digits, placement, part):
    network = a_state(tiny, placement=placement).ema.module.eval()
    alone = network(*inputs(digits))
    for blocks in (None, [2]):
        with silenced(network, part, blocks):
            silent = network(*inputs(digits))
        expected = emptied(network, part, blocks or [1, 2])(*inputs(digits))
        torch.testing.assert_close(silent, expected)
        assert not torch.allclose(silent, alone)
    assert torch.equal(network(*inputs(digits)), alone)
    assert not any(module._forward_hooks for module in network.modules())


def test_a_block_without_both_branches_returns_its_tokens(tiny, digits):
    """Also behind a sandwich's second norm, whose own bias must not be added."""
    network = a_state(tiny, placement="sandwich", norm_affine=True).ema.module.eval()
    seen = {}
    network.blocks[0].register_forward_hook(lambda module, given, out: seen.update(given=given[0], out=out))
    with silenced(network, "attention"), silenced(network, "mlp"):
        network(*inputs(digits))
    assert torch.equal(seen["given"], seen["out"])


def test_the_readout_is_the_growth_of_the_error(tiny, digits):
    state = a_state(tiny)
    network, flow = state.ema.module.eval(), state.experiment.objective.flow
    values = ablation_readout(flow, network, digits)
    assert set(values) == {f"{part}{at}" for part in LAST for at in ("", ".block1", ".block2")}
    # the emptied network has lost its attention: the error that it has is the grown one
    lost = ablation_readout(flow, emptied(network, "attention", [1, 2]), digits)
    assert lost["attention"] == pytest.approx(0, abs=1e-4)
    both = (1 + values["attention"] / 100) * (1 + lost["mlp"] / 100)
    silent = emptied(network, "mlp", [1, 2])
    other = (1 + values["mlp"] / 100) * (1 + ablation_readout(flow, silent, digits)["attention"] / 100)
    assert both == pytest.approx(other, rel=1e-4)  # in whatever order the two are taken out
    assert measure(["ablation"], Trained(state, digits))["ablation.mlp.block1"] == values["mlp.block1"]


def test_what_cannot_be_silenced_is_refused(tiny):
    network = a_state(tiny).ema.module
    with pytest.raises(MiniditError, match="it must be one of: attention, mlp"), silenced(network, "gate"):
        pass
    with (
        pytest.raises(MiniditError, match=r"no block 3; .* has 1 to 2"),
        silenced(network, "mlp", [3]),
    ):
        pass
