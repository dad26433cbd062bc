"""Measures against closed forms."""

import json

import pytest
import torch
from scipy import stats

from minidit import MiniditError
from minidit.measure import Judge, band, frechet_distance, nearest, neighbours, quality, smooth, spread_within
from minidit.measure.evidence import Evidence, Run, environment


def gaussian(n, d, seed, mean=0.0, scale=1.0):
    return mean + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_frechet_distance_of_gaussians():
    a = gaussian(20_000, 4, 0)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-3)
    # a shift of every coordinate by 2 costs 4 each; a scale of 3 costs (3 - 1)^2 each
    assert frechet_distance(a, a + 2) == pytest.approx(16, abs=1e-3)
    assert frechet_distance(a, gaussian(20_000, 4, 1, scale=3)) == pytest.approx(16, rel=0.03)
    b = gaussian(20_000, 4, 2, mean=1)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)


def test_a_frechet_distance_of_one_image_is_refused():
    with pytest.raises(MiniditError, match="at least two images"):
        frechet_distance(torch.zeros(1, 4), torch.zeros(5, 4))


def test_nearest_finds_the_nearest():
    to = torch.randn(7, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    distance, index = nearest(to[[5, 2]] + 0.1, to)
    assert index.tolist() == [5, 2]
    torch.testing.assert_close(distance, torch.tensor([0.1, 0.1]))


def test_many_images_are_compared_in_pieces_and_keep_their_order():
    x, to = (torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(n)) for n in (1500, 40))
    distances, indices = nearest(x, to)
    apart = (x[:, None] - to).square().mean((2, 3, 4)).sqrt()  # (1500, 40)
    torch.testing.assert_close(distances, apart.amin(1))
    assert torch.equal(indices, apart.argmin(1))


def test_spread_is_the_mean_distance_inside_the_classes():
    x = torch.tensor([[0.0, 0.0], [10.0, 10.0], [2.0, 2.0], [10.0, 10.0], [4.0, 4.0]])
    # class 0: pairs 2, 4, 2 apart; class 1: 0 apart. Each class counts the same, not each pair.
    assert spread_within(x, torch.tensor([0, 1, 0, 1, 0])) == pytest.approx((8 / 3 + 0) / 2)
    images = x[:, :, None, None].expand(-1, -1, 3, 3)
    assert spread_within(images, torch.tensor([0, 1, 0, 1, 0])) == pytest.approx(4 / 3)
    near = 1000 + torch.tensor([[0.0], [0.01]])
    assert spread_within(near, torch.zeros(2)) == pytest.approx(0.01, rel=0.01)


def test_spread_wants_two_of_each_class():
    with pytest.raises(MiniditError, match="Class 1 has one image"):
        spread_within(torch.zeros(3, 2), torch.tensor([0, 0, 1]))
    with pytest.raises(MiniditError, match="one for each of the 3 images"):
        spread_within(torch.zeros(3, 2), torch.tensor([0, 0]))
    with pytest.raises(MiniditError, match="There are no images"):
        spread_within(torch.zeros(0, 2), torch.zeros(0))


def test_copies_are_seen(digits):
    train, held_out = digits.train.x, digits.held_out.x
    copies = neighbours(train[:200], train, held_out)
    fresh = neighbours(held_out, train, held_out)
    assert copies.copied == 1 and copies.samples_to_train == 0
    assert fresh.copied == pytest.approx(0.01, abs=0.003)
    assert fresh.samples_to_train == fresh.held_out_to_train > 0.1


def test_the_judge_reads_what_it_never_saw(digits):
    judge = Judge.train(digits.train)
    assert judge.accuracy(digits.held_out.x, digits.held_out.labels) > 0.96
    assert judge.accuracy(digits.held_out.x, (digits.held_out.labels + 1) % 10) < 0.02
    again = Judge.train(digits.train)
    assert torch.equal(judge.features(digits.train.x[:9]), again.features(digits.train.x[:9]))
    real = quality(digits.held_out.x[:400], digits.held_out.labels[:400], digits, judge)
    noise = quality(torch.rand(400, 1, 8, 8) * 2 - 1, torch.arange(400) % 10, digits, judge)
    assert real.accuracy > 0.96 > 0.3 > noise.accuracy
    assert (
        real.frechet_floor
        == noise.frechet_floor
        != frechet_distance(*[judge.features(digits.held_out.x)] * 2)
    )
    assert real.neighbours == neighbours(digits.held_out.x[:400], digits.train.x, digits.held_out.x)
    assert quality(digits.train.x[:99], digits.train.labels[:99], digits, judge).neighbours.copied == 1
    assert noise.frechet_distance > 10 * noise.frechet_floor


def test_the_band_is_a_prediction_interval():
    """Of many runs drawn after five recorded ones, 99 % lie in the band."""
    draws = torch.randn(4000, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64).tolist()
    inside = sum(row[5] in band(row[:5]) for row in draws) / len(draws)
    assert inside == pytest.approx(0.99, abs=4 * (0.0099 / 4000) ** 0.5)
    low, high = band([1.0, 2.0, 3.0])
    assert (low + high) / 2 == pytest.approx(2)
    assert high - 2 == pytest.approx(stats.t.ppf(0.995, 2) * (4 / 3) ** 0.5)
    with pytest.raises(MiniditError, match="at least 3 runs"):
        band([1.0, 2.0])


def test_smooth_takes_whole_windows():
    assert smooth([1, 3, 5, 7, 100], window=2) == ([2, 4], [2, 6])


def recorded(losses):
    runs = tuple(
        Run(k, [50, 100], [x, x / 2], {"accuracy.w2": 0.9 + k / 100}, 1.0, 2.0) for k, x in enumerate(losses)
    )
    return Evidence("toy", "cpu", {"model": {"dim": 8}}, environment(), "abc", runs)


def test_evidence_is_written_and_read(tmp_path, monkeypatch):
    evidence = recorded([1.0, 1.1, 1.2])
    path = tmp_path / "toy.cpu.json"
    path.write_text(evidence.to_json())
    monkeypatch.setattr("minidit.measure.evidence.find", lambda name, scale: path)
    assert Evidence.read("toy") == evidence
    assert set(evidence.loss_bands) == {50, 100} and 1.15 in evidence.loss_bands[50]
    assert 5.0 not in evidence.loss_bands[50]
    assert evidence.readout("accuracy.w2") == [0.9, 0.91, 0.92]
    path.write_text(json.dumps({"format": "other"}))
    with pytest.raises(MiniditError, match="no evidence that this version can read"):
        Evidence.read("toy")


def test_missing_evidence_is_told():
    with pytest.raises(MiniditError, match=r"no recorded evidence none\.cpu\.json"):
        Evidence.read("none")
    with pytest.raises(MiniditError, match="It was recorded at scale cpu: set MINIDIT_SCALE=cpu"):
        Evidence.read("digits", "a100")
