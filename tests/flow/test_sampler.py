"""Samplers on fields whose solution is known, and guidance as plain algebra."""

import math
from itertools import pairwise

import pytest
import torch

from minidit import Condition, MiniditError, Streams
from minidit.flow import autoguide, euler, guide, heun, last, routed, solve, times
from minidit.flow.sampler import METHODS
from minidit.types import Keys

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


def by(method):
    return lambda v, noise, times, condition=None: solve(v, noise, times, condition, method=method)


@pytest.mark.parametrize(("method", "order", "steps"), [("heun3", 3, 20), ("rk4", 4, 40)])
def test_order_of_convergence_of_the_fixed_solvers(method, order, steps):
    """Midpoint is left out: on this field its leading error happens to cancel."""
    slope = math.log2(error(by(method), steps) / error(by(method), 2 * steps))
    assert slope == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("method", METHODS)
def test_every_solver_solves_continues_and_counts(method):
    calls = []

    def v(x, t, condition):
        calls.append(condition)
        return field(x, t)

    grid, labels = times(6), torch.tensor([3, 5])
    states = list(solve(v, START, grid, labels, method=method))
    exact = START * math.exp(math.sin(3) / 3)
    torch.testing.assert_close(states[-1].x, exact, rtol=0.02, atol=0)
    assert [state.t for state in states] == grid.tolist() and states[0].evaluations == 0
    assert states[-1].evaluations == len(calls) and all(c is labels for c in calls)
    for k in range(7):
        assert torch.equal(last(solve(field, states[k].x, grid[k:], method=method)), states[-1].x)


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("method", METHODS)
def test_no_solver_asks_beyond_the_next_time_of_the_grid(method, steps, falling):
    told, grid = [], times(steps).flip(0) if falling else times(steps)

    def v(x, t, condition):
        told.append(float(t[0]))
        return field(x, t)

    before = 0
    states = list(solve(v, START, grid, method=method))
    for state, then in pairwise(states):
        asked = told[before : then.evaluations]
        assert min(state.t, then.t) <= min(asked) and max(asked) <= max(state.t, then.t)
        before = then.evaluations


def test_an_adaptive_solver_keeps_its_tolerance_and_the_type_of_the_images():
    exact = START * math.exp(math.sin(3) / 3)
    states = list(solve(field, START, times(1), rtol=1e-8, atol=1e-10))
    torch.testing.assert_close(states[-1].x, exact, rtol=1e-7, atol=1e-9)
    rough = list(solve(field, START.float(), times(1)))
    assert rough[-1].x.dtype == torch.float32 and rough[-1].evaluations < states[-1].evaluations


def test_unknown_solvers_are_refused():
    with pytest.raises(MiniditError, match="no solver 'leapfrog'"):
        last(solve(field, START, times(2), method="leapfrog"))


@pytest.mark.parametrize("sampler", [euler, heun, solve])
def test_a_falling_grid_encodes(sampler):
    grid = times(200)
    code = last(sampler(field, START, grid.flip(0)))
    torch.testing.assert_close(code, START * math.exp(-math.sin(3) / 3), rtol=0.01, atol=0)
    torch.testing.assert_close(last(sampler(field, code, grid)), START, rtol=0.01, atol=0)


def test_a_shifted_grid_takes_shorter_steps_near_the_noise():
    grid = times(50, shift=3.0)
    assert grid[0] == 0 and grid[-1] == 1 and (grid.diff() > 0).all()
    assert float(grid[25]) == pytest.approx(0.25) and grid[1] < 1 / 50 < grid[-1] - grid[-2]
    assert torch.equal(times(50), torch.linspace(0, 1, 51, dtype=torch.float64))
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(MiniditError, match="time shift is"):
            times(5, shift=wrong)


def test_a_grid_may_end_before_the_data():
    told = []
    states = list(heun(lambda x, t, c: (told.append(float(t[0])), x)[1], START, times(5, end=0.999)))
    assert states[-1].t == max(told) == 0.999 and states[1].t == pytest.approx(0.1998)
    assert float(times(50, shift=3.0, end=0.9)[-1]) == 0.9
    for wrong in (0.0, 1.1, float("nan")):
        with pytest.raises(MiniditError, match=f"to end at {wrong}; it must end after 0"):
            times(5, end=wrong)


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


