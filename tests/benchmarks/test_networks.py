"""What is compared is the same network three times, and the time it takes is what it says."""

import time
from dataclasses import replace

import compare
import pytest
import small
import torch
from networks import NETWORKS, Batch, apart
from rows import flops
from timing import Clock, in_turn, ratio

import minidit
from minidit import MiniditError
from minidit.measure.ledger import ledger

CONFIG = replace(small.config(64, 16), depth=6, learn_sigma=True)


@pytest.fixture
def tiny(monkeypatch):
    """A preset of the size at hand."""
    monkeypatch.setitem(minidit.PRESETS, "tiny", CONFIG)
    return "tiny"


@pytest.mark.parametrize("name", ["diffusers", "plain"])
def test_all_give_one_answer(name):
    mine, other = (NETWORKS[which](CONFIG) for which in ("minidit", name))
    batch = Batch(CONFIG, 3)
    assert apart(mine, other, batch) < 2e-6
    with torch.no_grad():
        next(other.module.parameters())[0] += 0.1
    assert apart(mine, other, batch) > 1e-4


def test_a_network_of_its_own_for_each():
    one, two = (NETWORKS["minidit"](CONFIG).module for _ in range(2))
    assert all(a is not b for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_tread_leaves_tokens_out():
    whole, routed = (NETWORKS[name](CONFIG) for name in ("minidit", "minidit, TREAD"))
    batch, seen = Batch(CONFIG, 2), []
    for block in routed.blocks:
        block.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[1]))
    assert apart(whole, routed, batch) > 1e-3
    assert seen == [16, 16, 8, 16, 16, 16]


def test_networks_that_differ_are_not_compared(tiny, monkeypatch):
    compare.must_agree(tiny, "cpu")
    monkeypatch.setitem(NETWORKS, "plain", NETWORKS["minidit, TREAD"])
    with pytest.raises(MiniditError, match=r"plain answers .* away from minidit at tiny"):
        compare.must_agree(tiny, "cpu")


def test_model_flops_are_the_ledgers():
    count = ledger(CONFIG).flops
    assert flops("training step", "plain", CONFIG, batch=5) == 15 * count
    assert flops("sampling", "minidit", CONFIG, batch=5, calls=2) == 10 * count
    fewer = flops("training step", "minidit, TREAD", CONFIG, batch=5) / (15 * count)
    assert fewer == ledger(CONFIG, training=True, route="tread").flops / count
    assert 0.85 < fewer < 0.97  # half the tokens skip one block of six


def busy(units):
    """Work that costs CPU seconds in proportion to `units`."""
    return lambda: sum(number * number for number in range(20_000 * units))


def test_twice_the_work_is_twice_the_time():
    found = in_turn({"one": busy(1), "two": busy(2)}, rounds=5, least=0.1)
    assert list(found) == ["one", "two"] and all(len(times) == 5 for times in found.values())
    assert 1.6 < ratio(found["two"], found["one"]) < 2.5


def test_waiting_is_not_work():
    found = in_turn({"one": lambda: time.sleep(0.1)}, rounds=2, least=0)
    assert max(found["one"]) < 0.05


def test_a_turn_in_which_the_machine_was_busy_does_not_count():
    assert ratio([1.0, 90.0, 1.2], [2.0, 3.0, 2.4]) == 0.5


def test_the_clock_counts_work():
    soon, later = Clock("cpu", 0.01), Clock("cuda", 60)
    busy(50)()
    assert soon.over() and not later.over()
