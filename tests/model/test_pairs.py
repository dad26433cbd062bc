"""Every pair of settings that may stand together, in a few dozen tiny networks, against the slow network."""

import json
import random
import sys
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import torch

import minidit
from minidit import Condition, Experiment, Keys, MiniditError, ModelConfig, Streams
from minidit.model import draw_keys

sys.path.insert(0, str(Path(__file__).parent))  # the slow code stands beside its tests
from slow_network import network as slow_network

SMALL = {"in_channels": 2, "dim": 16, "depth": 6, "heads": 2, "num_classes": 5, "time_scale": 10.0}
SMALL |= {"decoder_depth": 1, "decoder_dim": 24, "decoder_heads": 3}
AXES = {
    "norm, norm_affine": [
        *(("layer", True), ("layer", False), ("rms", True), ("rms", False)),
        *(("ada", False), ("detach", False), ("none", False)),
    ],
    "placement": ["pre", "post", "sandwich"],
    "residual_scale": [1.0, 0.3],
    "modulation": ["per_block", "shared", "none"],
    "gate": [True, False],
    "zero_init": ["none", "gates", "head", "both"],
    "time_as": ["modulation", "token", "cross_attention", "none"],
    "label_as": ["modulation", "token", "cross_attention", "none"],
    "text_as": ["modulation", "token", "cross_attention", "none"],
    "mlp": ["gelu", "swiglu"],
    "position": ["sincos", "learned", "none"],
    "rope": ["none", "axial", "ddt"],
    "qk_norm": [False, True, "layer"],
    "qkv_bias": [True, False],
    "mlp_bias": [True, False],
    "patch_size": [1, 2],
    "route": ["none", "tread", "2-3@0.5", "1-2@0.25,5-5@0.7"],
    "stochastic_depth": [0.0, 0.4],
    "mask": [0.0, 0.5],
    "encoder_depth": [0, 2, 4],
    "learn_sigma": [True, False],
    "input_size": [8, (4, 6)],
}


def not_together(one, two):
    """Whether two settings (axis, value) exclude each other whatever the others are; `refuse` says why."""
    both = dict([one, two])
    told_by_modulation = "modulation" in [both.get(f"{name}_as") for name in ("time", "label", "text")]
    ddt, mask, route = both.get("encoder_depth", 0), both.get("mask", 0), both.get("route", "none")
    return any(
        [
            both.get("norm, norm_affine") == ("none", False) and both.get("placement", "pre") != "pre",
            both.get("modulation") == "none" and told_by_modulation,
            mask and both.get("modulation") == "shared",
            mask and route != "none",
            mask and ddt,
            ddt and both.get("modulation", "per_block") != "per_block",
            ddt and both.get("time_as", "modulation") != "modulation",
            ddt and both.get("label_as", "none") not in ("modulation", "none"),
            ddt and both.get("text_as", "none") != "none",
            ddt == 2 and route == "2-3@0.5",  # it would cross from the encoder into the decoder
        ]
    )


def settings(values):
    """Values by axis -> the arguments of ModelConfig."""
    norm, affine = values["norm, norm_affine"]
    others = {axis: value for axis, value in values.items() if axis != "norm, norm_affine"}
    return others | {"norm": norm, "norm_affine": affine, "text_dim": 6 if values["text_as"] != "none" else 0}


def accepted(values):
    try:
        return ModelConfig(**SMALL, **settings(values))
    except MiniditError:
        return None


def pair(one, two):
    return tuple(sorted((one, two), key=str))  # no frozenset: its order would differ from run to run


def pairs_of(values):
    return {pair(one, two) for one, two in combinations(values.items(), 2)}


def wanted_pairs():
    every = [(axis, value) for axis in AXES for value in AXES[axis]]
    return {
        pair(one, two)
        for one, two in combinations(every, 2)
        if one[0] != two[0] and not not_together(one, two)
    }


def fill(start, missing, draw):
    """Choose the other axes one by one, in random order, each so that it adds most missing pairs."""
    values = dict(start)
    for axis in draw.sample([axis for axis in AXES if axis not in values], len(AXES) - len(values)):
        here = list(values.items())
        fitting = [v for v in AXES[axis] if not any(not_together((axis, v), other) for other in here)]
        gains = {v: sum(pair((axis, v), other) in missing for other in here) for v in fitting}
        values[axis] = draw.choice([v for v in fitting if gains[v] == max(gains.values())])
    return values