@pytest.mark.parametrize("steps", [0, -1, 2.5, 3.0])
def test_no_steps_and_parts_of_steps_are_refused(steps):
    with pytest.raises(MiniditError, match=f"asked for {steps} steps; it needs a whole number of 1 or more"):
        times(steps)


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
    for w in (float("inf"), float("nan")):
        with pytest.raises(MiniditError, match=f"w is {w}; it must be 0 or more, and finite"):
            guide(labelled, w)
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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rounding_does_not_push_a_time_out_of_the_interval(dtype):
    sizes = []
    guided = guide(lambda x, t, c: (sizes.append(len(x)), x)[1], 2.0, interval=(0.3, 0.7))
    ulp = torch.finfo(dtype).eps
    for t in (
        0.3 - ulp,
        3 * 0.1,
        0.7,
        0.7 + ulp,
        0.3 - 1e-5,
        0.7 + 1e-5,
    ):  # 3 * 0.1 is a little more than 0.3
        guided(torch.zeros(1, 1, 1, 1), torch.full((1,), t, dtype=dtype), torch.tensor([0]))
    assert sizes == [2, 2, 2, 2, 1, 1]


def coloured(x, t, condition):
    """Channel k of the velocity is (k + 1) times the label, or -1 without one."""
    value = labelled(x[:, :1], t, condition)
    return value * torch.arange(1.0, x.shape[1] + 1)[:, None, None]


def test_guiding_three_channels_leaves_the_fourth_conditional():
    x, condition = torch.zeros(1, 4, 1, 1), torch.tensor([2])
    at = lambda **options: guide(coloured, 3.0, **options)(x, torch.zeros(1), condition).flatten().tolist()  # noqa: E731
    assert at(channels=3) == [8, 16, 24, 8]
    assert at() == at(channels=4) == [8, 16, 24, 32]
    assert at(channels=1) == [8, 4, 6, 8]
    with pytest.raises(MiniditError, match="channels is 0"):
        guide(coloured, 3.0, channels=0)


@pytest.mark.parametrize(("w", "expected"), [(0.0, [1, 1]), (1.0, [3, 5]), (2.0, [5, 9])])
def test_autoguidance_walks_away_from_the_weaker_model(w, expected):
    weak = lambda x, t, c: torch.ones_like(x)  # noqa: E731
    assert autoguide(labelled, weak, w)(START, torch.zeros(2), LABELS).flatten().tolist() == expected


def with_variance(v):
    """A second half of channels beside the velocity: ten times its value."""
    return lambda x, t, c: torch.cat([v(x, t, c), 10 * v(x, t, c)], dim=1)


def test_a_learned_variance_is_not_extrapolated():
    weak = lambda x, t, c: torch.ones_like(x)  # noqa: E731
    out = guide(with_variance(labelled), 2.0)(START, torch.zeros(2), LABELS)
    assert out.flatten(1).tolist() == [[7, 30], [11, 50]]
    out = autoguide(with_variance(labelled), with_variance(weak), 2.0)(START, torch.zeros(2), LABELS)
    assert out.flatten(1).tolist() == [[5, 30], [9, 50]]


def test_autoguidance_evaluates_one_branch_where_it_can_and_both_see_the_condition():
    calls = []

    def branch(name):
        return lambda x, t, c: (calls.append((name, c)), x)[1]

    at = lambda w, t: autoguide(branch("strong"), branch("weak"), w, interval=(0.5, 1.0))(  # noqa: E731
        START, torch.full((2,), t), LABELS
    )
    at(1.0, 0.7), at(2.0, 0.2)
    assert calls == [("strong", LABELS)] * 2
    at(2.0, 0.7)
    assert calls[2:] == [("strong", LABELS), ("weak", LABELS)]


def test_impossible_autoguidance_is_refused():
    with pytest.raises(MiniditError, match="must be 0 or more"):
        autoguide(labelled, labelled, float("nan"))
    with pytest.raises(MiniditError, match="is empty"):
        autoguide(labelled, labelled, 2.0, interval=(1.0, 0.0))


def test_guidance_by_routing_gives_each_branch_its_own_keys_and_continues_exactly():
    """The velocity is the share of tokens kept: strong keeps three quarters of them, weak a quarter."""
    seen, steps = [], []

    def v(x, t, condition, keys=None):
        seen.append((keys.route.clone(), condition))
        return x * keys.route.mean()

    def keeping(share):
        def draw(step):
            steps.append(step)
            return Keys(route=(torch.rand(2, 64, generator=Streams(0)("route", step)) < share).double())

        return draw

    guided = autoguide(routed(v, keeping(0.75)), routed(v, keeping(0.25)), 2.0)
    grid = times(4)
    states = list(euler(guided, START, grid, LABELS))
    assert all(condition is LABELS for _, condition in seen) and len(seen) == 8
    assert steps == [0, 0, 250_000, 250_000, 500_000, 500_000, 750_000, 750_000]
    assert not torch.equal(seen[0][0], seen[2][0]) and seen[0][0].mean() > 0.6 > 0.4 > seen[1][0].mean()
    strong, weak = (keys.mean() for keys, _ in seen[:2])
    torch.testing.assert_close(states[1].x, START * (1 + 0.25 * (weak + 2 * (strong - weak))))
    assert torch.equal(last(euler(guided, states[2].x, grid[2:], LABELS)), states[-1].x)
