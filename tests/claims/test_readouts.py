"""Readouts against slow computations and networks in closed form: the velocity, the samples, the names."""

import pytest
import torch

import minidit
from minidit import MiniditError, TrainState
from minidit.claims.quality import _by_sde
from minidit.claims.readouts import READOUTS, measure, nothing
from minidit.claims.trained import Trained
from minidit.data import Data, DataConfig, Images, load
from minidit.data.source import factors
from minidit.errors import TrainingDiverged
from minidit.flow import PATHS, PREDICTIONS, Flow, convert
from minidit.measure import Judge, frechet_distance, neighbours
from minidit.measure.judge import Reader
from minidit.measure.velocity import velocity_readout
from minidit.training.sampling import sample

VELOCITY = {"velocity.held_out", "velocity.train", "velocity.gap", *(f"velocity.t{k}" for k in range(1, 11))}

# what a judge says is tested elsewhere; here it only has to say something, and at once
UNTRAINED = Judge(Reader(1, 8, 10).eval())


def moved(experiment, seed=0):
    """A run whose averaged network is neither at its start nor the network in training."""
    state = TrainState.create(experiment, seed)
    with torch.no_grad():
        for name, parameter in state.ema.module.named_parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=minidit.generator(seed, name)))
    return state


@pytest.fixture(scope="module")
def few(digits) -> Data:
    """80 images of each set, so that a test is quick."""
    halves = (Images(half.x[:80], half.labels[:80], half.class_names) for half in digits)
    return Data(*halves)


class Recorder:
    """The network f, and all that it was asked."""

    def __init__(self, f):
        self.f, self.asked = f, []

    def __call__(self, x, t, condition):
        self.asked.append((x, t, condition))
        return self.f(x, t)

    def all(self):
        """Every x, t, label and drop, in the order in which they were asked."""
        xs, ts, conditions = zip(*self.asked, strict=True)
        told = [(condition.labels, condition.drop) for condition in conditions]
        return torch.cat(xs), torch.cat(ts), *(torch.cat(parts) for parts in zip(*told, strict=True))


def wave(x, t):
    return 0.3 * x - t.view(-1, 1, 1, 1)


def slow_errors(clean, seen, t):
    """The error of `wave`, one image at a time, from nothing but the noisy image and its clean one."""
    errors = []
    for data, x, time in zip(clean.double(), seen.double(), t.double(), strict=True):
        noise = (x - time * data) / (1 - time)
        errors.append(((0.3 * x - time) - (data - noise)).square().mean())
    return torch.stack(errors)


def test_the_velocity_equals_a_slow_computation(few):
    f = Recorder(wave)
    values = velocity_readout(Flow(), f, few)
    x, t, labels, drop = f.all()
    assert len(t) == 4 * 80 and not drop.any()
    held, seen = few.held_out, few.train
    assert torch.equal(labels, torch.cat([held.labels, held.labels, seen.labels, seen.labels]))
    errors = slow_errors(torch.cat([held.x, held.x, seen.x, seen.x]), x, t)
    assert values["held_out"] == pytest.approx(errors[:160].mean().item(), rel=1e-4)
    assert values["train"] == pytest.approx(errors[160:].mean().item(), rel=1e-4)
    assert values["gap"] == pytest.approx(100 * (values["held_out"] / values["train"] - 1))
    for k in range(1, 11):
        part = ((t[:160] >= 0.05 + 0.09 * (k - 1)) & (t[:160] < 0.05 + 0.09 * k)).nonzero().flatten()
        assert values[f"t{k}"] == pytest.approx(errors[part].mean().item(), rel=1e-4)


def test_times_and_noise_never_change_and_are_what_they_should_be(digits):
    f = Recorder(wave)
    velocity_readout(Flow(), f, digits)
    x, t, *_ = f.all()
    held, n = digits.held_out.x, len(digits.held_out)
    first, second, of_train = t[:n], t[n : 2 * n], t[2 * n :]
    assert 0.05 <= t.min() and t.max() <= 0.95 and not torch.equal(first, second)
    parts = ((first.double() - 0.05) / 0.9 * 1024 - 0.001).floor()  # 898 of 1024 parts, none of them twice
    assert len(parts.unique()) >= n - 2
    m = min(n, len(digits.train))
    assert torch.equal(of_train[:m], first[:m])  # the same draws for both sets

    def noise_in(x, t, clean):
        t = t.view(-1, 1, 1, 1)
        return (x - t * clean) / (1 - t)

    noise = noise_in(x[:n], first, held)
    again = noise_in(x[n : 2 * n], second, held)
    train = noise_in(x[2 * n :][:m], first[:m], digits.train.x[:m])
    torch.testing.assert_close(noise[:m], train, atol=2e-4, rtol=0)
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert abs((noise * again).mean()) < 0.02  # two noises, not one twice


