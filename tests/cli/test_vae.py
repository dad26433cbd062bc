"""From images to an autoencoder, to a network on its latents, to samples: the commands."""

import json

import pytest

from minidit.cli.main import main
from minidit.data.source import DataConfig, load
from minidit.latent.cache import ABOUT
from minidit.training.state import TrainState

VAE = ["vae", "digits", "training.steps=4", "vae.width=8"]
NETWORK = ["model.dim=16", "model.depth=1", "model.heads=2", "training.steps=4", "training.batch_size=4"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with an autoencoder and a network on its latents, made as a person makes them."""
    folder = tmp_path_factory.mktemp("latents")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(VAE) == 0
        assert main(["train", "--data", "digits", "--latent", "runs/vae-digits", *NETWORK]) == 0
        yield folder


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


def failure(capsys, *arguments):
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.startswith("minidit: ") and said.count("\n") == 1
    return said


def test_an_autoencoder_leaves_its_file_and_a_picture(here, capsys):
    made = {path.name for path in (here / "runs" / "vae-digits").iterdir()}
    assert made >= {"vae.safetensors", "reconstructions.png", "checkpoint.safetensors", "log.jsonl"}
    assert main(VAE) == 0
    assert "finished" in capsys.readouterr().out


def test_the_run_remembers_whose_latents_it_learned(here):
    state = TrainState.load(here / "runs" / "digits-vae-digits")
    name, _, weights = state.experiment.data.latent.partition("@")
    assert name == "runs/vae-digits" and len(weights) == 8
    about = json.loads((here / "runs" / "latents" / "digits-8-vae-digits" / ABOUT).read_text())
    assert about["coder"].startswith(weights)
    model = state.experiment.model
    assert (model.in_channels, model.input_size, model.patch_size) == (4, 4, 1)


def test_samples_and_their_judgement_are_pixels(here, capsys):
    run = "runs/digits-vae-digits"
    metrics = json.loads((here / run / "metrics.json").read_text())["samples"]
    assert metrics["judge_accuracy_on_held_out"] > 0.8  # a judge of latents of four steps would not be
    assert main(["sample", run, "--labels", "3", "--steps", "2", "--out", "drawn.png"]) == 0
    assert (here / "drawn.png").is_file()


def test_latents_are_standardised_and_become_the_images_again(here):
    state = TrainState.load(here / "runs" / "digits-vae-digits")
    config = state.experiment.data
    data, images = load(config), load(config.pixels)
    x = data.train.x.whole()
    assert x.mean((0, 2, 3)).abs().max() < 0.05 and (x.std((0, 2, 3)) - 1).abs().max() < 0.05
    assert data.train.class_names == images.train.class_names
    assert data.held_out.labels.tolist() == images.held_out.labels.tolist()
    coder = data.held_out.coder
    theirs = coder.decode(coder.encode(images.held_out.x[:5]))
    assert (data.held_out.pixels(data.held_out.x.whole()[:5]) - theirs).abs().max() < 1e-4


def test_latents_move_to_a_device_as_one(here):
    data = load(TrainState.load(here / "runs" / "digits-vae-digits").experiment.data)
    moved = data.train.to("cpu")
    assert moved.x.shape == data.train.x.shape and moved.pixels(moved.x[:1]).shape == (1, 1, 8, 8)


def test_changed_weights_are_noticed(here, capsys):
    config = DataConfig("digits", latent="runs/vae-digits@00000000")
    with pytest.raises(Exception, match="weights of runs/vae-digits have changed"):
        load(config)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "digits"], "belong together"),
        (["--latent", "runs/vae-digits"], "belong together"),
        (["--data", "shapes", "--latent", "runs/vae-digits"], "minidit vae shapes"),
        (["--data", "digits", "--latent", "runs/nothing"], "No published autoencoder is called"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(here, capsys, arguments, words):
    assert words in failure(capsys, "train", *arguments)


def test_sides_that_the_factor_does_not_divide(here, capsys):
    assert main(["vae", "shapes", "training.steps=1", "vae.width=8", "data.count=64"]) == 0
    capsys.readouterr()
    said = failure(capsys, "train", "--data", "shapes", "--latent", "runs/vae-shapes", "data.resolution=30")
    assert "multiple of 4" in said
