"""Shared networks: half precision on disk, single in hand, and never other bytes than were hashed."""

import json

import pytest
import torch
from safetensors.torch import load_file

import minidit
from minidit import MiniditError, TrainState, files, train
from minidit.files import network_file
from minidit.training import artefact
from minidit.training.artefact import read_artefact, write_artefact


@pytest.fixture
def folder(tiny, digits, tmp_path, monkeypatch):
    """A network of three steps, written where `find` looks."""
    state = TrainState.create(tiny, seed=3)
    list(train(state, digits, until=3))
    folder = tmp_path / "book" / "artefacts" / "networks"
    write_artefact(folder, "toy", state, {"processor": "abacus"})
    monkeypatch.setattr(files, "__file__", str(tmp_path / "minidit" / "files.py"))
    return folder, state


def test_the_averaged_weights_come_back_rounded_once(folder):
    folder, state = folder
    again = read_artefact("toy")
    assert (again.experiment, again.seed, again.step) == (state.experiment, 3, 3)
    stored = load_file(folder / "toy.safetensors")
    for network in (again.model, again.ema.module):
        for name, value in network.state_dict().items():
            averaged = state.ema.module.state_dict()[name]
            assert value.dtype == torch.float32 and stored[name].dtype == torch.float16
            assert torch.equal(value, averaged.half().float())
    assert any(
        not torch.equal(a, b) for a, b in zip(state.model.parameters(), again.model.parameters(), strict=True)
    )


def test_equal_states_are_equal_files(folder):
    folder, state = folder
    first = (folder / "toy.safetensors").read_bytes()
    write_artefact(folder, "toy", state, {"processor": "slide rule"})
    assert (folder / "toy.safetensors").read_bytes() == first
    about = json.loads((folder / "toy.json").read_text())
    assert about["environment"] == {"processor": "slide rule"} and about["bytes"] == len(first)


def test_other_bytes_are_refused(folder):
    path = folder[0] / "toy.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        MiniditError, match=r"is not the file that toy\.json describes: its sha256 begins with"
    ):
        read_artefact("toy")


@pytest.mark.parametrize("words", ["", "{}", '{"format": "other", "sha256": "x"}', None])
def test_a_missing_or_strange_hash_is_refused(folder, words):
    path = folder[0] / "toy.json"
    path.write_text(words) if words is not None else path.unlink()
    with pytest.raises(MiniditError, match="should hold the sha256 of the network beside it"):
        read_artefact("toy")


def test_weights_of_another_network_are_refused(folder, monkeypatch):
    monkeypatch.setattr(artefact, "load", lambda content: {"patch.weight": torch.zeros(1)})
    with pytest.raises(MiniditError, match="does not fit this version of minidit"):
        read_artefact("toy")


def test_no_such_network():
    with pytest.raises(MiniditError, match="There is no trained network 'nothing'"):
        read_artefact("nothing")


def test_an_installed_package_finds_it(folder, tmp_path):
    inside = tmp_path / "minidit" / "_networks"
    inside.mkdir(parents=True)
    for path in folder[0].iterdir():
        path.rename(inside / path.name)
    assert read_artefact("toy").step == 3


def test_what_float16_cannot_hold_is_refused(folder):
    folder, state = folder
    before = (folder / "toy.safetensors").read_bytes()
    with torch.no_grad():
        state.ema.module.patch.weight[0, 0] = 1e5
    with pytest.raises(MiniditError, match=r"patch\.weight holds values that float16 cannot"):
        write_artefact(folder, "toy", state, {})
    assert (folder / "toy.safetensors").read_bytes() == before


def test_more_than_a_megabyte_is_refused(folder, monkeypatch):
    folder, state = folder
    monkeypatch.setattr(artefact, "LARGEST", 1000)
    with pytest.raises(MiniditError, match="an artefact may take 1,000"):
        write_artefact(folder, "large", state, {})
    assert not (folder / "large.safetensors").exists()


def test_the_committed_network_is_that_of_its_recipe():
    from minidit.latent.stored import read_vae
    from minidit.publish.artefacts import RECIPES, VAERecipe
    from minidit.training.autoencoder_presets import autoencoder_for

    for name, recipe in RECIPES.items():
        if isinstance(recipe, VAERecipe):
            chosen = autoencoder_for(recipe.source, recipe.overrides)
            assert read_vae(network_file(name)).config == chosen.vae
            continue
        state = read_artefact(name)
        assert state.finished and state.seed == recipe.seed
        assert state.experiment == minidit.experiment(recipe.experiment, recipe.overrides)
        assert network_file(name).stat().st_size <= artefact.LARGEST
