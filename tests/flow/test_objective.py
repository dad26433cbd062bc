"""Objectives for every prediction: weights, terms, and one yardstick for all."""

import json
from dataclasses import asdict, replace

import pytest
import torch

import minidit
from minidit import Batch, Condition, Experiment, Flow, MiniditError, Objective, Streams
from minidit.flow import PATHS, PREDICTIONS, convert
from minidit.flow.objective import Draw, velocity_error
from minidit.flow.terms import contrastive, cosine
from minidit.flow.timing import shift
from minidit.flow.weighting import WEIGHTINGS, error_ratio

T = torch.tensor([0.3, 0.4, 0.5, 0.7, 0.8, 0.9], dtype=torch.float64)
X = torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
NOISE = torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
WRONG = torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
BATCH = Batch(X, Condition(labels=torch.arange(6)))
DRAW = Draw(T, NOISE, torch.tensor([False, True, False, False, True, False]))


def objective(path="linear", prediction="velocity", **settings):
    return Objective(flow=Flow(path=path, prediction=prediction), **settings)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("path", PATHS)
def test_the_right_answer_has_no_loss_and_another_has_some(path, prediction, weighting):
    one = objective(path, prediction, weighting=weighting)
    right = one.flow.target(X, NOISE, T)
    losses = one.loss(lambda x, t, c: right, BATCH, DRAW)
    assert float(losses.total) == pytest.approx(0, abs=1e-20)
    assert list(losses.parts) == [prediction] and losses.parts[prediction] is losses.total
    assert float(one.loss(lambda x, t, c: right + 0.1, BATCH, DRAW).total) > 1e-4


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("path", PATHS)
def test_the_ratio_of_errors_is_that_of_the_readings(path, prediction):
    """Disturb the output by 1 and see by how much the other readings move."""
    one = torch.ones_like(X)
    for target in PREDICTIONS:
        moved = convert(PATHS[path], WRONG + one, X, T, prediction, target)
        moved = (moved - convert(PATHS[path], WRONG, X, T, prediction, target)).abs().flatten(1).mean(1)
        torch.testing.assert_close(error_ratio(PATHS[path], prediction, target, T), moved)


@pytest.mark.parametrize("weighting", ["velocity", "likelihood", "min_snr"])
@pytest.mark.parametrize("path", PATHS)
def test_a_weighting_is_the_same_for_networks_that_say_the_same_in_other_words(path, weighting):
    """The same guess, told as velocity, noise, data or score, has the same weighted loss."""
    totals = []
    for prediction in PREDICTIONS:
        one = objective(path, prediction, weighting=weighting)
        x_t = one.flow.interpolate(X, NOISE, T)
        said = convert(PATHS[path], WRONG, x_t, T, "velocity", prediction)
        totals.append(float(one.loss(lambda x, t, c, said=said: said, BATCH, DRAW).total))
    assert totals == pytest.approx([totals[0]] * 4, rel=1e-9)


def weights(path, prediction, weighting, t=T, gamma=5.0):
    return WEIGHTINGS[weighting](PATHS[path], prediction, t, gamma)


def test_the_published_weights_on_the_linear_path():
    """SiT on the noise: "velocity" 1 / t^2, "likelihood" 1 / (t (1 - t)); min-SNR as published."""
    snr = (T / (1 - T)) ** 2
    torch.testing.assert_close(weights("linear", "noise", "velocity"), 1 / T**2)
    torch.testing.assert_close(weights("linear", "noise", "likelihood"), 1 / (T * (1 - T)))
    torch.testing.assert_close(weights("linear", "velocity", "velocity"), torch.ones_like(T))
    torch.testing.assert_close(weights("linear", "noise", "min_snr"), snr.clamp(max=5) / snr)
    torch.testing.assert_close(weights("linear", "data", "min_snr"), snr.clamp(max=5))
    assert snr.min() < 5 < snr.max()


def test_min_snr_for_the_velocity_of_a_circle():
    path = PATHS["gvp"]
    snr = (path.alpha(T) / path.sigma(T)) ** 2
    expected = snr.clamp(max=5) / (snr + 1) / (torch.pi / 2) ** 2
    torch.testing.assert_close(weights("gvp", "velocity", "min_snr"), expected)


