"""What every test stands on: one thread, silent progress, nothing written into the reader's home."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MINIDIT_QUIET"] = "1"
os.environ["MPLBACKEND"] = "agg"

import pytest
import torch

import minidit
from minidit.data import load
from minidit.data.images import Data

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MINIDIT_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def digits() -> Data:
    return load(minidit.experiment("digits").data)


@pytest.fixture
def tiny() -> minidit.Experiment:
    """The digits experiment, small enough for a step in a few milliseconds."""
    small = ("model.dim=16", "model.depth=2", "model.heads=2", "training.batch_size=4", "training.steps=12")
    return minidit.experiment("digits", small)
