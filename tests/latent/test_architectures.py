"""The published networks, counted; no weights, nothing allocated."""

import pytest
import torch

from minidit import MiniditError
from minidit.latent import ARCHITECTURES, architecture

# parameters, channels of a latent, pixels along a side for one; counted on the authors' own networks
PUBLISHED = {
    "sd-vae": (34_163_592 + 49_490_179 + 72 + 20, 4, 8),
    "va-vae": (69_836_067, 32, 16),
    "taesd": (1_222_532 + 1_222_531, 4, 8),
    "taef2": (1_338_528 + 1_338_499, 32, 8),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_channels_and_factor(name):
    coder = architecture(name)
    network = getattr(coder, "network", coder)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert (counted, coder.channels, coder.factor) == PUBLISHED[name]
    assert coder.name == name and coder.image_channels == 3
    assert all(parameter.is_meta for parameter in network.parameters())
    images = torch.empty(1, 3, 32, 64, device="meta")
    side = coder.factor
    assert coder.encode(images).shape == (1, coder.channels, 32 // side, 64 // side)
    assert coder.decode(coder.encode(images)).shape == images.shape


def test_va_vae_attends_where_latent_diffusion_does():
    """At 16 x 16: after each block of the lowest level, and in the middle; 2 + 1 and 3 + 1."""
    network = architecture("va-vae").network
    for part, number in ((network.encoder, 3), (network.decoder, 4)):
        assert sum(type(module).__name__ == "Attention" for module in part.modules()) == number
    assert network.quant_conv.weight.shape == (64, 64, 1, 1)
    assert network.post_quant_conv.weight.shape == (32, 32, 1, 1)


def test_the_scale_is_that_of_the_published_configuration():
    assert (architecture("sd-vae").scale, architecture("sd-vae").shift) == (0.18215, 0)
    assert (architecture("va-vae").scale, architecture("va-vae").shift) == (1, 0)


def test_an_unknown_name_is_refused():
    with pytest.raises(MiniditError, match=r"called 'vavae'\. Did you mean va-vae\?"):
        architecture("vavae")
