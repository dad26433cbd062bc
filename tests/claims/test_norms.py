"""Norms of a step of training against `backward`, and the trap of the zero head."""

import copy

import pytest
import torch

import minidit
from minidit import TrainState
from minidit.claims.norms import apart, norms_readout
from minidit.claims.readouts import measure
from minidit.claims.trained import Trained
from minidit.training.loop import draw_step

ARMS = {
    "plain": {},
    "skipping": {"model.route": "1-2@0.5", "model.stochastic_depth": 0.4},
    "shared": {"model.modulation": "shared"},
    "post": {"model.placement": "post", "model.gate": False},
    "hybrid": {"objective": "hybrid", "model.learn_sigma": True},
    "ddt": {"model.encoder_depth": 1},
    "maskdit": {
        "model.mask": 0.5,
        "model.decoder_depth": 1,
        "model.decoder_dim": 16,
        "model.decoder_heads": 2,
    },
    "in context": {"model.label_as": "token"},
}


def a_state(tiny, **changes):
    arm = tiny.override({"model.depth": 2, "model.zero_init": "none", **changes})
    state = TrainState.create(arm)
    with torch.no_grad():
        for name, parameter in state.model.named_parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=minidit.generator(3, name)))
    return state


def slow_apart(x):
    """Image by image and channel by channel: the variance over tokens, beside the mean square."""
    images = [image.var(0, correction=0).sum().item() for image in x.double()]
    return sum(images) / (x.double() ** 2).sum().item() * x.shape[1]


@pytest.mark.parametrize("arm", ARMS)
def test_the_norms_equal_a_slow_computation(tiny, digits, arm):
    state = a_state(tiny, **ARMS[arm])
    values = measure(["norms"], Trained(state, digits, None))
    network, returned = copy.deepcopy(state.model), {}
    for k, block in enumerate(network.blocks, start=1):
        block.register_forward_hook(lambda module, given, out, k=k: returned.update({k: out.detach()}))
    n = len(digits.train)
    batch = digits.train.at(torch.tensor([k * n // 128 for k in range(128)]))
    draw = draw_step(state.experiment, batch, minidit.Streams(-1), 0)
    state.experiment.objective.loss(network, batch, draw).total.backward()
    expected = {}
    for k, block in enumerate(network.blocks, start=1):
        squares = sum((p.grad**2).sum().item() for p in block.parameters() if p.grad is not None)
        expected[f"norms.gradient.block{k}"] = squares**0.5
        expected[f"norms.activation.block{k}"] = (returned[k] ** 2).mean().item() ** 0.5
        expected[f"norms.apart.block{k}"] = slow_apart(returned[k])
    assert values == pytest.approx(expected, rel=1e-5) and min(values.values()) > 0


def test_tokens_that_are_alike_are_not_apart():
    same = torch.randn(3, 1, 5, generator=minidit.generator(0, "same")).expand(3, 4, 5)
    assert apart(same) == pytest.approx(0, abs=1e-12) and apart(torch.zeros(2, 3, 4)) == 0
    opposite = torch.cat([same[:, :2], -same[:, :2]], dim=1)
    assert apart(opposite) == pytest.approx(1)  # their mean is 0


def test_a_head_of_zeros_passes_nothing_back_at_step_0(tiny, digits):
    def gradients(zero_init):
        values = norms_readout(TrainState.create(tiny.override({"model.zero_init": zero_init})), digits)
        return {key: value for key, value in values.items() if key.startswith("gradient")}

    assert gradients("both") == gradients("head") == {"gradient.block1": 0, "gradient.block2": 0}
    assert all(value > 0 for value in gradients("none").values())
    assert all(value > 0 for value in gradients("gates").values())


def test_the_weights_in_training_are_read_and_the_run_is_left_as_it_is(tiny, digits):
    state, untouched = a_state(tiny), a_state(tiny)
    first = measure(["norms"], Trained(state, digits, None))
    with torch.no_grad():
        for parameter in state.ema.parameters():
            parameter.add_(1)
    assert measure(["norms"], Trained(state, digits, None)) == first
    assert all(parameter.grad is None for parameter in state.model.parameters())
    assert not any(block._forward_hooks for block in state.model.blocks)
    for run in (state, untouched):
        list(minidit.train(run, digits, until=3))
    ours, theirs = state.model.state_dict(), untouched.model.state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    assert measure(["norms"], Trained(state, digits, None)) != first


def test_the_seed_and_the_step_of_a_run_do_not_change_the_draws(tiny, digits):
    state = a_state(tiny)
    first = norms_readout(state, digits)
    state.seed, state.step = 7, 5
    assert norms_readout(state, digits) == first