def covering_array(seed):
    """Networks that hold every wanted pair between them: greedy, after Cohen et al. 1997 (AETG)."""
    draw, missing, rows = random.Random(seed), wanted_pairs(), []
    for _ in range(300):
        if not missing:
            break
        start = draw.choice(sorted(missing, key=str))
        good = [values for _ in range(4) if accepted(values := fill(start, missing, draw))]
        if good:
            rows.append(max(good, key=lambda values: len(pairs_of(values) & missing)))
            missing -= pairs_of(rows[-1])
    return rows


ROWS = covering_array(seed=0) + covering_array(seed=1)  # each pair in two networks at least
every_network = pytest.mark.parametrize("row", range(len(ROWS)))


@cache
def network(row):
    """A fresh network, its settings, and keys that leave each block at least one sample."""
    config = accepted(ROWS[row])
    keys = draw_keys(config, 3, Streams(row), step=0)
    if keys.depth is not None:
        keys.depth[0] = 0.999
    return minidit.build(config), config, keys


def test_every_pair_that_may_stand_together_does():
    wanted = wanted_pairs()
    for seed in range(2):
        rows = covering_array(seed)
        assert all(accepted(values) for values in rows)
        assert wanted <= set().union(*map(pairs_of, rows))
    assert 80 <= len(ROWS) <= 120


def test_the_pairs_left_out_are_refused_whatever_else_is_chosen():
    every = [(axis, value) for axis in AXES for value in AXES[axis]]
    draw = random.Random(2)
    excluded = [two for two in combinations(every, 2) if two[0][0] != two[1][0] and not_together(*two)]
    assert len(excluded) > 30
    for two in excluded:
        for _ in range(20):
            values = {axis: draw.choice(AXES[axis]) for axis in AXES} | dict(two)
            assert accepted(values) is None, two


@every_network
def test_the_output_has_its_shape_and_meta_the_same_parameters(row):
    model, config, _ = network(row)
    assert model.config == config
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    meta = minidit.build(config, device="meta")
    assert {name: value.shape for name, value in meta.state_dict().items()} == shapes
    assert all(value.is_meta for value in meta.parameters())


@every_network
def test_the_settings_survive_json(row):
    experiment = Experiment(model=accepted(ROWS[row]))
    assert Experiment.from_dict(json.loads(json.dumps(experiment.to_dict()))) == experiment


@every_network
def test_evaluation_repeats_itself_and_nothing_draws(row, inputs):
    _, config, keys = network(row)
    torch.manual_seed(row)
    before = torch.random.get_rng_state()
    model = minidit.build(config)
    x, t, condition = inputs(config, dtype=torch.float32)
    out = model.eval()(x, t, condition)
    assert out.shape == (3, config.out_channels, *config.image_size) and out.isfinite().all()
    assert torch.equal(model.train()(x, t, condition), out), "train() must not change an evaluation"
    routed = model(x, t, condition, keys=keys)
    assert torch.equal(model(x, t, condition, keys=keys), routed)
    routed.square().sum().backward()
    assert torch.equal(torch.random.get_rng_state(), before)


@every_network
def test_equals_the_slow_network(row, general, inputs):
    _, config, keys = network(row)
    model = general(config)
    x, t, condition = inputs(config)
    state = {name: value.detach() for name, value in model.state_dict().items()}
    for given, images in ((keys, 3), (Keys(), 1)):
        few = Condition(*(None if part is None else part[:images] for part in condition))
        expected = slow_network(state, config, x[:images], t, few, given)
        with torch.no_grad():
            out = model(x[:images], t[:images], few, keys=given)
        torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)


def never_learns(config, name):
    """Parameters whose gradient is exactly zero by their nature."""
    lonely = len(config.told_as("cross_attention")) == 1 and config.text_as != "cross_attention"
    return lonely and name.endswith(
        ("cross.q.weight", "cross.q.bias")
    )  # attention to one token is sure of it


@every_network
def test_every_parameter_learns(row, general, inputs):
    _, config, keys = network(row)
    model = general(config)
    x, t, condition = inputs(config)
    model(x, t, condition, keys=keys).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or never_learns(config, name), name


@every_network
def test_one_step_from_the_start_stays_finite(row, inputs):
    _, config, keys = network(row)
    model = minidit.build(config)
    x, t, condition = inputs(config, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    (model(x, t, condition, keys=keys) - 1).square().mean().backward()
    # without keys nothing is hidden, so the mask token is the only parameter that may be left out
    optimizer.step()
    optimizer.zero_grad()
    loss = (model(x, t, condition) - 1).square().mean()
    loss.backward()
    assert loss.isfinite() and all(parameter.isfinite().all() for parameter in model.parameters())
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert without == (["mask_token.token"] if config.mask else [])
