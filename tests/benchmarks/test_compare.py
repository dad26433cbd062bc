"""Rows say what was measured, and where nothing could be measured they say why."""

from dataclasses import replace

import compare
import plan
import product
import pytest
import small
import steps
import timing
import torch
from bounds import Bound
from compare import TIME_IS_UP, Group, measure
from growth import SCALES, grown, growth
from rows import Row
from timing import Clock

import minidit


def long_enough():
    """A limit that no test comes near; it begins when it is made."""
    return Clock("cpu", 600)


@pytest.fixture
def tiny(monkeypatch):
    """A preset of the size that the book trains."""
    monkeypatch.setitem(minidit.PRESETS, "tiny", small.config(64, 16))
    monkeypatch.setitem(timing.LEAST, "cpu", 0.05)
    monkeypatch.setitem(product.SIDE, "cpu", 256)
    return "tiny"


@pytest.mark.parametrize(("part", "precision"), [("training step", "bf16"), ("sampling", "fp32")])
def test_a_row_for_each_network(tiny, part, precision):
    rows = measure([Group(part, tiny, precision, "eager", 4)], "cpu", long_enough())
    assert [row.network for row in rows] == ["minidit", "diffusers", "plain"]
    assert rows[0].over_minidit == 1.0
    for row in rows:
        assert row.median > 0 and 0 < row.utilisation < 1 and not row.why
        assert row.memory is None and row.compiling is None  # not a GPU, not compiled


def test_sampling_is_two_evaluations_of_the_same_network(tiny):
    config = minidit.PRESETS[tiny]
    network, batch = steps.NETWORKS["minidit"](config), steps.Batch(config, 3)
    asked = []
    answer = network._replace(answer=lambda *given: asked.append(1) or network.answer(*given))
    drawn = steps.sampling(answer, batch, "fp32")()
    assert len(asked) == steps.CALLS["sampling"] and drawn.shape == batch.x.shape
    half = steps.sampling(network, batch, "bf16")()
    assert half.dtype == torch.float32 and not torch.equal(half, drawn)


def test_a_training_step_moves_the_weights(tiny):
    config = minidit.PRESETS[tiny]
    network, batch = steps.NETWORKS["plain"](config), steps.Batch(config, 3)
    before = [parameter.clone() for parameter in network.module.parameters()]
    steps.training_step(network, batch, "fp32")()
    assert all((a != b).any() for a, b in zip(before, network.module.parameters(), strict=True))


def test_what_cannot_be_compiled_says_so(tiny, monkeypatch):
    def no_compiler(network):
        raise RuntimeError("no C++ compiler in /some/where")

    monkeypatch.setattr(steps, "compile_blocks", no_compiler)
    rows = measure([Group("sampling", tiny, "fp32", "compiled", 2)], "cpu", long_enough())
    assert {row.why for row in rows} == {"torch.compile failed here: RuntimeError"}
    assert not any(row.seconds for row in rows)


def test_what_fails_without_compiling_is_an_error(tiny, monkeypatch):
    monkeypatch.setitem(steps.NETWORKS, "plain", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare.compare(Group("sampling", tiny, "fp32", "eager", 2), "cpu")


def test_too_little_memory_is_a_row(tiny, monkeypatch):
    def full(*given):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setitem(steps.NETWORKS, "minidit", full)
    first, second, _ = compare.compare(Group("sampling", tiny, "fp32", "eager", 2), "cpu")
    assert "too little memory" in first.why and second.seconds and second.over_minidit is None
    assert "ms" in compare.line(second)


def test_when_the_time_is_up_rows_say_so(tiny):
    rows = measure([Group("sampling", tiny, "fp32", "eager", 2)], "cpu", Clock("cpu", 0))
    assert [row.why for row in rows] == [TIME_IS_UP] * 3


def test_growth_has_a_dot_and_a_line_for_each_size(tiny):
    narrow = replace(SCALES["cpu"].config, dim=32, heads=2)
    scale = replace(SCALES["cpu"], config=narrow, tokens=(16, 64), depths=(1,), batches=(2,))
    points = growth("cpu", long_enough(), scale)
    assert [(p.axis, p.at) for p in points[::2]] == [
        ("tokens", 16),
        ("tokens", 64),
        ("depth", 1),
        ("batch", 2),
    ]
    assert all(p.seconds > p.products > 0 for p in points)
    assert growth("cpu", Clock("cpu", 0), scale) == []


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_one_thing_grows_at_a_time(device):
    scale = SCALES[device]
    for axis, at, config, batch in grown(scale):
        sizes = {"tokens": config.tokens, "depth": config.depth, "batch": batch}
        assert sizes.pop(axis) == at
        usual = {"tokens": scale.config.tokens, "depth": scale.config.depth, "batch": scale.batch}
        assert sizes == {name: usual[name] for name in sizes}
    assert scale.tokens[0] == 16 and scale.tokens[-1] == 4096


def a_row(network, size="DiT-S/2", way=("fp32", "eager"), seconds=1.0, flops=100, share=0.8):
    return Row("training step", network, size, *way, 2, flops, (seconds,), share, over_minidit=seconds)


def test_the_bounds_of_a_processor_can_be_missed():
    rows = [a_row("minidit"), a_row("diffusers", seconds=1.1), a_row("minidit, TREAD", seconds=0.7, flops=70)]
    assert plan.gain(rows, "DiT-S/2", "fp32", "eager") == pytest.approx(1.0)
    held = list(plan.bounds(rows, [small.Small(64, 16, 64, 0.02, 1.4, 1.2)], "cpu"))
    assert len(held) == 4 and all(bound.kept for bound in held)
    slow = [a_row("minidit", share=0.3), a_row("diffusers", seconds=0.5), replace(rows[2], over_minidit=0.99)]
    held = plan.bounds(slow, [small.Small(64, 16, 64, 0.02, 0.6, 0.6)], "cpu")
    assert [bound.kept for bound in held] == [False] * 4


def test_the_bounds_of_a_gpu_are_those_that_were_asked_for():
    where = {"size": "DiT-XL/2", "way": ("bf16", "compiled")}
    rows = [a_row("minidit", share=0.56, **where), a_row("diffusers", seconds=1.19, **where)]
    assert [(b.bound, b.kept) for b in plan.bounds(rows, [], "cuda")] == [(0.55, True), (1.2, False)]
    assert list(plan.bounds([], [], "cuda")) == []


def test_a_gpu_measures_what_was_asked_for():
    groups = plan.on_a_gpu()
    made = {(g.part, g.size, g.precision, g.mode) for g in groups}
    assert len(made) == len(groups) == 2 * 4 * 2 * 2
    assert groups[0] == Group("training step", "DiT-XL/2", "bf16", "compiled", 32, plan.WITH_ROUTE)


def test_a_number_that_is_none_keeps_no_bound():
    assert not Bound("x", float("nan"), 1).kept and not Bound("x", float("nan"), 1, at_most=False).kept
    assert "FAIL" in str(Bound("x", 2, 1)) and "at most 1" in str(Bound("x", 2, 1))
