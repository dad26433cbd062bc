"""MaskDiT: what the encoder never saw cannot matter, and the decoder fills it in."""

import pytest
import torch

import minidit
from minidit import Keys, MiniditError, Streams
from minidit.model import MaskDiT, draw_keys
from minidit.model.maskdit import MaskToken, visible_tokens
from minidit.model.patch import patchify, unpatchify
from minidit.model.position import sincos_2d


@pytest.fixture
def model(config, general):
    made = general(config, mask=0.5)
    assert isinstance(made, MaskDiT)
    return made


def keys_of(model, batch=3):
    return draw_keys(model.config, batch, Streams(0), step=0)


def seen_by(keys):
    return [sorted(row.argsort()[:8].tolist()) for row in keys.mask]


def test_half_the_tokens_are_visible_the_lowest_keys():
    keys = torch.tensor([[0.9, 0.1, 0.5, 0.3], [0.0, 0.2, 0.4, 0.6]])
    assert visible_tokens(keys, 0.5).tolist() == [[1, 3], [0, 1]]
    assert visible_tokens(keys, 0.3).shape == (2, 2)  # int(4 * 0.7)


def test_the_mask_token_stands_at_hidden_places():
    layer = MaskToken(3)
    torch.nn.init.ones_(layer.token)
    tokens = torch.arange(1.0, 7).view(1, 2, 3) * 10
    out = layer(tokens, torch.tensor([[1, 3]]), 4)
    assert out[0].tolist() == [[1, 1, 1], [10, 20, 30], [1, 1, 1], [40, 50, 60]]


def test_the_encoder_sees_its_tokens_and_the_decoder_all_places(model, inputs):
    seen = []
    for block in [*model.blocks, *model.decoder]:
        block.register_forward_hook(lambda _, args, out: seen.append(tuple(out.shape[1:])))
    given = inputs(model.config)
    model(*given, keys=keys_of(model))
    assert seen == [(8, 16)] * 3 + [(16, 24)] * 2
    seen.clear()
    model(*given)
    assert seen == [(16, 16)] * 3 + [(16, 24)] * 2


def repaint(x, places, seed=9):
    """New pixels for the tokens at `places` of each image."""
    patches = patchify(x, 2).clone()
    for image, own in enumerate(places):
        draw = torch.Generator().manual_seed(seed + image)
        patches[image, own] = torch.randn(len(own), patches.shape[2], dtype=x.dtype, generator=draw)
    return unpatchify(patches, 2, *x.shape[2:])


@pytest.mark.parametrize("changes", [{}, {"rope": "axial"}, {"label_as": "token"}, {"placement": "post"}])
def test_hidden_pixels_cannot_matter(config, general, inputs, changes):
    model = general(config, mask=0.5, **changes)
    x, t, condition = inputs(model.config)
    keys = keys_of(model)
    visible = seen_by(keys)
    hidden = [[n for n in range(16) if n not in own] for own in visible]
    out = model(x, t, condition, keys=keys)
    assert torch.equal(model(repaint(x, hidden), t, condition, keys=keys), out)
    other = patchify(model(repaint(x, visible), t, condition, keys=keys), 2)
    before = patchify(out, 2)
    for image, own in enumerate(hidden):  # the decoder fills hidden places in from the visible ones
        assert not torch.isclose(other[image, own], before[image, own]).all(dim=1).any()


@pytest.mark.parametrize("position", ["sincos", "learned"])
def test_hidden_places_differ(config, general, inputs, position):
    model = general(config, mask=0.5, position=position)
    keys = keys_of(model)
    out = patchify(model(*inputs(model.config), keys=keys), 2)[0].detach()
    hidden = [n for n in range(16) if n not in seen_by(keys)[0]]
    gaps = torch.cdist(out[hidden], out[hidden]) + torch.eye(8)
    assert gaps.min() > 1e-4


def test_the_decoder_has_the_encoders_coordinates(config):
    model = minidit.build(config, mask=0.5, position_scale=2.0)
    assert torch.equal(model.decoder_position, sincos_2d(4, 4, 24, 2.0))
    assert torch.equal(model.position, sincos_2d(4, 4, 16, 2.0))
    learned = minidit.build(config, mask=0.5, position="learned").decoder_position
    assert learned.shape == (16, 24) and 0.01 < learned.std() < 0.03


def test_without_keys_nothing_is_hidden(model, inputs):
    given = inputs(model.config)
    out = model(*given)
    assert torch.equal(model(*given, keys=Keys()), out)
    everything = [list(range(16))] * 3
    assert not torch.isclose(model(repaint(given[0], everything), *given[1:]), out).all()
    out.square().mean().backward()
    assert model.mask_token.token.grad is None


def test_the_decoder_listens_to_the_condition_at_the_encoders_width(model):
    assert model.decoder[0].modulation.linear.weight.shape == (6 * 24, 16)
    assert model.to_decoder.linear.weight.shape == (24, 16)
    assert model.final.modulation.linear.weight.shape == (2 * 24, 16)
    assert model.final.linear.weight.shape == (2 * 2 * 4, 24)


def test_between_encoder_and_decoder_the_start_is_zero_too(config):
    model = minidit.build(config, mask=0.5)
    assert not model.to_decoder.linear.weight.any() and not model.to_decoder.modulation.linear.weight.any()
    assert 0.01 < minidit.build(config, mask=0.5, decoder_dim=240).mask_token.token.std() < 0.03


def test_features_are_asked_for_without_keys(model, inputs):
    given = inputs(model.config)
    _, features = model(*given, keep=(3,))
    assert features[3].shape == (3, 16, 16)
    with pytest.raises(MiniditError, match="the encoder sees some tokens only"):
        model(*given, keep=(3,), keys=keys_of(model))
