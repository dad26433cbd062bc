"""What an autoencoder keeps is read by a judge that sees in layers."""

import torch

from minidit.latent.loss import perceptual_distance
from minidit.measure import Judge
from minidit.measure.judge import Reader


def test_a_judge_shows_what_each_convolution_sees():
    torch.manual_seed(0)
    judge = Judge(Reader(3, 32, 5).eval())
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    maps = judge.layers(x)
    assert [tuple(one.shape) for one in maps] == [(2, 32, 16, 16), (2, 64, 8, 8), (2, 64, 4, 4)]
    assert all(one.min() >= 0 for one in maps)  # after the bend
    perceptual_distance(judge.layers, x, torch.rand(2, 3, 32, 32)).backward()
    assert x.grad.abs().sum() > 0


def test_the_last_layer_is_what_its_features_are_made_of():
    torch.manual_seed(0)
    judge = Judge(Reader(1, 8, 10).eval())
    x = torch.rand(3, 1, 8, 8)
    *_, flatten, linear, bend = judge.reader.features
    assert torch.equal(bend(linear(flatten(judge.layers(x)[-1]))), judge.features(x))
    assert torch.equal(judge.to("cpu").features(x), judge.features(x))
