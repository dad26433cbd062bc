"""Stochastic depth: samples skip blocks, and on average nothing changes."""

import pytest
import torch

import minidit
from minidit import Keys
from minidit.model.block import Given, skip_samples


@pytest.fixture
def block(config, general):
    return general(config).blocks[1]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_mean_over_keys_is_the_whole_block(block):
    many, rate = 4000, 0.3
    x, c = draw(1, 4, 16).expand(many, -1, -1), draw(1, 1, 16).expand(many, -1, -1)
    keys = torch.rand(many, generator=minidit.generator(0, "depth"))
    out = skip_samples(block, x, Given(c=c), keys, rate)
    whole = block(x[:1], Given(c=c[:1]))
    # a sample takes effect / 0.7 with chance 0.7: its standard deviation is effect * sqrt(0.3 / 0.7)
    error = (out.mean(0) - whole[0]).abs() / (whole - x[:1])[0].abs()
    assert error.max() < 5 * (rate / (1 - rate) / many) ** 0.5
    alive = keys >= rate
    assert torch.equal(out[~alive], x[~alive])
    expected = x[0] + (whole[0] - x[0]) / (1 - rate)
    torch.testing.assert_close(out[alive][0], expected)


def test_only_survivors_are_computed_each_with_its_own_condition(block):
    counts = []
    block.register_forward_hook(lambda _, args, out: counts.append(len(out)))
    x, c, rotation = draw(4, 3, 16), draw(4, 1, 16, seed=1), draw(2, 4, 1, 3, 4, seed=2)
    given = Given(c=c, rotation=rotation)
    out = skip_samples(block, x, given, torch.tensor([0.1, 0.5, 0.2, 0.9]), 0.5)
    assert counts == [2], "a key equal to the rate survives"
    for image in (1, 3):
        own = Given(c=c[image : image + 1], rotation=rotation[:, image : image + 1])
        torch.testing.assert_close(out[image], torch.lerp(x[image], block(x[image : image + 1], own)[0], 2.0))


def test_no_survivor_and_no_work(block):
    counts = []
    block.register_forward_hook(lambda *_: counts.append(1))
    x = draw(2, 3, 16)
    assert torch.equal(skip_samples(block, x, Given(c=draw(2, 1, 16)), torch.zeros(2), 0.5), x)
    assert counts == []


def test_no_rate_is_the_block_itself(block):
    x, given = draw(2, 3, 16), Given(c=draw(2, 1, 16))
    assert torch.equal(skip_samples(block, x, given, torch.zeros(2), 0.0), block(x, given))


def test_the_rate_grows_from_block_to_block(config, general, inputs):
    model, counts = general(config, depth=4, stochastic_depth=0.4), []
    for part in model.blocks:
        part.register_forward_hook(lambda _, args, out: counts.append(len(out)))
    x, t, condition = inputs(config, batch=5)
    keys = torch.tensor([0.05, 0.15, 0.25, 0.35, 0.45])[:, None].expand(5, 4)  # rates .1, .2, .3, .4
    model(x, t, condition, keys=Keys(depth=keys))
    assert counts == [4, 3, 2, 1]
    counts.clear()
    model(x, t, condition)
    assert counts == [5, 5, 5, 5]


def test_a_batch_that_skips_everything_still_has_an_output_and_gradients(config, general, inputs):
    model = general(config, stochastic_depth=0.9)
    x, t, condition = inputs(config)
    out = model(x, t, condition, keys=Keys(depth=torch.zeros(3, 3)))
    out.square().mean().backward()
    assert model.patch.weight.grad.any() and model.blocks[0].mlp.up.weight.grad is None