def test_sits_weights_on_vp():
    """lambda = beta / 2 there, with beta = 0.1 + 19.9 (1 - t)."""
    lam, sigma = (0.1 + 19.9 * (1 - T)) / 2, PATHS["vp"].sigma(T)
    torch.testing.assert_close(weights("vp", "noise", "velocity"), (lam / sigma) ** 2)
    torch.testing.assert_close(weights("vp", "noise", "likelihood"), lam / sigma**2)


@pytest.mark.parametrize("weighting", ["velocity", "likelihood", "min_snr"])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("path", PATHS)
def test_weights_are_finite_and_positive_at_both_ends(path, prediction, weighting):
    ends = weights(path, prediction, weighting, torch.tensor([0.0, 1.0]))
    assert ends.isfinite().all() and (ends > 0).all()
    if path == "linear":
        torch.testing.assert_close(ends, weights(path, prediction, weighting, torch.tensor([0.05, 0.95])))


def test_gamma_is_honoured():
    small = objective(prediction="data", weighting="min_snr", min_snr_gamma=1.0)
    large = replace(small, min_snr_gamma=5.0)
    f = lambda x, t, c: WRONG  # noqa: E731
    assert small.loss(f, BATCH, DRAW).total < large.loss(f, BATCH, DRAW).total


def test_the_score_is_compared_as_noise():
    one = objective(prediction="score")
    found = one.loss(lambda x, t, c: WRONG, BATCH, DRAW).parts["score"]
    expected = (WRONG * (1 - T)[:, None, None, None] + NOISE).square().mean()
    torch.testing.assert_close(found, expected)


# the yardstick -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("path", PATHS)
def test_the_velocity_error_does_not_depend_on_the_words_of_the_network(path, prediction):
    flow = Flow(path=path, prediction=prediction)
    x_t = flow.interpolate(X, NOISE, T)
    said = convert(PATHS[path], WRONG, x_t, T, "velocity", prediction)
    expected = (WRONG - Flow(path=path).target(X, NOISE, T)).square().flatten(1).mean(1)
    torch.testing.assert_close(velocity_error(flow, lambda x, t, c: said, BATCH, DRAW), expected)


def test_the_velocity_error_of_the_default_is_the_loss_of_each_image():
    f = lambda x, t, c: WRONG  # noqa: E731
    each = velocity_error(Flow(), f, BATCH, DRAW)
    assert each.shape == (6,)
    torch.testing.assert_close(each.mean(), Objective().loss(f, BATCH, DRAW).total)


# terms -------------------------------------------------------------------------------------------------


def test_the_cosine_term_looks_at_directions_over_channels():
    keep = torch.zeros(6, dtype=torch.bool)
    assert float(cosine(3 * X, X, keep)) == pytest.approx(0, abs=1e-12)
    assert float(cosine(-X, X, keep)) == pytest.approx(2)
    turned = torch.stack([-X[:, 1], X[:, 0]], dim=1)  # two channels, turned by a right angle
    assert float(cosine(turned, X, keep)) == pytest.approx(1)
    by_hand = (WRONG * X).sum(1) / (WRONG.norm(dim=1) * X.norm(dim=1))
    torch.testing.assert_close(cosine(WRONG, X, keep), 1 - by_hand.mean())


def test_the_cosine_of_one_channel_is_refused():
    f = lambda x, t, c: 0.5 * x  # noqa: E731
    one = Batch(X[:, :1], BATCH.condition)
    with pytest.raises(MiniditError, match="these images have one channel"):
        objective(terms="cosine").loss(f, one, DRAW._replace(noise=NOISE[:, :1]))


def test_the_contrastive_term_pushes_away_from_the_next_image_unless_the_label_is_dropped():
    target = torch.arange(3.0)[:, None, None, None].expand(3, 1, 2, 2)
    keep = torch.zeros(3, dtype=torch.bool)
    # next ones: 2, 0, 1; distances of (0, 1, 2) are 4, 1, 1
    assert float(contrastive(target, target, keep)) == pytest.approx(-2)
    assert float(contrastive(target, target, torch.tensor([True, False, False]))) == pytest.approx(-1)
    assert float(contrastive(target, target, ~keep)) == 0
    with pytest.raises(MiniditError, match="batch of 2 or more"):
        contrastive(target[:1], target[:1], keep[:1])


