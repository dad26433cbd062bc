"""DiT's diffusion against the published numbers, and against closed forms."""

import math

import pytest
import torch

from minidit import Batch, Condition, Flow, Keys, MiniditError, Streams
from minidit.flow import GaussianMixture, euler, guide, last
from minidit.flow.ancestral import ancestral, ddim
from minidit.flow.diffusion import Diffusion, Gaussian
from minidit.flow.hybrid import HybridObjective, discretised_nll, kl, variational_bound
from minidit.flow.sampler import gaussian

DDPM = Diffusion.linear()
MIXTURE = GaussianMixture(
    torch.tensor([0.3, 0.7], dtype=torch.float64),
    torch.tensor([[1.0, -1.0], [-1.0, 0.5]], dtype=torch.float64),
    0.1 * torch.eye(2, dtype=torch.float64).expand(2, 2, 2),
)
START = torch.randn(40, 2, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def best(x, t, condition=None):
    """The best noise prediction for the mixture at a DDPM step told as our time."""
    abar = DDPM.abar[(1000 * (1 - t)).round().long() - 1]
    data = MIXTURE.denoise(x, abar.sqrt(), (1 - abar).sqrt())
    wide = abar[:, None, None, None]
    return (x - wide.sqrt() * data) / (1 - wide).sqrt()


def test_published_numbers():
    assert float(DDPM.abar[0]) == pytest.approx(0.9999, rel=1e-12)
    assert float(DDPM.abar[499]) == pytest.approx(0.0785872429, abs=5e-11)
    assert float(DDPM.abar[999]) == pytest.approx(4.03582977e-05, rel=1e-8)
    assert float(DDPM.posterior_variance[0]) == 0
    assert float(DDPM.posterior_variance[1]) == pytest.approx(5.45318766e-05, rel=1e-8)
    assert DDPM.posterior_log_variance[:2].tolist() == pytest.approx([-9.81672514] * 2, abs=5e-9)


@pytest.mark.parametrize(
    ("name", "first", "final"),
    [
        ("250", [0, 4, 8, 12, 16, 20], [995, 999]),
        ("50", [0, 20, 41, 61, 82, 102], [979, 999]),
        ("10", [0, 111, 222], [999]),
        ("7", [0, 166, 333, 500, 666, 832], [999]),  # 166.5, 499.5, 832.5: halves go to the even number
        ("ddim50", [0, 20, 40], [980]),
        ("ddim250", [0, 4, 8], [996]),
        ("1", [0], [0]),
    ],
)
def test_respaced_steps_as_published(name, first, final):
    steps = DDPM.respace(name).steps.tolist()
    assert steps[: len(first)] == first and steps[-len(final) :] == final
    assert len(steps) == int(name.removeprefix("ddim"))


def test_respacing_keeps_abar_and_the_time_told():
    short = DDPM.respace("50")
    torch.testing.assert_close(short.abar, DDPM.abar[short.steps])
    assert short.time(torch.tensor([1, 49])).tolist() == pytest.approx([1 - 21 / 1000, 0.0])
    torch.testing.assert_close(DDPM.respace("1000").betas, DDPM.betas)


@pytest.mark.parametrize("name", ["0", "1001", "ten", "", "-3"])
def test_impossible_respacings_are_refused(name):
    with pytest.raises(MiniditError, match="makes no sense"):
        DDPM.respace(name)


def test_a_stride_that_does_not_exist_is_refused():
    with pytest.raises(MiniditError, match="No whole stride"):
        DDPM.respace("ddim300")


def test_the_posterior_is_bayes_rule():
    """Two normal factors in x_{k-1}: what the data says, and what x_k says."""
    k = torch.tensor([1, 30, 700])
    data, x = START[:3], START[3:6]
    for process in (DDPM, DDPM.respace("800")):
        before, beta = process.abar_before[k], process.betas[k]
        precision = 1 / (1 - before) + (1 - beta) / beta
        wide = [v[:, None, None, None] for v in (before, beta, precision)]
        mean = wide[0].sqrt() * data / (1 - wide[0]) + (1 - wide[1]).sqrt() * x / wide[1]
        found = process.posterior(data, x, k)
        torch.testing.assert_close(found.mean, mean / wide[2])
        torch.testing.assert_close(found.log_variance.flatten(), -precision.log())


def test_the_data_is_found_again_from_the_noise():
    k, noise = torch.tensor([0, 500, 999]), START[3:6]
    torch.testing.assert_close(DDPM.data(noise, DDPM.noised(START[:3], noise, k), k), START[:3])


def test_the_learned_variance_lies_between_its_bounds_and_beyond_them():
    k, x = torch.tensor([400]), START[:1]
    bounds = [float(DDPM.posterior_log_variance[400]), float(DDPM.betas[400].log())]
    for v, share in ((-1, 0), (1, 1), (0, 0.5), (3, 2)):
        out = torch.cat([x, torch.full_like(x, v)], dim=1)
        expected = bounds[0] + share * (bounds[1] - bounds[0])
        assert float(DDPM.reverse(out, x, k).log_variance.mean()) == pytest.approx(expected)
    assert float(DDPM.reverse(x, x, k).log_variance) == pytest.approx(bounds[0])
    with pytest.raises(MiniditError, match="learn_sigma"):
        DDPM.reverse(torch.cat([x, x, x], dim=1), x, k)


# samplers ----------------------------------------------------------------------------------------------


def test_ddim_is_eulers_method_after_a_change_of_variable():
    """x / sqrt(abar) moves along the noise as sqrt(1 / abar - 1) falls."""
    short = DDPM.respace("50")
    levels = (1 / short.abar - 1).sqrt()  # rising with k

    def noise(x, level, condition):
        k = (levels - level[0]).abs().argmin()
        return best(x * short.abar[k].sqrt(), short.time(k).expand(len(x)))

    grid = torch.cat([levels.flip(0), torch.zeros(1, dtype=torch.float64)])
    ours = last(ddim(best, START, short))
    torch.testing.assert_close(
        last(euler(noise, START / short.abar[-1].sqrt(), grid)), ours, rtol=1e-6, atol=1e-6
    )


def test_ddim_with_eta_one_is_ddpm_with_the_posterior_variance():
    """The two are written differently, but draw from the same normal distribution at every step."""
    short, draws = DDPM.respace("40"), gaussian(START, Streams(0))
    one = last(ancestral(best, START, short, draws))
    torch.testing.assert_close(last(ddim(best, START, short, eta=1.0, draws=draws)), one)


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "ddim with noise"])
def test_resuming_from_any_state(sampler):
    short, draws = DDPM.respace("9"), gaussian(START, Streams(1))
    run = {
        "ancestral": lambda x, left: ancestral(best, x, short, draws, left=left),
        "ddim": lambda x, left: ddim(best, x, short, left=left),
        "ddim with noise": lambda x, left: ddim(best, x, short, left=left, eta=0.7, draws=draws),
    }[sampler]
    states = list(run(START, None))
    assert len(states) == 10 and states[0].t == 0 and states[-1].t == 1
    assert [state.evaluations for state in states] == list(range(10))
    for done, state in enumerate(states):
        assert torch.equal(last(run(state.x, 9 - done)), states[-1].x)


