"""`minidit sample --official`: from a downloaded file to a picture, offline, on small weights."""

import argparse
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from slow.run import distance, read

import minidit.official
from minidit import MiniditError
from minidit.cli.main import main
from minidit.latent import load_vae
from minidit.official.sampling import sample

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Weights as DiT's training writes them, and an autoencoder as diffusers saves it."""
    folder = tmp_path_factory.mktemp("weights")
    vector = read(VECTORS / "dit_patch_1.safetensors")
    torch.save(
        {"model": vector.state, "ema": vector.state, "opt": {}, "args": argparse.Namespace(model="DiT")},
        folder / "dit.pt",
    )
    torch.manual_seed(0)
    AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        block_out_channels=[8, 8], latent_channels=vector.config["channels"], norm_num_groups=4,
        scaling_factor=0.5, shift_factor=0.25,
    ).save_pretrained(folder / "vae")  # fmt: skip
    return folder, vector


def run(files, *more):
    folder, vector = files
    heads = f"heads={vector.config['heads']}"
    weights = ["--official", str(folder / "dit.pt"), "--vae", str(folder / "vae"), "--config", heads]
    return main(["sample", *weights, "--steps", "3", *more])


def test_from_a_file_to_a_picture(files, tmp_path, capsys):
    assert run(files, "--out", str(tmp_path / "one.png"), "--labels", "0", "2") == 0
    assert "one.png: 2 drawn." in capsys.readouterr().out
    one = (tmp_path / "one.png").read_bytes()
    assert one.startswith(b"\x89PNG")
    run(files, "--out", str(tmp_path / "again.png"), "--labels", "0", "2")
    run(files, "--out", str(tmp_path / "other.png"), "--labels", "0", "2", "--seed", "1")
    assert (tmp_path / "again.png").read_bytes() == one != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize(("arguments", "words"), [
    (["--official", "{}/none.pt"], "There is no file"),
    (["--official", "{}/dit.pt"], "do not tell heads"),
    (["--official", "{}/dit.pt", "--config", "heads"], "--config takes NAME=VALUE, such as heads=4"),
    (["--official", "{}/dit.pt", "--config", "heads=x"], "--config takes NAME=VALUE"),
    (["--official", "{}/dit.pt", "--config", "heads=1"], "add --vae, such as --vae stabil"),
    (["--official", "{}/dit.pt", "--config", "heads=1", "--vae", "./nowhere"], "There is no folder ./no"),
    (["--official", "{}/dit.pt", "--config", "heads=1", "--vae", "{}"], "could not be loaded"),
    (["--official", "{}/dit.pt", "--family", "ddt"], "not of the family ddt"),
    (["--official", "{}/dit.pt", "--family", "lightningdit"], "diffusers has no such decoder"),
    (["--official", "{}/dit.pt", "--config", "heads=1", "--vae", "{}/vae", "--labels", "77"], "Label 77 is"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence(files, arguments, words, capsys):
    folder, vector = files
    assert vector.config["heads"] == 1
    assert main(["sample", *(argument.format(folder) for argument in arguments)]) == 2
    assert words in capsys.readouterr().err


def test_an_autoencoder_of_other_latents_is_refused(files, tmp_path, capsys):
    vector = read(VECTORS / "dit_no_sigma.safetensors")
    torch.save(vector.state, tmp_path / "grey.pt")
    heads = f"heads={vector.config['heads']}"
    weights = ["--official", str(tmp_path / "grey.pt"), "--config", heads]
    assert vector.config["channels"] != read(VECTORS / "dit_patch_1.safetensors").config["channels"]
    assert main(["sample", *weights, "--vae", str(files[0] / "vae")]) == 2
    assert "they do not belong together" in capsys.readouterr().err


def test_the_decoder_undoes_scale_and_shift(files):
    vae = load_vae(str(files[0] / "vae"))
    latents = torch.randn(2, vae.channels, 4, 4, generator=minidit.generator(0, "latents"))
    with torch.no_grad():
        right = vae.network.decode(latents / 0.5 + 0.25).sample.clamp(-1, 1)
    assert torch.equal(vae.decode(latents), right) and right.shape == (2, 3, 8, 8)


@pytest.mark.parametrize("name", ["dit_sigma", "sit_sigma", "repa_qk_norm"])
def test_an_image_depends_on_its_label_and_seed_and_not_on_its_company(name):
    vector = read(VECTORS / f"{name}.safetensors")
    published = minidit.official.load(vector.config["family"], vector.state, vector.config)
    labels = torch.tensor([0, 1, 2])
    drawn = sample(published, labels, w=2.0, steps=4, batch=1)
    assert drawn.shape == (3, *vector.inputs["x"].shape[1:]) and drawn.isfinite().all()
    assert distance(sample(published, labels, w=2.0, steps=4, batch=3), drawn) < 1e-3  # rounding grows
    assert not torch.equal(drawn, sample(published, labels, w=2.0, steps=4, batch=1, seed=1))
    alone = sample(published, labels[:1], w=2.0, steps=4, batch=1)
    assert torch.equal(alone, drawn[:1])
    assert not torch.allclose(sample(published, torch.tensor([1]), w=2.0, steps=4, batch=1), alone)
    assert not torch.allclose(sample(published, labels, w=1.0, steps=4, batch=1), drawn)


def test_a_network_of_captions_is_not_asked_for_labels():
    vector = read(VECTORS / "pixart_masked.safetensors")
    published = minidit.official.load("pixart", vector.state, vector.config)
    with pytest.raises(MiniditError, match="pixart draws from embedded captions"):
        sample(published, torch.tensor([0]))
