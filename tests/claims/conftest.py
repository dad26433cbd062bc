"""Cards written for the tests, small enough to be tried in a test."""

import subprocess

import pytest

TEXT = """
id = "C99"
title = "A small card"
kind = "paired"
question = "Does RMSNorm help?"
readouts = ["velocity"]
threats = ["it is tiny"]
change_our_mind = ["another verdict at a size that matters"]

[[quote]]
as_found = "it helps"
language = "en"
source = "nobody"
seen = "article"

[[hypothesis]]
id = "a"
text = "RMSNorm lowers the held-out error."
metric = "velocity.held_out"
direction = "lower"
arm = "norm=rms"
delta = 1.0
spread = 1.0

[[factor]]
key = "model.norm"
arms = ["rms"]

[scale.cpu]
experiment = "digits"
settings = { "model.dim" = 16, "model.depth" = 1, "model.heads" = 2, "training.steps" = 4 }
seeds = 3
budget_core_minutes = 1

[scale.a100]
experiment = "digits"
settings = {}
seeds = 3
budget_core_minutes = 1
"""


@pytest.fixture
def write(tmp_path):
    """Write a card, with some of its text exchanged, and return its path."""

    def written(*exchanges, name="C99_small.toml"):
        text = TEXT
        for old, new in exchanges:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


@pytest.fixture
def commit(tmp_path):
    """Commit everything in the test's folder."""

    def committed():
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "card"]):
            subprocess.run(["git", "-C", str(tmp_path), *command], check=True)

    return committed