def test_equal_seeds_give_equal_images_and_others_others():
    short = DDPM.respace("9")
    one, again, other = (last(ancestral(best, START, short, gaussian(START, Streams(s)))) for s in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_the_network_is_told_the_time_of_the_original_step():
    seen = []

    def f(x, t, condition):
        seen.append((float(t[0]), condition))
        return x

    last(ddim(f, START, DDPM.respace("5"), condition=torch.tensor([7])))
    assert [t for t, _ in seen] == pytest.approx([0.0, 0.25, 0.5, 0.749, 0.999], abs=1.1e-3)
    assert all(int(c) == 7 for _, c in seen)


def test_guidance_leaves_the_learned_variance_alone():
    def f(x, t, condition):
        condition = Condition.of(condition)
        value = condition.labels.double().masked_fill(condition.drop, -1.0)[:, None, None, None]
        return torch.cat([value.expand_as(x), 10 * value.expand_as(x)], dim=1)

    out = guide(f, 3.0)(START[:1], torch.zeros(1), Condition(torch.tensor([2])))
    assert out.flatten().tolist() == [8, 8, 20, 20]


@pytest.mark.parametrize("left", [-1, 10, 2.5])
def test_more_steps_than_there_are_and_parts_of_steps_are_refused(left):
    for run in (
        ancestral(best, START, DDPM.respace("9"), gaussian(START, Streams(0)), left=left),
        ddim(best, START, DDPM.respace("9"), left=left),
    ):
        with pytest.raises(MiniditError, match=f"left is {left}; it must be a whole number from 0 to 9"):
            last(run)


@pytest.mark.parametrize(("eta", "given"), [(-0.1, True), (1.1, True), (float("nan"), True), (0.5, False)])
def test_impossible_noise_in_ddim_is_refused(eta, given):
    draws = gaussian(START, Streams(0)) if given else None
    with pytest.raises(MiniditError, match=f"eta = {eta} with{'' if given else 'out'} draws"):
        last(ddim(best, START, DDPM.respace("9"), eta=eta, draws=draws))


def test_tables_are_made_once_and_diffusions_can_be_compared():
    assert DDPM.abar is DDPM.abar and DDPM.posterior_log_variance is DDPM.posterior_log_variance
    assert DDPM == DDPM and DDPM != Diffusion.linear()


# DiT's objective ---------------------------------------------------------------------------------------


def test_the_kl_of_normals_against_torch():
    p = Gaussian(START[:5], START[5:10])
    q = Gaussian(START[10:15], START[15:20])
    normal = lambda g: torch.distributions.Normal(g.mean, (g.log_variance / 2).exp())  # noqa: E731
    torch.testing.assert_close(kl(p, q), torch.distributions.kl_divergence(normal(p), normal(q)))


def test_grey_levels_have_probabilities_that_sum_to_one():
    levels = torch.linspace(-1, 1, 256, dtype=torch.float64)
    p = Gaussian(torch.tensor(0.3, dtype=torch.float64), torch.tensor(math.log(0.04), dtype=torch.float64))
    mass = (-discretised_nll(levels, p)).exp()
    assert float(mass.sum()) == pytest.approx(1, abs=1e-6)
    density = torch.distributions.Normal(0.3, 0.2).log_prob(levels[100]) + math.log(2 / 255)
    assert float(-discretised_nll(levels[100], p)) == pytest.approx(float(density), abs=5e-3)


def zeros(x, t, condition, **options):
    return torch.cat([0 * x, 0 * x], dim=1)


@pytest.mark.parametrize(("k", "bits"), [(0, 2.0), (10, 0.106), (500, 0.008), (999, 0.015)])
def test_the_bound_of_a_network_at_initialisation(k, bits):
    data, noise = (torch.randn(64, 4, 16, 16, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    k = torch.full((64,), k)
    x = DDPM.noised(data, noise, k)
    found = variational_bound(DDPM, zeros(x, None, None), data, x, k).mean()
    assert float(found) == pytest.approx(bits, rel=0.06)


def batch(size=64):
    x = torch.randn(size, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    return Batch(x, Condition(labels=torch.zeros(size, dtype=torch.int64)))


def test_the_hybrid_loss_is_the_noise_error_plus_the_bound_and_teaches_each_its_own():
    objective = HybridObjective()
    draw = objective.draw(batch(), Streams(0), 0)
    weights = torch.zeros(2, requires_grad=True)

    def f(x, t, condition):
        return torch.cat([weights[0] + 0 * x, weights[1] + 0 * x], dim=1)

    losses = objective.loss(f, batch(), draw)
    torch.testing.assert_close(losses.total, losses.parts["noise"] + losses.parts["vb"])
    assert losses.parts["noise"].item() == pytest.approx(1, rel=0.05)
    (noise_only,) = torch.autograd.grad(losses.parts["noise"], weights, retain_graph=True)
    (vb_only,) = torch.autograd.grad(losses.parts["vb"], weights)
    assert noise_only[0] != 0 and noise_only[1] == 0 and vb_only[0] == 0 and vb_only[1] != 0


def test_the_network_sees_the_noised_image_of_a_whole_step():
    seen = {}

    def f(x, t, condition):
        seen.update(x=x, t=t, condition=condition)
        return zeros(x, t, condition)

    objective = HybridObjective(label_drop=0.5)
    draw = objective.draw(batch(), Streams(5), 3)
    objective.loss(f, batch(), draw)
    k = (1000 * (1 - draw.t.double())).round().long() - 1
    torch.testing.assert_close(seen["x"], DDPM.noised(batch().x, draw.noise, k))
    assert seen["t"] is draw.t and seen["condition"].drop is draw.drop
    assert 0 < int(draw.drop.sum()) < 64


def test_steps_are_drawn_evenly_and_statelessly():
    objective = HybridObjective()
    big = Batch(torch.zeros(50_000, 1, 1, 1), Condition())
    one, again = (objective.draw(big, Streams(0), 9).t for _ in range(2))
    k = (1000 * (1 - one.double())).round().long() - 1
    assert torch.equal(one, again) and int(k.min()) == 0 and int(k.max()) == 999
    assert float(k.double().mean()) == pytest.approx(499.5, abs=4 * 289 / 50_000**0.5)
    assert not torch.equal(one, objective.draw(big, Streams(0), 10).t)


def test_a_perfect_noise_prediction_has_no_noise_error():
    objective = HybridObjective()
    draw = objective.draw(batch(), Streams(0), 0)
    losses = objective.loss(lambda x, t, c: torch.cat([draw.noise, 0 * x], dim=1), batch(), draw)
    assert float(losses.parts["noise"]) == 0
    assert objective.flow == Flow(path="vp", prediction="noise")


def test_a_network_without_a_variance_and_impossible_shares_are_refused():
    draw = HybridObjective().draw(batch(), Streams(0), 0)
    with pytest.raises(MiniditError, match="learn_sigma=true"):
        HybridObjective().loss(lambda x, t, c: x, batch(), draw)
    with pytest.raises(MiniditError, match="label_drop is -1"):
        HybridObjective(label_drop=-1)


def test_the_bound_falls_when_the_variance_is_right():
    """Between the bounds lies the best v: neither end is best when the noise is guessed wrongly."""
    data, noise = batch().x, torch.randn(64, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    k = torch.full((64,), 10)
    x = DDPM.noised(data, noise, k)
    right = {v: torch.cat([noise, torch.full_like(x, v)], dim=1) for v in (-1.0, 1.0)}
    vb = {v: float(variational_bound(DDPM, out, data, x, k).mean()) for v, out in right.items()}
    assert vb[-1.0] == pytest.approx(0, abs=1e-4) and vb[1.0] > 1e-4


def test_keys_reach_the_network_only_when_drawn():
    seen = []

    def f(x, t, condition, keys=None):
        seen.append(keys)
        return zeros(x, t, condition)

    draw, keys = HybridObjective().draw(batch(), Streams(0), 0), Keys(route=torch.zeros(64, 9))
    HybridObjective().loss(f, batch(), draw)
    HybridObjective().loss(f, batch(), draw._replace(keys=keys))
    assert seen == [None, keys]
