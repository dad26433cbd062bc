"""An autoencoder's training: it learns, repeats, continues exactly, and refuses strangers."""

import pytest
import torch

from minidit.data.source import DataConfig, load
from minidit.errors import MiniditError
from minidit.latent.vae import VAEConfig
from minidit.training.autoencoder import AutoencoderExperiment, AutoencoderState
from minidit.training.autoencoder_loop import measure_standard, train_autoencoder
from minidit.training.checkpoint import read_checkpoint
from minidit.training.config import TrainingConfig
from minidit.training.state import TrainState

SMALL = AutoencoderExperiment(
    vae=VAEConfig(image_channels=1, factor=2, channels=2, width=8),
    data=DataConfig("digits"),
    training=TrainingConfig(steps=40, batch_size=16, lr=5e-3),
)


@pytest.fixture(scope="module")
def digits():
    return load(SMALL.data)


def run(experiment, data, folder=None, until=None, seed=0, state=None):
    state = state or AutoencoderState.create(experiment, seed)
    for record in train_autoencoder(state, data, folder=folder, save_every=10):
        if record.step == until:
            break
    return state


def error(state, data):
    x = data.held_out.x[:200]
    return (state.vae.decode(state.vae.encode(x)) - x).abs().mean().item()


def test_it_learns_and_knows_its_statistics(digits):
    start, state = AutoencoderState.create(SMALL), run(SMALL, digits)
    assert error(state, digits) < 0.6 * error(start, digits)
    latents = state.vae.standard.apply(state.vae.encode(digits.train.x))
    assert latents.mean((0, 2, 3)).abs().max() < 1e-3
    assert (latents.std((0, 2, 3)) - 1).abs().max() < 1e-2
    assert measure_standard(state.vae, digits.train).std.tolist() == state.vae.latent_std.tolist()


def test_seeds_repeat_and_differ(digits):
    one, again, other = (run(SMALL, digits, until=3, seed=seed) for seed in (0, 0, 1))
    assert one.vae.sha256() == again.vae.sha256() != other.vae.sha256()


@pytest.mark.parametrize("adversarial", [0.0, 0.1])
def test_interrupted_it_ends_the_same(digits, tmp_path, adversarial):
    experiment = SMALL.override({"loss.adversarial": adversarial, "training.steps": 20})
    whole = run(experiment, digits, tmp_path / "whole")
    run(experiment, digits, tmp_path / "cut", until=10)
    again = AutoencoderState.load(tmp_path / "cut")
    assert again.step == 10
    run(experiment, digits, tmp_path / "cut", state=again)
    theirs = (read_checkpoint(tmp_path / name).tensors for name in ("whole", "cut"))
    for (name, value), (other_name, other) in zip(*(sorted(t.items()) for t in theirs), strict=True):
        assert name == other_name and torch.equal(value, other), name
    assert (whole.critic is None) == (adversarial == 0)


def test_the_critic_is_trained_before_it_is_listened_to(digits):
    experiment = SMALL.override({"loss.adversarial": 0.1, "loss.critic_from": 0.5, "training.steps": 8})
    alone = experiment.override({"loss.adversarial": 0.0})
    with_critic, without = (run(e, digits, until=4) for e in (experiment, alone))
    assert with_critic.vae.sha256() == without.vae.sha256()
    start = AutoencoderState.create(experiment).critic.state_dict()
    assert not torch.equal(start["layers.0.weight"], with_critic.critic.state_dict()["layers.0.weight"])
    with_critic, without = (run(e, digits, until=5) for e in (experiment, alone))
    assert with_critic.vae.sha256() != without.vae.sha256()


def test_features_change_what_is_learned(digits):
    state, plain = AutoencoderState.create(SMALL), run(SMALL, digits, until=2)
    for record in train_autoencoder(state, digits, lambda x: [x, x[..., ::2, ::2]]):
        if record.step == 2:
            break
    assert state.vae.sha256() != plain.vae.sha256()


def test_strangers_are_refused(digits, tmp_path):
    run(SMALL, digits, tmp_path, until=10)
    with pytest.raises(MiniditError, match=r"vae\.factor: 4 here, 2 there"):
        run(SMALL.override({"vae.factor": 4}), digits, tmp_path)
    with pytest.raises(MiniditError, match="holds an autoencoder"):
        TrainState.load(tmp_path)
    with pytest.raises(MiniditError, match=r"There is no setting vae\.faktor"):
        SMALL.override({"vae.faktor": 4})


def test_a_network_is_no_autoencoder(tmp_path):
    from minidit.training.presets import experiment

    TrainState.create(experiment("digits", ("training.steps=1",))).save(tmp_path)
    with pytest.raises(MiniditError, match="no autoencoder"):
        AutoencoderState.load(tmp_path)
