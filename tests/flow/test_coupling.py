"""Pairs of noise and data: the shortest there are, of the same noise, and within labels where asked."""

from itertools import permutations

import pytest
import torch

from minidit import Batch, Condition, Flow, MiniditError, Objective, Streams, generator
from minidit.flow.coupling import COUPLINGS, optimal, optimal_within_labels, pairing


def batch_of(size=6, classes=2, seed=0):
    x = torch.randn(size, 1, 2, 2, generator=generator(seed, "data")) + 1
    return Batch(x, Condition(labels=torch.arange(size) % classes))


def noise_like(batch, seed=0):
    return torch.randn(batch.x.shape, generator=generator(seed, "noise"))


def length(noise, x):
    return (x - noise).square().sum().item()


@pytest.mark.parametrize("seed", range(3))
def test_no_other_pairing_is_shorter(seed):
    batch = batch_of(5, seed=seed)
    noise = noise_like(batch, seed)
    every = [length(noise[list(order)], batch.x) for order in permutations(range(5))]
    assert length(noise[pairing(noise, batch.x)], batch.x) == pytest.approx(min(every))
    assert length(noise, batch.x) > min(every)


def test_squares_are_summed_not_lengths():
    """Noise 0 and 1, data 1 and 2: two lines of 1, or one of 2 and one of 0. Lengths tie, squares do not."""
    noise, data = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    assert pairing(noise, data).tolist() == [0, 1]
    assert pairing(noise.flip(0), data).tolist() == [1, 0]


def test_on_a_line_the_order_is_kept():
    noise, data = (torch.randn(50, 1, generator=generator(0, name)) for name in ("a", "b"))
    ranks = noise[pairing(noise, data)].flatten().argsort()
    assert torch.equal(ranks, data.flatten().argsort())


@pytest.mark.parametrize("name", COUPLINGS)
def test_the_noise_is_the_same_in_another_order(name):
    batch = batch_of()
    noise = noise_like(batch)
    coupled = COUPLINGS[name](noise, batch)
    assert torch.equal(coupled.flatten(1).sort(0).values, noise.flatten(1).sort(0).values)
    assert torch.equal(coupled.sum((1, 2, 3)).sort().values, noise.sum((1, 2, 3)).sort().values)


def test_within_labels_noise_stays_with_its_label():
    batch, far = batch_of(8), 100.0
    noise = noise_like(batch) + far * batch.condition.labels.view(-1, 1, 1, 1)
    coupled = optimal_within_labels(noise, batch)
    assert torch.equal(coupled.mean((1, 2, 3)) > far / 2, batch.condition.labels == 1)
    for label in (0, 1):
        own = batch.condition.labels == label
        alone = Batch(batch.x[own], Condition())
        assert torch.equal(coupled[own], optimal(noise[own], alone))


def test_pairs_by_chance_are_as_long_as_they_come():
    batch = batch_of()
    noise = noise_like(batch)
    kept = (COUPLINGS[name](noise, batch) for name in ("optimal", "optimal_within_labels", "independent"))
    lengths = [length(one, batch.x) for one in kept]
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1] == length(noise, batch.x)


@pytest.mark.parametrize("name", COUPLINGS)
def test_the_objective_hands_out_the_same_draw_in_another_order(name):
    batch, streams = batch_of(), Streams(3)
    plain = Objective().draw(batch, streams, 7)
    coupled = Objective(coupling=name).draw(batch, streams, 7)
    assert torch.equal(coupled.noise, COUPLINGS[name](plain.noise, batch))
    assert torch.equal(coupled.t, plain.t) and torch.equal(coupled.drop, plain.drop)


def test_bad_input_is_refused():
    batch = batch_of()
    with pytest.raises(MiniditError, match="one noise like each image"):
        pairing(torch.zeros(5, 1, 2, 2), batch.x)
    with pytest.raises(MiniditError, match="has no labels"):
        optimal_within_labels(noise_like(batch), Batch(batch.x, Condition()))
    with pytest.raises(MiniditError, match=r"objective.coupling is 'best'.*independent, optimal"):
        Objective(coupling="best")
    with pytest.raises(MiniditError, match="only where pairs are made by chance"):
        Objective(flow=Flow(prediction="score"), coupling="optimal")
