"""Time, label and text, each told in each way, and the null of each."""

import math

import pytest
import torch

import minidit
from minidit import Condition
from minidit.model.conditioning import TimestepEmbedding, Tokens, join, sort_out, timestep_features

WAYS = ("modulation", "token", "cross_attention")
X = torch.randn(3, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
T = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64)
LABELS = torch.tensor([0, 3, 4])
DROP = torch.tensor([False, True, False])


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def told(name, way, general, config, **more):
    """A network that is told `name` by `way`, and the other things by modulation or not at all."""
    ways = {"time_as": "modulation", "label_as": "none", "text_as": "none"} | {f"{name}_as": way}
    if ways["time_as"] != "modulation":
        more["modulation"] = "none"
    return general(config, **ways, text_dim=6 if name == "text" else 0, **more)


@pytest.mark.parametrize("period", [10_000.0, 10.0])
def test_features_are_cosines_then_sines_of_falling_frequencies(period):
    t = torch.tensor([0.0, 0.5, 3.0], dtype=torch.float64)
    turns = [[moment * period ** (-k / 128) for k in range(128)] for moment in t.tolist()]
    slow = torch.tensor([[f(turn) for f in (math.cos, math.sin) for turn in row] for row in turns])
    torch.testing.assert_close(timestep_features(t, period=period), slow.float(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"scale": 1000.0}, [0.0, 250.0, 1000.0]),
        ({"scale": 1.0}, [0.0, 0.25, 1.0]),  # SiT's weights
        ({"scale": -1000.0, "offset": 999.0}, [999.0, 749.0, -1.0]),  # DiT's: step 999 is our noise
    ],
)
def test_the_clock(settings, seen):
    layer = TimestepEmbedding(16, **settings)
    hidden = torch.nn.functional.silu(layer.up(timestep_features(torch.tensor(seen))))
    torch.testing.assert_close(layer(torch.tensor([0.0, 0.25, 1.0])), layer.down(hidden))


@pytest.mark.parametrize("way", WAYS)
def test_time_is_heard(way, general, config):
    model = told("time", way, general, config)
    assert not torch.allclose(model(X, T), model(X, T.flip(0)), rtol=1e-3)


def test_without_time_the_network_is_blind_to_it(general, config):
    model = general(config, time_as="none")
    assert model.time is None and torch.equal(model(X, T, LABELS), model(X, T.flip(0), LABELS))


@pytest.mark.parametrize("way", WAYS)
def test_labels_are_heard_and_dropped_ones_are_null(way, general, config):
    model = told("label", way, general, config)
    out = model(X, T, LABELS)
    assert torch.equal(model(X, T, Condition(labels=LABELS)), out)
    dropped = model(X, T, Condition(labels=LABELS, drop=DROP))
    null = model(X, T, torch.full((3,), 5))
    assert torch.equal(model(X, T), null) and torch.equal(model(X, T, Condition()), null)
    torch.testing.assert_close(dropped[1], null[1])
    torch.testing.assert_close(dropped[[0, 2]], out[[0, 2]])
    assert all(not torch.allclose(out[image], null[image], rtol=1e-3) for image in range(3))


def captions(way):
    text, mask = draw(3, 4, 6, seed=1), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]) > 0
    if way == "modulation":
        return {"pooled": text[:, 0]}
    return {"text": text, "text_mask": mask}


@pytest.mark.parametrize("way", WAYS)
def test_captions_are_heard_and_dropped_ones_are_null_whatever_their_padding(way, general, config):
    model = told("text", way, general, config, rope="axial")
    given = captions(way)
    out, null = model(X, T, Condition(**given)), model(X, T)
    dropped = model(X, T, Condition(**given, drop=DROP))
    torch.testing.assert_close(dropped[1], null[1])
    torch.testing.assert_close(dropped[[0, 2]], out[[0, 2]])
    assert all(not torch.allclose(out[image], null[image], rtol=1e-3) for image in range(3))
    everything = model(X, T, Condition(**given, drop=torch.tensor([True] * 3)))
    torch.testing.assert_close(everything, null)
    if way != "modulation":
        given["text_mask"] = torch.tensor([[True] * 4, [False] * 4, [True] * 4])  # not one real token
        torch.testing.assert_close(model(X, T, Condition(**given, drop=DROP))[1], null[1])
        unmasked = model(X, T, Condition(text=given["text"], drop=DROP))
        torch.testing.assert_close(unmasked[1], null[1])


