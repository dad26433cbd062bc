"""The tiny autoencoder against diffusers' at the same random weights, and with real weights on pictures."""

import os
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny

import minidit
from minidit import MiniditError
from minidit.data.shapes import shapes
from minidit.latent import load_published
from minidit.latent.tiny import tiny_coder

WEIGHTS = Path(os.environ.get("MINIDIT_DATA") or Path(__file__).parents[3] / "shared/data") / "weights"


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def random_coder(name):
    torch.manual_seed(0)
    return tiny_coder(name).requires_grad_(False)


def images(*shape):
    return torch.rand(shape, generator=minidit.generator(0, "images")) * 2 - 1


def test_parameters_are_those_of_the_published_files():
    taesd, taef2 = random_coder("taesd"), random_coder("taef2")
    assert (parameters(taesd.encoder), parameters(taesd.decoder)) == (1_222_532, 1_222_531)
    assert (parameters(taef2.encoder), parameters(taef2.decoder)) == (1_338_528, 1_338_499)
    branch = 2 * 64 * 256 + 2 * 256
    assert parameters(taef2.encoder) - parameters(taesd.encoder) == 3 * branch + 28 * (9 * 64 + 1)


def test_taesd_is_the_one_of_diffusers():
    """Their layers stand in `layers`; their decoder's begin one earlier, for its clamp is not among them."""
    ours, theirs = random_coder("taesd"), AutoencoderTiny()
    state = {f"encoder.layers.{name}": weight for name, weight in ours.encoder.state_dict().items()}
    for name, weight in ours.decoder.state_dict().items():
        index, rest = name.split(".", 1)
        state[f"decoder.layers.{int(index) - 1}.{rest}"] = weight
    theirs.load_state_dict(state)
    x, z = images(2, 3, 32, 48), 3 * images(2, 4, 4, 6)
    with torch.no_grad():
        encoded, decoded = theirs.encode(x).latents, theirs.decode(z).sample
    assert ours.encode(x).shape == (2, 4, 4, 6) and ours.decode(z).shape == (2, 3, 32, 48)
    torch.testing.assert_close(ours.encode(x), encoded, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.decode(z), decoded.clamp(-1, 1), atol=1e-5, rtol=0)
    assert encoded.std() > 0.01 and decoded.std() > 0.01, "a network of zeros would pass too"


def test_decoded_images_are_clamped():
    coder = random_coder("taesd")
    coder.decoder[-1].bias.fill_(7)
    assert (coder.decode(images(1, 4, 1, 1)) == 1).all()


@pytest.mark.parametrize(("name", "hears"), [("taesd", False), ("taef2", True)])
def test_only_through_the_normalised_branch_does_a_place_hear_of_all_others(name, hears):
    coder, x = random_coder(name), images(1, 3, 400, 8)
    changed = x.clone()
    changed[:, :, -8:] *= -1
    before, after = coder.encode(x), coder.encode(changed)
    assert not torch.equal(before[:, :, -1], after[:, :, -1])
    assert torch.equal(before[:, :, 0], after[:, :, 0]) is not hears


def test_the_sha256_is_of_every_weight_and_of_nothing_else():
    coder = random_coder("taef2")
    before = coder.sha256()
    assert len(before) == 64 and random_coder("taef2").sha256() == before
    assert before != random_coder("taesd").sha256()
    coder.encoder[11].pool[1].bias[3] += 1e-3
    assert coder.sha256() != before


@pytest.mark.parametrize(("way", "given", "words"), [
    ("encode", (1, 1, 8, 8), r"taesd encodes images of shape \(batch, 3, height, width\); it got \(1, 1, 8"),
    ("encode", (3, 8, 8), "it got \\(3, 8, 8\\)"),
    ("encode", (1, 3, 8, 12), "8 x 12 cannot be cut so: crop or resize them to multiples of 8"),
    ("encode", (1, 3, 0, 8), "0 x 8 cannot be cut so"),
    ("decode", (1, 32, 2, 2), r"taesd decodes latents of shape \(batch, 4, height, width\)"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(way, given, words):
    with pytest.raises(MiniditError, match=words):
        getattr(random_coder("taesd"), way)(torch.zeros(given))


def test_noise_is_refused_for_there_is_no_posterior():
    with pytest.raises(MiniditError, match="taef2 has no posterior to draw from: encode without noise"):
        random_coder("taef2").encode(images(1, 3, 8, 8), torch.zeros(1, 32, 1, 1))


@pytest.mark.skipif(not (WEIGHTS / "taef2_encoder.pth").is_file(), reason=f"no weights of TAEF2 in {WEIGHTS}")
def test_taef2_gives_pictures_back():
    """Measured: 31.5 to 33.4 dB for the first four, 26 without the soft clamp."""
    coder = load_published(f"taef2:{WEIGHTS}")
    drawn, _ = shapes(4, 64, 1, minidit.generator(0, "x"))
    latents = coder.encode(drawn.x)
    assert latents.shape == (4, 32, 8, 8) and 0.3 < latents.std() < 1.5
    error = (coder.decode(latents) - drawn.x).square().mean(dim=(1, 2, 3))
    psnr = 10 * torch.log10(4 / error)  # images span 2
    assert psnr.min() > 30
