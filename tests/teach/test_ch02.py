"""The cost model of exercise 2.4 is the ledger's."""

import pytest

from minidit.measure import ledger
from minidit.model import ModelConfig
from minidit.teach.checks.ch02_wrong import counted


@pytest.mark.parametrize(
    ("side", "patch_size", "dim", "depth"), [(16, 1, 32, 4), (8, 4, 48, 6), (16, 2, 64, 4)]
)
def test_the_cost_model_counts_as_the_ledger_does(side, patch_size, dim, depth):
    config = ModelConfig(3, side, patch_size, dim, depth, heads=2, learn_sigma=False)
    parts = counted(config.tokens, 3 * patch_size**2, dim, depth)
    book = ledger(config)
    assert sum(parts.values()) == book.macs
    assert parts["projections"] + parts["products"] == book["attention"].macs
    assert parts["mlp"] == book["mlp"].macs and parts["modulation"] == book["modulation"].macs
