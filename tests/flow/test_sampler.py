"""Samplers on fields whose solution is known, and guidance as plain algebra."""

import math

import pytest
import torch

from minidit import Condition, MiniditError
from minidit.flow import euler, guide, heun, last, times

START = torch.tensor([1.0, -2.0], dtype=torch.float64).view(2, 1, 1, 1)


def field(x, t, condition=None):
    """dx/dt = cos(3t) x has the solution x(0) exp(sin(3t) / 3): it depends on time and on x."""
    return torch.cos(3 * t).view(-1, 1, 1, 1) * x


def error(sampler, steps):
    exact = START * math.exp(math.sin(3) / 3)
    return (last(sampler(field, START, times(steps))) - exact).abs().max().item()


@pytest.mark.parametrize(("sampler", "order", "tolerance"), [(euler, 1, 0.15), (heun, 2, 0.25)])
def test_order_of_convergence(sampler, order, tolerance):
    slope = math.log2(error(sampler, 40) / error(sampler, 80))
    assert slope == pytest.approx(order, abs=tolerance)


@pytest.mark.parametrize(("sampler", "cost"), [(euler, 1), (heun, 2)])
def test_states_count_evaluations_and_end_at_one(sampler, cost):
    calls = []

    def v(x, t, c):
        calls.append(float(t[0]))
        return field(x, t)

    states = list(sampler(v, START, times(5)))
    assert [state.evaluations for state in states] == [cost * k for k in range(6)]
    assert len(calls) == 5 * cost
    assert states[0].x is START and states[0].t == 0 and states[-1].t == 1
    assert min(calls) == 0 and (max(calls) == 1 if cost == 2 else max(calls) == 0.8)


@pytest.mark.parametrize("sampler", [euler, heun])
def test_resuming_from_any_state_gives_the_same_end(sampler):
    grid = times(6)
    states = list(sampler(field, START, grid))
    for k in range(6):
        assert torch.equal(last(sampler(field, states[k].x, grid[k:])), states[-1].x)


def test_a_velocity_to_one_point_arrives_there():
    """Towards a single data point the linear path has v = (x_1 - x) / (1 - t): Euler is exact."""
    v = lambda x, t, c: (7 - x) / (1 - t).view(-1, 1, 1, 1)  # noqa: E731
    torch.testing.assert_close(last(euler(v, START, times(10))), torch.full_like(START, 7))


def test_no_steps_are_refused():
    with pytest.raises(MiniditError, match="asked for 0 steps"):
        times(0)


def labelled(x, t, condition):
    """Conditional velocity = label, unconditional = -1; a network in miniature that honours drop."""
    condition = Condition.of(condition)
    value = condition.labels.double()
    if condition.drop is not None:
        value = value.masked_fill(condition.drop, -1)
    return value.view(-1, 1, 1, 1).expand_as(x)


LABELS = torch.tensor([3, 5])


@pytest.mark.parametrize(("w", "expected"), [(0, [-1, -1]), (1, [3, 5]), (2, [7, 11]), (3.5, [13, 20])])
def test_guidance_is_u_plus_w_times_c_minus_u(w, expected):
    out = guide(labelled, w)(START, torch.zeros(2), LABELS)
    assert out.flatten().tolist() == expected


def test_w_one_evaluates_the_conditional_branch_only_and_others_one_doubled_batch():
    sizes = []

    def v(x, t, c):
        sizes.append((len(x), c))
        return labelled(x, t, c)

    guide(v, 1.0)(START, torch.zeros(2), LABELS)
    assert sizes == [(2, LABELS)]
    guide(v, 2.0)(START, torch.zeros(2), LABELS)
    assert sizes[1][0] == 4 and len(sizes) == 2


def test_the_interval_is_counted_from_noise_to_data():
    guided = guide(labelled, 2.0, interval=(0.5, 1.0))
    at = lambda t: guided(START, torch.full((2,), t), LABELS).flatten().tolist()  # noqa: E731
    assert at(0.2) == [3, 5] and at(0.5) == [7, 11] and at(0.9) == [7, 11]


def test_impossible_guidance_is_refused():
    with pytest.raises(MiniditError, match="must be 0 or more"):
        guide(labelled, -1)
    with pytest.raises(MiniditError, match="is empty"):
        guide(labelled, 2, interval=(0.5, 0.5))


def test_both_ends_belong_to_the_interval():
    guided = guide(labelled, 2.0, interval=(0.25, 0.5))
    at = lambda t: guided(START, torch.full((2,), t), LABELS).flatten().tolist()  # noqa: E731
    assert at(0.25) == at(0.5) == [7, 11] and at(0.51) == [3, 5]


def test_what_was_dropped_stays_dropped_under_guidance():
    condition = Condition(labels=LABELS, drop=torch.tensor([True, False]))
    assert guide(labelled, 2.0)(START, torch.zeros(2), condition).flatten().tolist() == [-1, 11]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_ends_of_the_interval_are_guided(dtype):
    sizes = []
    guided = guide(lambda x, t, c: (sizes.append(len(x)), x)[1], 2.0, interval=(0.7, 0.8))
    for t in (0.6, 0.7, 0.8, 0.9):
        guided(torch.zeros(1, 1, 1, 1), torch.full((1,), t, dtype=dtype), torch.tensor([0]))
    assert sizes == [1, 2, 2, 1]
