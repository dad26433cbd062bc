"""One command trains a shared network anew."""

import json

import pytest

from minidit import MiniditError, files
from minidit.cli.main import main
from minidit.latent import load_coder
from minidit.publish import artefacts
from minidit.publish.artefacts import Recipe, VAERecipe, build_artefacts
from minidit.training import loop
from minidit.training.artefact import read_artefact
from minidit.training.checkpoint import NAME

SMALL = ("model.dim=16", "model.depth=2", "model.heads=2", "training.batch_size=4", "training.steps=6")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A recipe of six steps, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artefacts, "RECIPES", {"toy": Recipe("digits", SMALL, seed=2)})
    monkeypatch.setattr(files, "__file__", str(tmp_path / "minidit" / "files.py"))
    return tmp_path / "book"


def test_the_command_trains_writes_and_leaves_nothing_behind(toy, capsys):
    assert main(["book", "artefact", "toy", "--folder", str(toy)]) == 0
    assert capsys.readouterr().out.startswith("toy: 6 steps, ")
    state = read_artefact("toy")
    assert state.finished and state.seed == 2
    assert not (toy.parent / "runs" / "artefacts" / "toy").exists()
    first = (toy / "artefacts" / "networks" / "toy.safetensors").read_bytes()
    assert build_artefacts(toy, ["toy"]) == 0
    assert (toy / "artefacts" / "networks" / "toy.safetensors").read_bytes() == first


def test_autoencoders_have_recipes_too(toy, monkeypatch, capsys):
    recipe = VAERecipe("digits", ("vae.width=8", "vae.channels=2", "training.steps=3"))
    monkeypatch.setattr(artefacts, "RECIPES", {"small": recipe})
    assert build_artefacts(toy, ["small"]) == 0
    assert capsys.readouterr().out.startswith("small: 3 steps, ")
    coder = load_coder("small")
    assert coder.channels == 2 and coder.latent_std.min() > 0
    assert json.loads((toy / "artefacts" / "networks" / "small.json").read_text())["bytes"] < 200_000


def test_an_interrupted_training_is_continued(toy, monkeypatch):
    assert build_artefacts(toy, ["toy"]) == 0
    whole = (toy / "artefacts" / "networks" / "toy.safetensors").read_bytes()
    real, began = loop.train, []

    def stopped(state, data, **more):
        for record in real(state, data, **more, save_every=1):
            yield record
            if record.step == 4:
                raise KeyboardInterrupt

    def watched(state, data, **more):
        began.append(state.step)
        return real(state, data, **more)

    monkeypatch.setattr(artefacts, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        build_artefacts(toy, ["toy"])
    assert (toy.parent / "runs" / "artefacts" / "toy" / NAME).is_file()
    monkeypatch.setattr(artefacts, "train", watched)
    build_artefacts(toy, ["toy"])
    assert began == [4]
    assert (toy / "artefacts" / "networks" / "toy.safetensors").read_bytes() == whole


def test_wrong_use_gets_a_sentence(toy):
    with pytest.raises(MiniditError, match=r"There is no recipe for 'shape'\. There are: toy\."):
        build_artefacts(toy, ["shape"])
    with pytest.raises(MiniditError, match="Name the network to train anew"):
        build_artefacts(toy)
