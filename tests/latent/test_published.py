"""Published autoencoders behind one interface, offline, on small random weights."""

import sys

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

import minidit
from minidit import MiniditError
from minidit.latent import load_published, load_vae
from minidit.latent.tiny import tiny_coder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small AutoencoderKL as diffusers saves it, TAESD as two .pth in half precision, TAEF2 safetensors."""
    place = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3,
        block_out_channels=[8, 8, 8], latent_channels=6, norm_num_groups=4,
        scaling_factor=0.5, shift_factor=0.25,
    ).save_pretrained(place / "vae")  # fmt: skip
    taesd, taef2 = tiny_coder("taesd").half(), tiny_coder("taef2")
    for part in ("encoder", "decoder"):
        torch.save(getattr(taesd, part).state_dict(), place / f"taesd_{part}.pth")
        save_file(getattr(taef2, part).state_dict(), place / f"taef2_{part}.safetensors")
    return place


def images(*shape):
    return torch.rand(shape, generator=minidit.generator(0, "images")) * 2 - 1


def test_a_diffusers_autoencoder_tells_its_shapes(folder):
    coder = load_published(f"sd-vae:{folder / 'vae'}")
    assert (coder.name, coder.channels, coder.factor, coder.image_channels) == ("sd-vae", 6, 4, 3)
    assert coder.sha256() == load_vae(str(folder / "vae")).sha256()


def test_the_mean_and_a_draw_of_the_posterior(folder):
    coder = load_published(f"sd-vae:{folder / 'vae'}")
    x, noise = images(2, 3, 8, 16), torch.randn(2, 6, 2, 4, generator=minidit.generator(0, "noise"))
    mean, log_variance = coder.network.quant_conv(coder.network.encoder(x)).chunk(2, dim=1)
    right = (mean - 0.25) * 0.5
    assert torch.allclose(coder.encode(x), right, atol=1e-6) and coder.encode(x).shape == (2, 6, 2, 4)
    drawn = right + 0.5 * noise * torch.exp(log_variance / 2)
    assert torch.allclose(coder.encode(x, noise), drawn, atol=1e-6) and not torch.allclose(drawn, right)
    assert not coder.encode(x).requires_grad


def test_decoding_undoes_scale_and_shift_and_clamps(folder):
    coder = load_published(f"sd-vae:{folder / 'vae'}")
    latents = 40 * images(1, 6, 2, 2)
    with torch.no_grad():
        right = coder.network.decode(2 * latents + 0.25).sample
    assert torch.allclose(coder.decode(latents), right.clamp(-1, 1), atol=1e-6)
    assert coder.decode(latents).shape == (1, 3, 8, 8)


def test_shapes_that_do_not_fit_are_refused(folder):
    coder = load_published(f"sd-vae:{folder / 'vae'}")
    with pytest.raises(MiniditError, match="6 x 8 cannot be cut so: crop or resize them to multiples of 4"):
        coder.encode(images(1, 3, 6, 8))
    with pytest.raises(MiniditError, match=r"noise of shape \(1, 6, 1, 2\); .* needs \(1, 6, 2, 2\)"):
        coder.encode(images(1, 3, 8, 8), torch.zeros(1, 6, 1, 2))
    with pytest.raises(MiniditError, match=r"sd-vae decodes latents of shape \(batch, 6, height, width\)"):
        coder.decode(images(1, 4, 2, 2))


@pytest.mark.parametrize(("name", "suffix"), [("taesd", ".pth"), ("taef2", ".safetensors")])
def test_the_tiny_ones_from_a_folder_or_from_the_data_folder(folder, name, suffix, monkeypatch):
    state = torch.get_rng_state()
    coder = load_published(f"{name}:{folder}")
    assert torch.equal(torch.get_rng_state(), state), "loading draws nothing"
    assert coder.name == name and not any(p.requires_grad for p in coder.parameters())
    assert {p.dtype for p in coder.parameters()} == {torch.float32}
    assert coder.decode(coder.encode(images(1, 3, 8, 8))).shape == (1, 3, 8, 8)
    (folder / "data").mkdir(exist_ok=True)
    for part in ("encoder", "decoder"):
        assert (folder / f"{name}_{part}{suffix}").is_file()
    if not (folder / "data" / "weights").exists():
        (folder / "data" / "weights").symlink_to(folder)
    monkeypatch.setenv("MINIDIT_DATA", str(folder / "data"))
    assert load_published(name).sha256() == coder.sha256()


def test_bare_sd_vae_is_the_one_of_stability(monkeypatch):
    asked = []

    def from_pretrained(name, **settings):
        asked.append(name)
        raise OSError("no network in a test")

    monkeypatch.setattr(AutoencoderKL, "from_pretrained", from_pretrained)
    with pytest.raises(MiniditError, match="could not be loaded: no network in a test"):
        load_published("sd-vae")
    assert asked == ["stabilityai/sd-vae-ft-mse"]


def test_wrong_names_and_places_get_a_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIDIT_DATA", raising=False)
    with pytest.raises(MiniditError, match=r"called 'taes'\. Did you mean taesd\?"):
        load_published("taes:x")
    with pytest.raises(MiniditError, match=r"Where are the weights of taesd\? Write taesd:FOLDER"):
        load_published("taesd")
    with pytest.raises(
        MiniditError, match=r"There is no taef2_encoder\.safetensors or taef2_encoder\.pth in"
    ):
        load_published(f"taef2:{tmp_path}")
    with pytest.raises(MiniditError, match=r"There is no folder \./nowhere"):
        load_published("sd-vae:./nowhere")


class Harmful:
    """What a pickle could hide."""

    def __reduce__(self):
        return (pytest.fail, ("code in a file of weights was run",))


def test_files_are_read_without_running_them_and_must_be_the_right_ones(folder, tmp_path):
    for part in ("encoder", "decoder"):
        torch.save({"0.weight": Harmful()}, tmp_path / f"taesd_{part}.pth")
    with pytest.raises(MiniditError, match="could run code and are not opened"):
        load_published(f"taesd:{tmp_path}")
    (tmp_path / "taesd_encoder.pth").write_bytes(b"<html>")
    with pytest.raises(MiniditError, match="It is damaged"):
        load_published(f"taesd:{tmp_path}")
    (tmp_path / "taesd_encoder.pth").unlink()
    (tmp_path / "taesd_encoder.pth").symlink_to(folder / "taesd_decoder.pth")
    with pytest.raises(MiniditError, match="does not hold the network that its name says"):
        load_published(f"taesd:{tmp_path}")


def test_without_diffusers_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MiniditError, match=r"need diffusers, which is not installed: pip install"):
        load_published("sd-vae")
