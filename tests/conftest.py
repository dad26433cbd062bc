"""What every test stands on: one thread, silent progress, nothing written into the reader's home."""

import os
import shutil

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MINIDIT_QUIET"] = "1"
os.environ["MPLBACKEND"] = "agg"

import pytest
import torch

import minidit
from minidit.data import load
from minidit.data.images import Data

torch.set_num_threads(1)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "No Chromium here, so this page was NOT tested; `sudo apt-get install chromium` brings one."
# the sandbox needs rights that root and containers lack; the pages are our own. Nothing is fetched in secret.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()


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


@pytest.fixture(scope="module")
def chromium():
    """A browser, which ends with the module: beside Playwright no other event loop runs in a process."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright  # only where there is something to drive

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()
