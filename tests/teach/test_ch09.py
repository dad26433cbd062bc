"""Chapter 9's checks: the curves of exercise 9.6 hold their traps, and the library solves 9.5 and 9.7."""

from statistics import fmean

import pytest
import torch
from torch import nn

from minidit.claims.facts import _absorb
from minidit.model.placement import PLACEMENTS
from minidit.teach.check import examine
from minidit.teach.checks.ch09 import BLOCKS, branch
from minidit.teach.checks.ch09_rates import course
from minidit.teach.exercise import find
from minidit.teach.expect import CheckFailed


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("best", range(4))
@pytest.mark.parametrize("seed", range(20))
def test_the_curves_hold_their_traps(best, seed):
    tuning, deciding = course(best, drawn(seed))
    means = [fmean(tuning[i, s] for s in (0, 1)) for i in range(4)]
    luckiest = [min(tuning[i, s] for s in (0, 1)) for i in range(4)]
    decided = [fmean(deciding[i, s] for s in (2, 3, 4)) for i in range(4)]
    assert means.index(min(means)) == best
    assert luckiest.index(min(luckiest)) != best and decided.index(min(decided)) != best
    assert min([*tuning.values(), *deciding.values()]) > 0


@pytest.mark.parametrize("seed", range(20))
def test_a_tie_is_a_tie(seed):
    tuning, deciding = course(1, drawn(seed), twin=2)
    means = [fmean(tuning[i, s] for s in (0, 1)) for i in range(4)]
    assert means[1] == means[2] == min(means)
    assert fmean(deciding[1, s] for s in (2, 3, 4)) != fmean(deciding[2, s] for s in (2, 3, 4))


def test_the_librarys_merge_solves_the_exercise():
    def into_adaln(gain, shift, weight, bias):
        linear, norm = nn.Linear(weight.shape[1], weight.shape[0]), nn.LayerNorm(len(gain))
        with torch.no_grad():
            for parameter, value in (
                (linear.weight, weight),
                (linear.bias, bias),
                (norm.weight, gain),
                (norm.bias, shift),
            ):
                parameter.copy_(value)
            _absorb(linear, norm, 0, len(gain))
        return linear.weight, linear.bias

    for seed in range(5):
        examine(find("9.5"), into_adaln, drawn(seed))


def test_the_librarys_placements_are_told_apart_by_a_test():
    def accepts(library):
        def test(place):
            x, gate = 3 + 2 * torch.randn(2, 5, 8), 0.2 + torch.rand(8)
            norms = [lambda y: y / y.std(-1, keepdim=True)] * 2
            right = library(x, lambda y: y.flip(-1) ** 2 + 1, norms, None, None, gate)
            got = place(x, lambda y: y.flip(-1) ** 2 + 1, norms[0], gate)
            assert torch.allclose(got, right, atol=1e-4)

        return test

    examine(find("9.7"), accepts(PLACEMENTS["pre"]), drawn(0))
    for placement in ("post", "sandwich"):
        with pytest.raises(CheckFailed, match="refuses the right function"):
            examine(find("9.7"), accepts(PLACEMENTS[placement]), drawn(0))


@pytest.mark.parametrize("text", BLOCKS)
def test_the_blocks_of_the_first_exercise_are_what_they_are_said_to_be(text):
    make, size, right, _ = BLOCKS[text]
    draw = drawn(3)
    block, x = make(branch(draw, size)), torch.randn(8, 12, generator=draw, dtype=torch.double)
    grown = (block(2e9 * x).norm() / block(1e9 * x).norm()).item()
    assert grown == pytest.approx(1.0 if right == "post" else 2.0, abs=1e-3)
    added = (block(x) - x).norm(dim=-1)
    assert (added.std() < 1e-6 * added.mean()).item() == (right == "sandwich")
