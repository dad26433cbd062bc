"""Readouts of a run in latents: samples and reconstructions are judged as pixels."""

import pytest
import torch

import minidit
from minidit import MiniditError, TrainState
from minidit.claims.fresh import fresh_data
from minidit.claims.job import Request, carry_out
from minidit.claims.judges import prepare, read
from minidit.claims.readouts import measure
from minidit.claims.trained import Trained
from minidit.data.source import load
from minidit.latent.stored import write_vae
from minidit.latent.vae import VAE, VAEConfig
from minidit.measure.reconstruction import psnr, reconstruct, reconstruction_readout
from minidit.training import autoencoder_presets as presets
from minidit.training.config import TrainingConfig
from minidit.training.presets import in_latents


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A network of no training on latents of an autoencoder of none, and a real judge."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    vae = VAE(VAEConfig(image_channels=1, factor=2, channels=2, width=8))
    write_vae(tmp_path / "vae.safetensors", vae)
    small = ("model.dim=16", "model.depth=1", "model.heads=2")
    experiment = in_latents("digits", "vae.safetensors", small)
    judge = read(prepare(experiment.data, tmp_path / "judge"), load(experiment.data.pixels), "cpu")
    return Trained(TrainState.create(experiment), load(experiment.data), judge)


def test_what_is_read_of_a_run_in_latents(trained):
    found = measure(("velocity", "quality", "reconstruction"), trained)
    assert found["velocity.held_out"] > 0
    assert found["quality.frechet_floor"] < found["quality.frechet"]  # noise beside real pixels
    vae = trained.data.train.coder
    assert found["reconstruction.numbers"] == pytest.approx(2 / 4)
    again = reconstruction_readout(vae, trained.real, trained.judge)
    assert found["reconstruction.psnr"] == again["psnr"]


def test_real_images_are_pixels(trained):
    assert trained.real.train.x.shape[1:] == (1, 8, 8) and trained.data.train.x.shape[1:] == (2, 4, 4)


def test_a_perfect_autoencoder_loses_nothing(trained):
    class Identity:
        name, channels, factor, image_channels, standard = "identity", 1, 1, 1, None

        def encode(self, images, noise=None):
            return images

        decode = encode

    found = reconstruction_readout(Identity(), trained.real, trained.judge)
    assert found["l1"] == 0 and found["numbers"] == 1 and found["psnr"] > 100
    assert abs(found["frechet"]) < 1e-3 < found["frechet_floor"]
    assert found["accuracy"] == trained.judge.accuracy(trained.real.held_out.x, trained.real.held_out.labels)
    x = trained.real.held_out.x[:100]
    assert torch.equal(reconstruct(Identity(), x), x)


def test_a_run_trains_an_autoencoder_of_its_own(trained, monkeypatch):
    monkeypatch.setattr(presets, "SMALL", {"tiny": trained.data.train.coder.config})
    monkeypatch.setattr(presets, "TRAINING", TrainingConfig(steps=3, batch_size=4))
    experiment = trained.state.experiment.override({"data.latent": "fresh-tiny"})
    one, again, other = (fresh_data(experiment, seed, trained.judge) for seed in (1, 1, 2))
    assert one.train.coder.sha256() == again.train.coder.sha256() != other.train.coder.sha256()
    assert torch.equal(one.held_out.x, again.held_out.x)
    assert one.train.x.mean((0, 2, 3)).abs().max() < 1e-4
    images, drawn = trained.real.train.x[:4], one.train.pixels(one.train.x[:4])
    assert torch.allclose(drawn, one.train.coder.decode(one.train.coder.encode(images)), atol=1e-4)
    untrained = fresh_data(experiment, 1)
    assert untrained.train.coder.sha256() != one.train.coder.sha256()
    with pytest.raises(MiniditError, match="no small autoencoder 'large'"):
        fresh_data(experiment.override({"data.latent": "fresh-large"}), 0)


def test_the_court_carries_out_a_run_in_fresh_latents(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SMALL", {"tiny": trained.data.train.coder.config})
    monkeypatch.setattr(presets, "TRAINING", TrainingConfig(steps=3, batch_size=4))
    experiment = trained.state.experiment.override({"data.latent": "fresh-tiny", "training.steps": 4})
    asked = Request(
        "main",
        "base",
        0,
        0,
        None,
        experiment.to_dict(),
        ("velocity", "quality", "reconstruction"),
        (),
        str(tmp_path / "judge"),
    )
    run = carry_out(asked)
    assert run.readouts["quality.frechet"] > run.readouts["quality.frechet_floor"]
    assert 0 < run.readouts["reconstruction.psnr"] < 40 and run.diverged is None


def test_decibels():
    assert psnr(4.0) == pytest.approx(0) and psnr(0.04) == pytest.approx(20)


def test_pixels_have_no_reconstruction(trained):
    state = TrainState.create(minidit.experiment("digits"))
    assert measure(("reconstruction",), Trained(state, load(state.experiment.data))) == {}
    with pytest.raises(MiniditError, match="needs a judge"):
        measure(("reconstruction",), trained._replace(judge=None))
