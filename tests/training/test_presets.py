"""The named experiments: each can take a step, fits its images, and costs what is said of it."""

import os
from pathlib import Path

import pytest
import torch

import minidit
from minidit import MiniditError, TrainState, train
from minidit.data import load
from minidit.data.images import Data, Images
from minidit.data.source import DRAWN, outline
from minidit.measure import ledger, memory_estimate
from minidit.training.presets_a100 import A100

REAL = Path(os.environ.get("MINIDIT_DATA", Path(__file__).parents[3] / "shared" / "data"))
PICTURES = [name for name, one in minidit.EXPERIMENTS.items() if one.data.source not in DRAWN]
PROMISED = 312e12  # FLOP a second in bfloat16 (NVIDIA's data sheet of the A100), of which 40 % are expected


def stand_ins(experiment):
    """Noise of the right shape: real pictures are not on every machine."""
    model = experiment.model
    x = torch.rand(8, model.in_channels, *model.image_size, generator=torch.Generator().manual_seed(0))
    names = tuple(map(str, range(model.num_classes)))
    images = Images(2 * x - 1, torch.arange(8) % model.num_classes, names)
    return Data(images, images)


@pytest.mark.parametrize("name", minidit.EXPERIMENTS)
def test_every_named_experiment_can_take_a_step(name):
    depth = ("model.depth=1",) if name in A100 else ()  # twelve blocks take seconds on one core
    experiment = minidit.experiment(name, ("data.count=64", "training.batch_size=2", *depth))
    data = stand_ins(experiment) if name in PICTURES else load(experiment.data)
    assert next(train(TrainState.create(experiment), data)).step == 1


@pytest.mark.parametrize("source", sorted({minidit.EXPERIMENTS[name].data.source for name in PICTURES}))
def test_networks_fit_the_pictures_they_are_for(source, monkeypatch):
    monkeypatch.setenv("MINIDIT_DATA", str(REAL))
    if not (REAL / source.rpartition("/")[2]).is_dir():
        pytest.skip(f"{source} is not in {REAL}, and a test asks no network")
    chosen = [one for one in minidit.EXPERIMENTS.values() if one.data.source == source]
    found = outline(chosen[0].data)
    assert {(one.model.in_channels, one.model.num_classes) for one in chosen} == {found}
    assert all(one.data.resolution == one.model.input_size for one in chosen)


@pytest.mark.parametrize("name", sorted(A100.keys() - {"shapes-a100"}))  # of which a card trains dozens
def test_an_a100_needs_10_to_60_minutes(name):
    one = A100[name]
    # the backward pass has twice the products of the forward pass
    flops = 3 * ledger(one.model, training=True).flops * one.training.batch_size * one.training.steps
    assert 10 < flops / (0.4 * PROMISED) / 60 < 60


@pytest.mark.parametrize("name", A100)
def test_a_step_fits_the_memory_of_an_a100(name):
    one = A100[name]
    held = memory_estimate(one.model, one.training.batch_size, precision=one.training.precision).total
    assert held < 0.75 * 40e9  # a quarter is left for working space


def test_emoji_without_their_folder_get_a_sentence(monkeypatch):
    monkeypatch.delenv("MINIDIT_DATA", raising=False)
    with pytest.raises(MiniditError, match="MINIDIT_DATA is not set: export MINIDIT_DATA=FOLDER"):
        load(A100["emoji-a100"].data)
