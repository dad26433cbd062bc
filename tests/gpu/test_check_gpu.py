"""The checks that await a GPU, rehearsed on a processor with a small network."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

PATH = Path(__file__).with_name("check_gpu.py")


@pytest.fixture(scope="module")
def checks():
    spec = importlib.util.spec_from_file_location("check_gpu", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_gpu"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["check_gpu"]


@pytest.fixture
def small(checks):
    return checks.run_of("DiT-S/2", 4, "fp32", dim=32, depth=2, heads=2, input_size=8)


@pytest.fixture(autouse=True)
def front_half_of_the_compiler(monkeypatch):
    """Graphs are found as on a GPU; their code is not written, which would take a minute."""
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **how: compiler(function, backend="eager", **how))


def test_every_check_passes(checks, small):
    for check in (
        checks.same_in_pieces(small, "cpu"),
        checks.one_graph(small, "cpu"),
        checks.memory_as_estimated(small, "cpu", 2),
        checks.throughput(small, "cpu", 4),
    ):
        assert check.kept, check


def test_a_step_that_is_not_one_graph_is_seen(checks, small):
    def broken(function, **how):
        def call(*given):
            raise RuntimeError("no compiler")

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "compile", broken)
        check = checks.one_graph(small, "cpu")
    assert not check.kept and "no compiler" in check.found


def test_without_a_gpu_it_says_so(checks, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert checks.main() == 2
    assert "sees no GPU here" in capsys.readouterr().out
