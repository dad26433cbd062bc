"""The ledger of autoencoders against published counts and closed forms."""

import pytest
import torch
from torch import nn

import minidit
from minidit import MiniditError
from minidit.latent import ARCHITECTURES, architecture
from minidit.measure import autoencoder_ledger
from minidit.measure.autoencoders import Way


@pytest.fixture(scope="module")
def counted():
    return {name: autoencoder_ledger(name) for name in ARCHITECTURES}


# GMACs of encode and decode at 256 x 256, attention's products included, by PyTorch's counter
@pytest.mark.parametrize(("name", "encode", "decode"), [
    ("sd-vae", 136.36, 311.09), ("va-vae", 68.97, 126.09), ("taesd", 15.29, 17.67), ("taef2", 15.41, 17.79),
])  # fmt: skip
def test_macs_are_the_published_ones(counted, name, encode, decode):
    assert counted[name].encode.macs / 1e9 == pytest.approx(encode, abs=0.005)
    assert counted[name].decode.macs / 1e9 == pytest.approx(decode, abs=0.005)
    assert counted[name].both.flops == 2 * (counted[name].encode.macs + counted[name].decode.macs)


def test_flops_of_sd_vae(counted):
    ways = counted["sd-vae"].encode, counted["sd-vae"].decode, counted["sd-vae"].both
    assert [round(way.flops / 1e9, 2) for way in ways] == [272.72, 622.19, 894.91]


def test_445_87_is_gmacs_of_both_ways_as_ptflops_counts(counted):
    """ptflops 0.6.9 and 0.7.0 print 135.490 and 310.383 GMac, and 445.874 for both."""
    encode, decode, both = counted["sd-vae"].encode, counted["sd-vae"].decode, counted["sd-vae"].both
    assert [round(way.ptflops / 1e9, 3) for way in (encode, decode, both)] == [135.490, 310.383, 445.874]
    parts = (both.convolutions, both.linears, both.biases, both.norms)
    assert [round(part / 1e9, 3) for part in parts] == [443.160, 2.147, 0.215, 0.351]
    assert round(both.layer_macs / 1e9, 2) == 445.31
    products = 2 * 1024**2 * 512  # q k^T and attention times v, of 32 x 32 places and one head of 512
    assert [way.macs - way.layer_macs for way in (encode, decode)] == [products, products]


def test_at_512_the_products_of_attention_grow_by_the_fourth_power():
    large = autoencoder_ledger("sd-vae", 512)
    assert large.both.macs / 1e9 == pytest.approx(1815.6, abs=0.05)
    assert large.encode.macs - large.encode.layer_macs == 16 * 2 * 1024**2 * 512


def test_every_parameter_works_one_way_or_the_other(counted):
    for ledger in counted.values():
        assert ledger.encode.parameters + ledger.decode.parameters == ledger.parameters
    sd = counted["sd-vae"]
    assert (sd.encode.parameters, sd.decode.parameters) == (34_163_592 + 72, 49_490_179 + 20)
    assert sd.encode.parameters < sd.decode.parameters < sd.parameters == 83_653_863


class Plain(nn.Module):
    """A network that is no Coder, with a layer for each way, and one that both share."""

    image_channels = 1

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 6, 2, stride=2, groups=1)
        self.norm = nn.GroupNorm(2, 6)
        self.up = nn.Linear(6, 4, bias=False)

    def encode(self, images):
        return self.norm(self.down(images))

    def decode(self, latents):
        pixels = self.up(self.norm(latents).permute(0, 2, 3, 1))  # (b, h, w, 4)
        return nn.functional.pixel_shuffle(pixels.permute(0, 3, 1, 2), 2)


def test_any_network_with_encode_and_decode_is_counted_by_its_formula_and_left_alone():
    network = Plain()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    counted = autoencoder_ledger(network, 8)
    assert counted.encode == Way(5 * 6 + 12, 2 * 16 * 24, 16 * 24, 0, 16 * 6, 2 * 16 * 6)
    assert counted.decode == Way(24 + 12, 2 * 16 * 24, 0, 16 * 24, 0, 2 * 16 * 6)
    assert (counted.name, counted.channels, counted.factor, counted.parameters) == ("Plain", 6, 2, 66)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network.modules())


def test_a_coder_around_a_network_is_counted_like_its_name():
    coder = architecture("taesd", "cpu")
    assert autoencoder_ledger(coder, 64) == autoencoder_ledger("taesd", 64)
    assert autoencoder_ledger(architecture("va-vae"), 32) == autoencoder_ledger("va-vae", 32)


def test_the_table_says_macs_and_flops_and_what_445_is(counted):
    said = str(counted["sd-vae"])
    lines = said.splitlines()
    assert lines[0] == "sd-vae, one image of 256 x 256, latents 4 x 32 x 32"
    assert len({len(line) for line in lines[1:5]}) == 1 and max(map(len, lines)) <= 88
    assert lines[4].split() == ["both", "83,653,863", "447,454,724,096", "894,909,448,192", "100.0%"]
    assert "447.45 GMAC = 894.91 GFLOP (a MAC is 2 FLOPs)" in said
    assert "445.87, is told as sd-vae's GFLOPs. It is GMACs, of encoder and decoder" in said
    assert "445.87" not in str(counted["va-vae"]) + str(autoencoder_ledger("sd-vae", 64))


def test_bad_input_is_refused():
    with pytest.raises(MiniditError, match="Did you mean taef2"):
        autoencoder_ledger("taef")
    with pytest.raises(MiniditError, match="The resolution is 0"):
        autoencoder_ledger("taesd", 0)
    with pytest.raises(MiniditError, match="20 x 20 cannot be cut so"):
        autoencoder_ledger("sd-vae", 20)
    with pytest.raises(MiniditError, match="A Linear cannot be counted as an autoencoder"):
        autoencoder_ledger(nn.Linear(2, 2))
    with pytest.raises(MiniditError, match="A Ledger cannot be counted as an autoencoder"):
        autoencoder_ledger(minidit.measure.ledger("DiT-S/8"))
    with pytest.raises(MiniditError, match="those of a AutoencoderKL returned a AutoencoderKLOutput"):
        autoencoder_ledger(architecture("sd-vae").network, 32)
