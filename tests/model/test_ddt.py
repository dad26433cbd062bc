"""DDT: an encoder's word modulates a decoder, token by token."""

import pytest
import torch
import torch.nn.functional as F

import minidit
from minidit import Streams
from minidit.model import DDT, draw_keys


@pytest.fixture
def model(config, general):
    made = general(config, depth=4, encoder_depth=3, rope="ddt", position="none", qk_norm=True)
    assert isinstance(made, DDT)
    return made


def test_encoding_and_decoding_is_a_forward_pass(model, inputs):
    x, t, condition = inputs(model.config)
    s = model.encode(x, t, condition)
    assert s.shape == (3, 16, 16)
    assert torch.equal(model.decode(x, s), model(x, t, condition))


def test_the_word_of_another_step_may_be_used(model, inputs):
    x, t, condition = inputs(model.config)
    old = model.encode(x, t, condition)
    other = model.decode(x + 0.1, old)
    assert other.shape == (3, 4, 8, 8)
    assert not torch.allclose(other, model(x + 0.1, t, condition))
    assert not torch.allclose(other, model(x, t, condition))


def test_the_word_is_the_silu_of_time_plus_what_the_encoder_says(model, inputs):
    x, t, condition = inputs(model.config)
    said = []
    model.blocks[2].register_forward_hook(lambda _, args, out: said.append(out))
    s = model.encode(x, t, condition)
    torch.testing.assert_close(s, F.silu(model.time(t)[:, None] + said[0]))


def test_every_token_is_modulated_by_its_own_word(model, inputs):
    x, t, condition = inputs(model.config)
    s, entered = model.encode(x, t, condition), []
    model.blocks[3].register_forward_pre_hook(lambda _, args: entered.append(args[1].c))
    model.blocks[0].register_forward_pre_hook(lambda _, args: entered.append(args[1].c))
    model(x, t, condition)
    assert entered[0].shape == (3, 1, 16), "the encoder is told by one vector"
    torch.testing.assert_close(
        entered[0][:, 0], F.silu(model.time(t) + model.label(condition.labels, condition.drop))
    )
    assert torch.equal(entered[1], s)
    changed = s.clone()
    changed[:, 5] += 1
    one, two = (model.blocks[3].modulation(word) for word in (s, changed))
    for before, after in zip(one, two, strict=True):
        same = torch.isclose(before, after).all(dim=2).all(dim=0)
        assert same.tolist() == [token != 5 for token in range(16)]


def test_encoder_and_decoder_read_the_image_through_layers_of_their_own(model, inputs):
    x, t, condition = inputs(model.config)
    s = model.encode(x, t, condition)
    with torch.no_grad():
        model.patch.weight.zero_()
    assert torch.equal(model.encode(x, t, condition), s)
    torch.testing.assert_close(model.decode(x, s), model.decode(0 * x, s))


def test_blocks_are_numbered_through(model, inputs):
    given = inputs(model.config)
    out, features = model(*given, keep=(1, 3, 4))
    assert list(features) == [1, 3, 4] and torch.equal(out, model(*given))
    torch.testing.assert_close(
        F.silu(model.time(given[1])[:, None] + features[3]), model.encode(*given), rtol=0, atol=0
    )


@pytest.mark.parametrize(
    ("route", "counts"), [("2-3@0.5", [16, 8, 8, 16, 16]), ("4-5@0.5", [16] * 3 + [8] * 2)]
)
def test_a_route_in_either_half(config, general, inputs, route, counts):
    model = general(config, depth=5, encoder_depth=3, rope="ddt", route=route)
    keys, seen, words = draw_keys(model.config, 3, Streams(0), step=0), [], []
    for block in model.blocks:
        block.register_forward_pre_hook(
            lambda _, args: (seen.append(args[0]), words.append(args[1].c)) and None
        )
    model(*inputs(model.config), keys=keys)
    assert [x.shape[1] for x in seen] == counts
    if route == "4-5@0.5":  # the tokens that run take their own words along
        ran = keys.route[:, 0].argsort(dim=1)[:, :8].sort(dim=1).values
        s = model.encode(*inputs(model.config))
        for image in range(3):
            assert torch.equal(words[3][image], s[image, ran[image]])


def test_the_last_norm_is_layer_norm_without_gain_whatever_the_blocks_have(config):
    model = minidit.build(config, encoder_depth=2, norm="rms", norm_affine=True)
    assert type(model.final.norm) is torch.nn.LayerNorm and model.final.norm.weight is None
    plain = minidit.build(config, norm="rms", norm_affine=True)
    assert plain.final.norm.weight is not None
