"""Linear probes against networks whose features are known, and against slow regressions."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import minidit
from minidit import MiniditError, TrainState
from minidit.claims.readouts import measure
from minidit.claims.trained import Trained
from minidit.data import Data, DataConfig, Images, load
from minidit.data.source import factors
from minidit.flow import Flow
from minidit.measure.probe import accuracy, probe_readout, r_squared, standardised

CONFIG = DataConfig("shapes", resolution=8, count=600)
CHANCE = {"shape": 1 / 4, "colour": 1 / 6, "control": 1 / 6}


@pytest.fixture(scope="module")
def shapes() -> Data:
    return load(CONFIG)


class Knowing(nn.Module):
    """Block 1 knows every factor, as the mean over tokens; block 2 knows nothing.

    sign: what is multiplied on the places and sizes in features of images that were held out.
    """

    def __init__(self, sign=1):
        super().__init__()
        self.config = minidit.ModelConfig(depth=2, dim=13, heads=1, position="none")
        tables = []
        for known, factor in zip(factors(CONFIG), (1, sign), strict=True):
            numbers = torch.cat([known.x, known.y, known.radius], dim=1) * factor
            words = F.one_hot(known.shape[:, 0], 4), F.one_hot(known.colour[:, 0], 6)
            tables.append(torch.cat([numbers, *words], dim=1))
        self.table, self.place, self.asked = torch.cat(tables), 0, []

    def forward(self, x, t, condition, *, keep):
        self.asked.append((x, t, condition))
        known = self.table[self.place : self.place + len(x)]
        self.place += len(x)
        tokens = torch.stack([known + 1, known - 1], dim=1)  # no single token is right
        noise = torch.randn(tokens.shape, generator=minidit.generator(0, "useless", self.place))
        return x, {1: tokens, 2: noise}


def test_what_is_there_is_found_and_what_is_not_is_not(shapes):
    network = Knowing()
    values = probe_readout(Flow(), network, shapes, factors(CONFIG))
    names = ("shape", "colour", "x", "y", "radius", "control")
    assert set(values) == {f"{name}.block{k}" for name in names for k in (1, 2)}
    for name in ("shape", "colour"):
        assert values[f"{name}.block1"] == 1
    for name in ("x", "y", "radius"):
        assert values[f"{name}.block1"] > 0.99 and -0.1 < values[f"{name}.block2"] < 0.02
    for key in ("shape.block2", "colour.block2", "control.block1", "control.block2"):
        assert values[key] == pytest.approx(CHANCE[key.split(".")[0]], abs=0.05)


def test_probes_are_scored_on_images_that_they_were_not_fitted_on(shapes):
    values = probe_readout(Flow(), Knowing(sign=-1), shapes, factors(CONFIG))
    assert all(values[f"{name}.block1"] < -1 for name in ("x", "y", "radius"))


def test_the_network_is_asked_halfway_and_told_no_class(shapes):
    network = Knowing()
    probe_readout(Flow(), network, shapes, factors(CONFIG))
    assert all(condition == minidit.Condition() for *_, condition in network.asked)
    assert all((t == 0.5).all() for _, t, _ in network.asked)
    x = torch.cat([x for x, *_ in network.asked])
    noise = x * 2 - torch.cat([shapes.train.x, shapes.held_out.x])
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01
    assert abs((noise[:600] * noise[600:1200]).mean()) < 0.01  # each set has its own


def test_a_large_training_set_is_cut_with_its_factors():
    config = DataConfig("shapes", resolution=4, count=5000)
    images, known = load(config), factors(config)

    class Reading(Knowing):  # finds the image again by its pixels, and answers with its factors
        def forward(self, x, t, condition, *, keep):
            clean = torch.cat([images.train.x, images.held_out.x]).flatten(1)
            nearest = torch.cdist(x.flatten(1), clean).argmin(1)
            table = torch.cat([torch.cat([k.x, k.y], dim=1) for k in known])
            self.seen = getattr(self, "seen", 0) + len(x)
            return x, dict.fromkeys((1, 2), table[nearest].unsqueeze(1))

    class WithoutNoise(Flow):
        def interpolate(self, data, noise, t):
            return data

    network = Reading()
    values = probe_readout(WithoutNoise(), network, images, known)
    assert network.seen == 2048 + 1024 and values["x.block1"] > 0.99 and values["y.block1"] > 0.99


def test_the_regressions_equal_slow_ones():
    draw = torch.Generator().manual_seed(0)
    fit, test = (torch.randn(n, 3, generator=draw).double() * torch.tensor([1, 5, 0.2]) + 2 for n in (90, 40))
    seen, unseen = standardised(fit, test)
    torch.testing.assert_close(torch.from_numpy(seen), (fit - fit.mean(0)) / fit.std(0))
    torch.testing.assert_close(torch.from_numpy(unseen), (test - fit.mean(0)) / fit.std(0))
    a, b = torch.from_numpy(seen), torch.from_numpy(unseen)

    y, z = (x[:, :1] ** 2 + 0.5 * x[:, 1:2] for x in (a, b))
    weights = torch.linalg.solve(a.T @ a + torch.eye(3), a.T @ (y - y.mean()))  # ridge, intercept is free
    rest = (z - (b @ weights + y.mean())).square().sum()
    expected = 1 - rest / (z - z.mean()).square().sum()
    assert r_squared(seen, y, unseen, z) == pytest.approx(expected.item(), abs=1e-9)

    words, true = ((x[:, :1] > 0.3).long() + (x[:, 1:2] + x[:, 2:] > 0).long() for x in (a, b))
    layer = nn.Linear(3, 3).double()
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=500, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        total = F.cross_entropy(layer(a), words[:, 0], reduction="sum") + layer.weight.square().sum() / 2
        total.backward()
        return total

    optimizer.step(loss)
    share = (layer(b).argmax(1) == true[:, 0]).double().mean().item()
    assert accuracy(seen, words, unseen, true) == pytest.approx(share, abs=1e-9)


def test_a_run_is_probed_block_by_block(shapes):
    small = ("data.resolution=8", "data.count=600", "model.input_size=8", "model.dim=16", "model.depth=2")
    state = TrainState.create(minidit.experiment("shapes", small))
    values = measure(["probe"], Trained(state, shapes, None))
    assert len(values) == 12 and values == measure(["probe"], Trained(state, shapes, None))
    # a fresh DiT's blocks are the identity
    assert values["probe.colour.block1"] == values["probe.colour.block2"] > 0.5
    with torch.no_grad():
        for parameter in state.model.parameters():  # not the network that is read
            parameter.add_(1)
    assert values == measure(["probe"], Trained(state, shapes, None))


def test_images_without_factors_are_refused(tiny, digits, shapes):
    with pytest.raises(MiniditError, match="Nobody knows the factors of the images of digits"):
        measure(["probe"], Trained(TrainState.create(tiny), digits, None))
    two = DataConfig("shapes", resolution=8, count=200, objects=2)
    with pytest.raises(MiniditError, match=r"hold two objects.*Use data\.objects=1"):
        probe_readout(Flow(), Knowing(), load(two), factors(two))
    with pytest.raises(MiniditError, match=r"The factors of 600 images are not those of the 599 given"):
        half = Images(shapes.train.x[1:], shapes.train.labels[1:], shapes.train.class_names)
        probe_readout(Flow(), Knowing(), shapes._replace(train=half), factors(CONFIG))
    few = DataConfig("shapes", resolution=8, count=99)
    with pytest.raises(MiniditError, match=r"there are 99: take a data\.count of at least 100"):
        probe_readout(Flow(), Knowing(), load(few), factors(few))