def test_a_large_set_is_read_evenly_and_a_small_one_whole(few):
    x = few.train.x[:1].repeat(3000, 1, 1, 1)
    large = Images(x, torch.arange(3000) // 300, few.train.class_names)  # class by class
    f = Recorder(wave)
    velocity_readout(Flow(), f, Data(few.train, large))
    labels = f.all()[2]
    counts = labels[:1024].bincount()
    assert len(labels) == 2 * 1024 + 2 * 80 and counts.min() >= 102 and counts.max() <= 103


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_words_of_a_network_do_not_matter(few, path, prediction):
    def says(x, t, condition):
        return convert(PATHS[path], wave(x, t), x, t, "velocity", prediction)

    flow = Flow(path, prediction)
    expected = velocity_readout(Flow(path), lambda x, t, condition: wave(x, t), few)
    found = velocity_readout(flow, says, few)
    assert found["held_out"] == pytest.approx(expected["held_out"], rel=1e-3)


def test_the_same_images_leave_no_gap(few):
    found = velocity_readout(Flow(), lambda x, t, condition: wave(x, t), Data(few.train, few.train))
    assert found["gap"] == 0 and found["held_out"] == found["train"]


def test_nothing_is_the_network_that_answers_0(tiny, few):
    state = TrainState.create(tiny)  # whose last layer starts at zero
    values = nothing(few, tiny.objective.flow)
    assert set(values) == VELOCITY and values == measure(["velocity"], Trained(state, few, None))


def test_every_arm_is_asked_the_same(tiny, few):
    asked = []
    changes = ({}, {"model.depth": 3, "model.dim": 24, "objective": "hybrid", "model.learn_sigma": True})
    for seed, change in enumerate(changes):
        state = moved(tiny.override(change), seed)
        kept = []
        state.ema.module.register_forward_pre_hook(lambda module, given, kept=kept: kept.append(given))
        values = measure(["velocity"], Trained(state, few, None))
        assert set(values) == VELOCITY
        asked.append([torch.cat([given[k] for given in kept]) for k in (0, 1)])
    assert torch.equal(asked[0][1], asked[1][1])
    flow, other = Flow(), Flow("vp")  # the hybrid objective's path: the same noise, mixed in otherwise
    x, t = asked[0]
    clean = torch.cat([half.x for half in (few.held_out, few.held_out, few.train, few.train)])
    noise = (x - t.view(-1, 1, 1, 1) * clean) / (1 - t.view(-1, 1, 1, 1))
    torch.testing.assert_close(flow.interpolate(clean, noise, t), x)
    torch.testing.assert_close(other.interpolate(clean, noise, t), asked[1][0], atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", ["velocity", "denoising", "quality", "branches"])
def test_the_averaged_network_is_read_and_nothing_is_changed(tiny, few, name):
    state, judge = moved(tiny), UNTRAINED
    before = {key: value.clone() for key, value in state.ema.state_dict().items()}
    first = measure([name], Trained(state, few, judge))
    torch.randn(5)  # whatever others draw
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter.add_(1)
    assert measure([name], Trained(state, few, judge)) == first
    assert all(torch.equal(value, before[key]) for key, value in state.ema.state_dict().items())
    with torch.no_grad():
        for parameter in state.ema.module.parameters():
            parameter.mul_(1.5)
    assert measure([name], Trained(state, few, judge)) != first


def test_quality_is_that_of_240_samples(tiny, digits):
    state, judge = moved(tiny), UNTRAINED
    values = measure(["quality"], Trained(state, digits, judge))
    labels = torch.tensor([k % 10 for k in range(240)])
    samples = sample(state, labels, w=1, steps=25, seed=0)
    near = neighbours(samples, digits.train.x, digits.held_out.x)
    distance = frechet_distance(judge.features(samples), judge.features(digits.held_out.x))
    assert values["quality.accuracy"] == pytest.approx(judge.accuracy(samples, labels), abs=0.01)
    assert values["quality.frechet"] == pytest.approx(distance, rel=1e-3)
    assert values["quality.to_train"] == pytest.approx(near.samples_to_train, rel=1e-4)
    assert values["quality.copied"] == pytest.approx(near.copied, abs=0.01)
    assert 0 < values["quality.frechet_floor"] < values["quality.frechet"]
    assert len(values) == 7


def test_quality_by_sde_follows_the_law_of_the_images_too(tiny, digits):
    state, labels = moved(tiny), torch.arange(240) % 10
    images = digits.train.pixels(_by_sde(state, labels))
    assert images.shape == (240, 1, 8, 8) and images.abs().max() <= 1
    assert torch.equal(images, digits.train.pixels(_by_sde(state, labels)))  # its draws are fixed
    assert not torch.equal(images, sample(state, labels, w=1, steps=25, seed=0))
    values = measure(["quality"], Trained(state, digits, UNTRAINED))
    distance = frechet_distance(UNTRAINED.features(images), UNTRAINED.features(digits.held_out.x))
    assert values["quality.sde_frechet"] == pytest.approx(distance, rel=1e-3)
    assert values["quality.sde_accuracy"] == pytest.approx(UNTRAINED.accuracy(images, labels), abs=0.01)


def test_what_quality_cannot_judge_is_refused(tiny, few):
    with pytest.raises(MiniditError, match=r'"quality" needs a judge'):
        measure(["quality"], Trained(TrainState.create(tiny), few, None))
    unconditional = TrainState.create(tiny.override({"model.label_as": "none"}))
    with pytest.raises(MiniditError, match=r"this network is told none"):
        measure(["quality"], Trained(unconditional, few, UNTRAINED))


def test_readouts_are_called_by_name(tiny, few):
    trained = Trained(TrainState.create(tiny), few, None)
    assert set(READOUTS) == {
        "velocity",
        "denoising",
        "quality",
        "reconstruction",
        "probe",
        "norms",
        "branches",
        "ablation",
    }
    both = measure(["velocity", "norms"], trained)
    assert both == measure(["velocity"], trained) | measure(["norms"], trained)
    assert measure([], trained) == {} and all(type(value) is float for value in both.values())
    with pytest.raises(MiniditError, match=r"no readout 'velocty'. Did you mean velocity\? There are: vel"):
        measure(["norms", "velocty"], trained)


def test_a_run_that_diverged_is_told(tiny, few):
    state = moved(tiny)
    with torch.no_grad():  # finite weights whose answer is not finite
        state.ema.module.final.linear.weight.fill_(3e38)
    with pytest.raises(TrainingDiverged, match=r"velocity\.held_out is (inf|nan), not a finite number"):
        measure(["velocity"], Trained(state, few, None))
    with torch.no_grad():
        state.ema.module.final.linear.bias[0] = float("nan")
    with pytest.raises(
        TrainingDiverged, match=r"weights of final\.linear\.bias are not finite after 0 steps"
    ):
        measure(["quality"], Trained(state, few, UNTRAINED))


def test_factors_are_those_of_the_images():
    config = DataConfig("shapes", resolution=16, count=50)
    from minidit.data.shapes import render

    for images, known in zip(load(config), factors(config), strict=True):
        assert torch.equal(render(known, 16), images.x) and torch.equal(known.labels, images.labels)
        assert torch.equal(known.at(torch.tensor([7, 2])).x, known.x[[7, 2]])
    with pytest.raises(MiniditError, match="Nobody knows the factors of the images of digits"):
        factors(DataConfig())


def test_no_draw_is_one_of_training(tiny, few):
    f = Recorder(wave)
    velocity_readout(Flow(), f, few)
    x, t = f.asked[0][:2]
    clean = few.held_out.x[: len(x)]
    noise = (x - t.view(-1, 1, 1, 1) * clean) / (1 - t.view(-1, 1, 1, 1))
    for seed in (-1, 0, 1):
        drawn = tiny.objective.draw(few.held_out.at(torch.arange(len(x))), minidit.Streams(seed), 0).noise
        assert abs((noise * drawn).mean()) < 0.1
