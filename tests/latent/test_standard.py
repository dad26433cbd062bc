"""Statistics of latents: per channel, exact both ways."""

import pytest
import torch

from minidit.errors import MiniditError
from minidit.latent.standard import Standard


def latents():
    torch.manual_seed(0)
    scale, shift = torch.tensor([0.1, 5.0, 1.0]), torch.tensor([3.0, -2.0, 0.0])
    return torch.randn(64, 3, 5, 4) * scale[:, None, None] + shift[:, None, None]


def test_every_channel_has_mean_0_and_deviation_1():
    x = latents()
    made = Standard.of(x).apply(x)
    assert torch.allclose(made.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(made.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_the_way_back_is_exact():
    x = latents()
    standard = Standard.of(x)
    assert torch.allclose(standard.invert(standard.apply(x)), x, atol=1e-5)


def test_images_keep_what_makes_them_different():
    x = latents()
    made = Standard.of(x).apply(x)
    assert made.mean((2, 3)).std() > 0.1  # a standard of each image would make this 0


def test_a_silent_channel_is_named():
    x = latents()
    x[:, 1] = 0.3
    with pytest.raises(MiniditError, match="Channel 1"):
        Standard.of(x)
