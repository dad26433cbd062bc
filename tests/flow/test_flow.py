"""The flow on closed forms: no network in sight."""

import pytest
import torch

import minidit
from minidit import Batch, Condition, Flow, Keys, MiniditError, Objective, Streams
from minidit.flow.objective import Draw

X = torch.randn(4, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
NOISE = torch.randn(4, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_ends_of_the_path():
    flow, one = Flow(), torch.ones(4, dtype=torch.float64)
    assert torch.equal(flow.interpolate(X, NOISE, 0 * one), NOISE)
    assert torch.equal(flow.interpolate(X, NOISE, one), X)


def test_the_target_is_the_derivative_of_the_path():
    flow, t, h = Flow(), torch.tensor([0.1, 0.4, 0.5, 0.9], dtype=torch.float64), 1e-4
    slope = (flow.interpolate(X, NOISE, t + h) - flow.interpolate(X, NOISE, t - h)) / (2 * h)
    torch.testing.assert_close(flow.target(X, NOISE, t), slope)
    torch.testing.assert_close(flow.target(X, NOISE, t), X - NOISE)


def test_each_image_has_its_own_time():
    t = torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    x_t = Flow().interpolate(X, NOISE, t)
    assert torch.equal(x_t[::2], NOISE[::2]) and torch.equal(x_t[1::2], X[1::2])


def test_a_learned_sigma_head_is_not_read():
    v = Flow().velocity(lambda x, t, c: torch.cat([x, x * float("nan")], dim=1))
    assert torch.equal(v(X, torch.zeros(4)), X)


@pytest.mark.parametrize(("field", "word"), [("path", "curved"), ("prediction", "curl"), ("clock", "steps")])
def test_unknown_words_are_refused(field, word):
    with pytest.raises(MiniditError, match=f"A flow's {field} is '{word}'; it must be one of"):
        Flow(**{field: word})


def batch(n=4):
    return Batch(X[:n].float(), Condition(labels=torch.arange(n)))


def test_the_loss_of_a_perfect_and_of_a_constant_prediction():
    objective = Objective()
    draw = objective.draw(batch(), Streams(0), 0)
    target = batch().x - draw.noise
    assert objective.loss(lambda x, t, c: target, batch(), draw).total == 0
    zero = objective.loss(lambda x, t, c: 0 * x, batch(), draw)
    torch.testing.assert_close(zero.total, target.square().mean())
    assert zero.parts["velocity"] is zero.total


def test_the_loss_shows_the_network_the_interpolated_image_its_time_and_the_dropped_labels():
    seen = {}

    def f(x, t, condition):
        seen.update(x=x, t=t, condition=condition)
        return x

    objective = Objective(label_drop=0.5)
    draw = objective.draw(batch(), Streams(0), 0)
    objective.loss(f, batch(), draw)
    torch.testing.assert_close(seen["x"], Flow().interpolate(batch().x, draw.noise, draw.t))
    assert seen["t"] is draw.t and seen["condition"].drop is draw.drop
    assert torch.equal(seen["condition"].labels, torch.arange(4))


def test_keys_reach_the_network_only_when_drawn():
    seen = []

    def f(x, t, c, keys=None):
        seen.append(keys)
        return x

    draw = Draw(torch.zeros(4), batch().x, torch.zeros(4, dtype=torch.bool))
    Objective().loss(f, batch(), draw)
    keys = Keys(route=torch.zeros(4, 9))
    Objective().loss(f, batch(), draw._replace(keys=keys))
    assert seen == [None, keys]


def test_draws_are_stateless_and_differ_by_step_and_seed():
    objective = Objective()
    one, again = (objective.draw(batch(), Streams(3), 700) for _ in range(2))
    assert torch.equal(one.t, again.t) and torch.equal(one.noise, again.noise)
    assert not torch.equal(one.noise, objective.draw(batch(), Streams(3), 701).noise)
    assert not torch.equal(one.noise, objective.draw(batch(), Streams(4), 700).noise)


def test_the_share_of_dropped_labels():
    big = Batch(torch.zeros(20_000, 1, 1, 1), Condition())
    share = Objective(label_drop=0.1).draw(big, Streams(0), 0).drop.float().mean()
    assert share == pytest.approx(0.1, abs=4 * (0.09 / 20_000) ** 0.5)


@pytest.mark.parametrize(("law", "mean_logit_sd"), [("uniform", 3.29**0.5), ("logit_normal", 1.0)])
def test_the_laws_of_t(law, mean_logit_sd):
    big = Batch(torch.zeros(20_000, 1, 1, 1), Condition())
    t = Objective(time_sampling=law).draw(big, Streams(0), 0).t
    assert 0 <= t.min() and t.max() <= 1
    assert t.mean() == pytest.approx(0.5, abs=0.01)
    # the logit of a uniform variable is logistic: variance pi^2 / 3
    assert t.clamp(1e-6, 1 - 1e-6).logit().std() == pytest.approx(mean_logit_sd, rel=0.03)


def test_unknown_laws_and_impossible_shares_are_refused():
    with pytest.raises(MiniditError, match="time_sampling is 'cosine'"):
        Objective(time_sampling="cosine")
    with pytest.raises(MiniditError, match="label_drop is 2"):
        Objective(label_drop=2)


def test_what_is_dropped_has_nothing_to_do_with_the_time_or_the_noise():
    big = Batch(torch.zeros(20_000, 1, 1, 1), Condition())
    draw = Objective(time_sampling="uniform", label_drop=0.5).draw(big, Streams(0), 0)
    for other in (draw.t, draw.noise.flatten()):
        difference = other[draw.drop].mean() - other[~draw.drop].mean()
        assert abs(difference) < 5 * other.std() * (4 / 20_000) ** 0.5


def test_streams_do_not_coincide():
    first = {int(torch.randint(2**31, (1,), generator=minidit.generator(0, "noise", k))) for k in range(3000)}
    assert len(first) >= 2999