@pytest.mark.parametrize("way", ["token", "cross_attention"])
def test_padding_is_as_if_it_were_not_there(way, general, config):
    model = told("text", way, general, config)
    given = captions(way)
    out = model(X, T, Condition(**given))
    for image, length in enumerate((2, 3, 4)):
        short = Condition(text=given["text"][image : image + 1, :length])
        torch.testing.assert_close(model(X[image : image + 1], T[image : image + 1], short)[0], out[image])
    given["text"] = given["text"].masked_fill(~given["text_mask"][..., None], 1e3)
    torch.testing.assert_close(model(X, T, Condition(**given)), out)


def test_a_pooled_caption_is_projected_like_a_token_and_added(general, config):
    model = told("text", "modulation", general, config)
    pooled = draw(3, 6)
    heard = []
    model.blocks[0].register_forward_pre_hook(lambda _, args: heard.append(args[1].c))
    model(X, T, Condition(pooled=pooled))
    expected = torch.nn.functional.silu(model.time(T) + model.text.project(pooled))
    torch.testing.assert_close(heard[0][:, 0], expected)


def test_tokens_in_context_stand_before_the_image_and_are_cut_off_after(general, config):
    model = general(
        config,
        time_as="token",
        label_as="token",
        text_as="token",
        text_dim=6,
        modulation="none",
        rope="axial",
    )
    entered = []
    model.blocks[0].register_forward_pre_hook(lambda _, args: entered.append(args))
    condition = Condition(labels=LABELS, **captions("token"))
    out, features = model(X, T, condition, keep=(3,))
    tokens, given = entered[0]
    assert tokens.shape == (3, 1 + 1 + 4 + 16, 16) and features[3].shape == (3, 16, 16)
    torch.testing.assert_close(tokens[:, 0], model.time(T))
    torch.testing.assert_close(tokens[:, 1], model.label(LABELS, None))
    torch.testing.assert_close(tokens[:, 2:6], model.text.project(condition.text))
    assert given.mask.shape == (3, 1, 1, 22)
    assert torch.equal(given.mask[:, 0, 0, 2:6], condition.text_mask)
    assert given.mask[:, 0, 0, :2].all() and given.mask[:, 0, 0, 6:].all()
    assert given.c is None and out.isfinite().all()


def test_one_sequence_of_several():
    one, two = torch.zeros(2, 1, 3), torch.ones(2, 2, 3)
    mask = torch.tensor([[True, False], [True, True]])
    both = join([Tokens(one), Tokens(two, mask)])
    assert torch.equal(both.x, torch.cat([one, two], dim=1))
    assert both.mask.tolist() == [[True, True, False], [True, True, True]]
    assert join([Tokens(one), Tokens(two)]).mask is None and join([]) is None


def test_what_is_told_by_modulation_is_summed():
    said = {name: Tokens(torch.full((2, 1, 3), value)) for name, value in (("time", 1.0), ("label", 2.0))}
    told = sort_out(said, {"time": "modulation", "label": "modulation"})
    assert torch.equal(told.vector, torch.full((2, 1, 3), 3.0)) and torch.equal(told.time, said["time"].x)
    assert told.prefix is None and told.context is None
    apart = sort_out(said, {"time": "token", "label": "cross_attention"})
    assert apart.vector is None and torch.equal(apart.prefix.x, said["time"].x)
    assert torch.equal(apart.context.x, said["label"].x)


def test_the_null_rows(config):
    model = minidit.build(config, text_as="cross_attention", text_dim=6)
    assert model.label.table.weight.shape == (5 + 1, 16) and model.label.null == 5
    assert model.text.null.shape == (6,)