def test_terms_are_added_with_their_weights_and_named():
    plain = Objective().loss(lambda x, t, c: WRONG, BATCH, DRAW)
    both = objective(terms="cosine, contrastive", cosine_weight=0.5, contrastive_weight=0.1)
    losses = both.loss(lambda x, t, c: WRONG, BATCH, DRAW)
    target = X - NOISE
    assert list(losses.parts) == ["velocity", "cosine", "contrastive"]
    torch.testing.assert_close(losses.parts["velocity"], plain.total)
    torch.testing.assert_close(losses.parts["cosine"], cosine(WRONG, target, DRAW.drop))
    torch.testing.assert_close(losses.parts["contrastive"], contrastive(WRONG, target, DRAW.drop))
    expected = plain.total + 0.5 * losses.parts["cosine"] + 0.1 * losses.parts["contrastive"]
    torch.testing.assert_close(losses.total, expected)


def test_the_best_contrastive_prediction_moves_away_from_the_mean():
    """Targets that do not depend on the image: the minimum of the loss is where the docstring says."""
    noise = torch.randn(2000, 1, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    batch = Batch(noise * 0 + 2 * (torch.arange(2000) % 2 == 0).double()[:, None, None, None], Condition())
    draw = Draw(torch.full((2000,), 0.5, dtype=torch.float64), 0 * noise, torch.zeros(2000, dtype=torch.bool))
    # even images have velocity 2 and odd ones 0: the next image is always of the other kind
    guess = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    f = lambda x, t, c: guess[(x.flatten() > 0.5).long()][:, None, None, None]  # noqa: E731
    loss = objective(terms="contrastive", contrastive_weight=0.1).loss(f, batch, draw).total
    (slope,) = torch.autograd.grad(loss, guess)
    # |o - y|^2 - 0.1 |o - other|^2 per half of the batch: slope at o = 0
    torch.testing.assert_close(
        slope, torch.tensor([0.1 * 2, -2.0], dtype=torch.float64), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize(
    ("terms", "problem"), [("cosine,kosine", "not known"), ("cosine,cosine", "given twice")]
)
def test_unknown_and_repeated_terms_are_refused(terms, problem):
    with pytest.raises(MiniditError, match=problem):
        Objective(terms=terms)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weighting": "snr"}, "weighting is 'snr'"),
        ({"time_shift": 0.0}, "time_shift is 0.0"),
        ({"min_snr_gamma": float("nan")}, "min_snr_gamma is nan"),
        ({"terms": "contrastive", "contrastive_weight": 1.0}, "less than 1"),
        ({"terms": "contrastive", "weighting": "min_snr"}, "weighting is 'min_snr': use weighting=none"),
        (
            {"terms": "cosine,contrastive", "flow": Flow(prediction="data")},
            "flow.prediction is 'data': use prediction=velocity",
        ),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(MiniditError, match=words):
        Objective(**settings)


# times, and what is stored -----------------------------------------------------------------------------


def test_the_shift_is_sd3s_and_lightningdits():
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    noisy = 1 - t  # SD3's time
    torch.testing.assert_close(1 - shift(t, 3.0), 3 * noisy / (1 + 2 * noisy))
    torch.testing.assert_close(shift(t, 1 / 0.3), 0.3 * t / (1 + (0.3 - 1) * t))
    assert torch.equal(shift(t, 1.0), t)


def test_shifted_training_times_are_nearer_the_noise():
    big = Batch(torch.zeros(20_000, 1, 1, 1), Condition())
    t = Objective(time_sampling="uniform", time_shift=3.0).draw(big, Streams(0), 0).t
    plain = Objective(time_sampling="uniform").draw(big, Streams(0), 0).t
    torch.testing.assert_close(t, shift(plain, 3.0))
    assert float(t.median()) == pytest.approx(0.25, abs=0.01)


def test_what_was_stored_before_there_were_weights_and_terms_still_loads():
    old = {
        "flow": {"path": "linear", "prediction": "velocity", "clock": "unit"},
        "time_sampling": "logit_normal",
        "label_drop": 0.1,
    }
    assert Experiment.from_dict({"objective": old}).objective == Objective()


def test_every_setting_can_be_changed_from_the_command_line():
    changes = {
        "objective.flow.path": "vp",
        "objective.flow.prediction": "noise",
        "objective.weighting": "min_snr",
        "objective.min_snr_gamma": "3",
        "objective.terms": "cosine",
        "objective.contrastive_weight": "0.02",
        "objective.time_shift": "2.5",
    }
    changed = minidit.experiment("digits").override(changes)
    assert changed.objective.min_snr_gamma == 3.0 and changed.objective.terms == "cosine"
    again = Experiment.from_dict(json.loads(json.dumps(changed.to_dict())))
    assert again == changed and asdict(again.objective)["flow"]["path"] == "vp"
