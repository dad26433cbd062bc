"""What is committed in book/evidence can be read, and keeps the promises made of it."""

import runpy
from itertools import product
from pathlib import Path
from statistics import fmean, quantiles

import numpy as np
import pytest
import torch
from PIL import Image

import minidit
from minidit.claims import tried
from minidit.data import load
from minidit.measure import Evidence
from minidit.training import read_artefact
from minidit.training.autoencoder import AutoencoderExperiment

ROOT = Path(__file__).parents[2]
NINE = [f"f{factor}c{channels}" for factor, channels in product((2, 4, 8), (2, 4, 16))]


def test_the_digits_run_keeps_its_promises():
    evidence = Evidence.read("digits")
    assert [run.seed for run in evidence.runs] == [0, 1, 2, 3, 4]
    assert minidit.Experiment.from_dict(evidence.experiment) == minidit.experiment("digits")
    assert min(evidence.readout("accuracy.w1")) >= 0.93
    assert min(evidence.readout("accuracy.w2")) >= 0.98
    assert max(evidence.readout("copied.w2")) <= 0.05
    assert max(run.seconds for run in evidence.runs) <= 60
    assert "dirty" not in evidence.commit


def test_the_patches_run_keeps_its_promises():
    evidence = Evidence.read("patches")
    base = minidit.experiment("shapes", ("training.batch_size=8",))
    assert minidit.Experiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == [0, 1, 2, 3, 4]
    for run in evidence.runs:
        error = {name.removeprefix("error."): value for name, value in run.readouts.items()}
        assert error["p2"] < error["p4"] < error["p1"] < error["p8"]
        assert error["p1.long"] < error["p4.long"]
        assert error["none"] > 1.3 * max(error[way] for way in ("p2", "learned", "rope"))
    assert "dirty" not in evidence.commit


def test_the_conditioning_run_keeps_its_promises():
    evidence = Evidence.read("conditioning")
    base = minidit.experiment("shapes", ("training.batch_size=8", "training.steps=400"))
    assert minidit.Experiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == [0, 1, 2, 3, 4]
    for run in evidence.runs:
        error = {name.removeprefix("error."): value for name, value in run.readouts.items()}
        assert error["adaLN-Zero"] < error["label only"] < error["tokens"] < error["nothing"]
        assert error["adaLN-Zero"] < error["tokens, twice the rate"]
    assert "dirty" not in evidence.commit


def test_the_qk_norm_run_keeps_its_promises():
    evidence = Evidence.read("qk_norm")
    base = minidit.experiment("digits", ("training.steps=250",))
    assert minidit.Experiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == list(range(15))
    assert min(evidence.readout("peak.high.plain")) > 0.9  # saturated, all of them
    assert max(evidence.readout("peak.high.normed")) < 0.7
    failed = [run.seed for run in evidence.runs if run.readouts["loss.high.normed"] > 1.3]
    assert failed == [7, 14]  # the chapter sends its readers to 14


def test_the_upgrades_run_keeps_its_promises():
    """What chapter 13 says of its 32 networks in words: first of seed 0, then of all three."""
    evidence = Evidence.read("upgrades")
    assert [run.seed for run in evidence.runs] == [0, 1, 2] and "dirty" not in evidence.commit
    names = ["SwiGLU", "RMSNorm", "RoPE", "QK-norm", "logit-normal"]
    sets = list(product((0, 1), repeat=5))
    called = ["+".join(n for n, has in zip(names, one, strict=True) if has) or "none" for one in sets]
    by_seed = []  # for each seed: what each upgrade does in its 16 contexts, in points
    for found in evidence.runs:
        assert len(found.readouts) == 32
        error = {s: found.readouts[f"error.{n}"] for s, n in zip(sets, called, strict=True)}
        percent = {one: 100 * value / error[sets[0]] for one, value in error.items()}
        by_seed.append(
            [[percent[(*o[:k], 1, *o[k + 1 :])] - percent[o] for o in sets if not o[k]] for k in range(5)]
        )
    steps = by_seed[0]
    assert max(steps[0]) < -3
    assert min(steps[1]) < -0.5 and max(steps[1]) > 2  # RMSNorm: good in some contexts, bad in others
    assert max(steps[0]) < min(min(s) for s in steps[1:])  # SwiGLU is the best in every order
    swiglu, rms, rope, _, times = ([fmean(seed[k]) for seed in by_seed] for k in range(5))
    assert max(swiglu) < -1.5 and swiglu[0] < 2 * max(swiglu[1:])  # half as much at the other seeds
    assert -0.7 < min(rope) and max(rope) < -0.2  # small, and the same each time
    assert min(rms) < -1 < 1 < max(rms) and min(times) < -1 < 0.5 < max(times)  # the sign turns with the seed


def test_the_samplers_run_keeps_its_promises():
    evidence = Evidence.read("samplers")
    assert [run.seed for run in evidence.runs] == [0, 1, 2, 3, 4]
    network = read_artefact("shapes")
    assert minidit.Experiment.from_dict(evidence.experiment) == network.experiment
    for run in evidence.runs:
        away = {name.removeprefix("away."): value for name, value in run.readouts.items() if "away" in name}
        mended = "heun, last step euler"
        assert all(away[f"euler.{n}"] < away[f"heun.{n}"] for n in (2, 4, 8, 16))
        assert away["heun.64"] < away["euler.64"]
        assert all(away[f"{mended}.{n - 1}"] < away[f"heun.{n}"] for n in (4, 8, 16, 32))
        assert run.readouts["frechet.euler.16"] < run.readouts["frechet.euler.4"]
        assert run.readouts["accuracy.euler.16"] < run.readouts["accuracy.euler.1"]
        assert run.readouts["frechet.euler.16"] < run.readouts["frechet.euler.8"]
    assert "dirty" not in evidence.commit


def test_the_crowds_of_real_images_keep_their_promises():
    evidence, samplers = Evidence.read("crowds"), Evidence.read("samplers")
    assert [run.seed for run in evidence.runs] == list(range(200)) and "dirty" not in evidence.commit
    assert evidence.experiment == samplers.experiment
    for size in (240, 480):  # five of the crowds were measured before, by a judge trained elsewhere
        again, before = evidence.readout(f"floor.{size}")[:5], samplers.readout(f"floor.{size}")
        assert again == pytest.approx(before, rel=0.03)
    edge = quantiles(evidence.readout("floor.480"), n=20)[-1]  # 95 %

    def inside(sampler):
        return sum(distance <= edge for distance in samplers.readout(f"frechet.{sampler}"))

    for last, first in (("euler.4", "euler.8"), ("rk4.8", "rk4.16"), ("ddim.4", "ddim.8")):
        assert inside(last) < 3 <= inside(first)
    assert inside("heun, last step euler.3") == inside("heun.16") == 0
    assert inside("heun, last step euler.7") == 4


def test_the_coupling_run_keeps_its_promises():
    evidence = Evidence.read("coupling")
    base = minidit.experiment("digits", ("training.steps=500",))
    assert minidit.Experiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == [0, 1, 2, 3, 4]
    assert "dirty" not in evidence.commit
    ahead = {}
    for setting in ("told", "told.64", "ignored"):
        for coupling in ("optimal", "optimal_within_labels"):
            for word, end in (("bend", ""), ("printed", ""), ("frechet", ".4"), ("accuracy", ".4")):
                if f"{word}.{setting}.independent{end}" in evidence.runs[0].readouts:
                    one, other = (f"{word}.{setting}.{name}{end}" for name in (coupling, "independent"))
                    ahead[setting, coupling, word] = sum(
                        a < b for a, b in zip(evidence.readout(one), evidence.readout(other), strict=True)
                    )
    assert all(count == 5 for (_, _, word), count in ahead.items() if word in ("bend", "printed"))
    assert ahead["told", "optimal", "frechet"] == ahead["told.64", "optimal", "frechet"] == 0
    assert ahead["told", "optimal", "accuracy"] == ahead["told.64", "optimal", "accuracy"] == 5
    assert ahead["ignored", "optimal", "frechet"] == 5
    assert ahead["told.64", "optimal_within_labels", "frechet"] == 5
    assert ahead["told", "optimal_within_labels", "frechet"] == 3


def test_the_map_of_routes_keeps_its_promises():
    evidence = Evidence.read("routes")
    base = minidit.experiment("shapes", ("model.depth=12", "training.batch_size=8", "training.steps=600"))
    assert minidit.Experiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == [0, 1, 2]
    c04 = tried("C04")
    for run in evidence.runs:
        error = {name.removeprefix("held_out."): value for name, value in run.readouts.items()}
        for route, arm in (("none", "base"), ("3-9@0.5", "route=tread")):  # the trial's own runs, made again
            assert error[route] == pytest.approx(c04.of(arm)[run.seed], rel=0.01)
        lengths = [error[route] for route in ("none", "1-3@0.5", "1-6@0.5", "1-9@0.5", "1-11@0.5")]
        assert lengths == sorted(lengths) and lengths[-1] > 1.2 * lengths[0]
        assert error["none"] < error["7-9@0.5"] < error["5-9@0.5"] < error["3-9@0.5"]
        shares = [error[f"3-9@{share}"] for share in (0.25, 0.5, 0.75)]
        assert max(shares) < 1.04 * min(shares) and min(shares) > 1.05 * error["none"]
    assert "dirty" not in evidence.commit


def test_the_compression_run_keeps_its_promises():
    evidence = Evidence.read("compression")
    base = runpy.run_path(str(ROOT / "book" / "artefacts" / "compression.py"))["BASE"]
    assert AutoencoderExperiment.from_dict(evidence.experiment) == base
    assert [run.seed for run in evidence.runs] == [0, 1, 2] and "dirty" not in evidence.commit
    for run in evidence.runs:
        psnr, nats, parameters = (
            {name: run.readouts[f"{metric}.{name}"] for name in NINE}
            for metric in ("psnr", "nats", "parameters")
        )
        assert min(psnr["f2c2"], psnr["f2c16"], psnr["f4c2"]) > 26
        assert abs(psnr["f2c16"] - psnr["f2c2"]) < 1  # room is not what is short there
        for factor in (2, 4, 8):
            assert nats[f"f{factor}c2"] < nats[f"f{factor}c4"] < nats[f"f{factor}c16"]
        assert parameters["f8c4"] > 7 * parameters["f2c4"]
        decode = {name: run.readouts[f"decode.{name}"] for name in NINE}
        assert max(decode.values()) < 2.5 * min(decode.values())
    for factor in (2, 4):  # more channels hardly give back more
        few, many = (fmean(evidence.readout(f"psnr.f{factor}c{channels}")) for channels in (2, 16))
        assert many - few < 0.6
    classes = evidence.readout("accuracy.f8c4")
    assert min(classes) < 0.9 < 0.98 < max(classes)  # colours are lost in some seeds


def test_the_picture_of_the_nine_shows_held_out_images_and_what_came_back():
    with Image.open(ROOT / "book" / "evidence" / "compression.png") as picture:
        pixels = torch.from_numpy(np.array(picture)).float() / 127.5 - 1  # (320, 256, 3)
    tiles = pixels.reshape(10, 32, 8, 32, 3).permute(0, 2, 4, 1, 3)  # (10, 8, 3, 32, 32)
    held_out = load(AutoencoderExperiment.from_dict(Evidence.read("compression").experiment).data).held_out
    torch.testing.assert_close(tiles[0], held_out.x[::128], atol=0.005, rtol=0)
    l1 = (tiles[1:] - tiles[0]).abs().mean((1, 2, 3, 4)).tolist()
    read = [Evidence.read("compression").runs[0].readouts[f"l1.{name}"] for name in NINE]
    assert l1 == pytest.approx(read, rel=0.25)  # of eight images beside 1024


@pytest.mark.parametrize("name", ["fashion", "cifar10", "emoji"])
def test_the_runs_of_real_pictures_keep_their_promises(name):
    evidence = Evidence.read(name)
    assert minidit.Experiment.from_dict(evidence.experiment) == minidit.experiment(name)
    assert "dirty" not in evidence.commit and evidence.environment["gpu"] is None
    (run,) = evidence.runs
    assert 50 * len(run.losses) == evidence.experiment["training"]["steps"]
    assert run.losses[-1] < run.losses[0] / 2
    assert run.cpu_seconds < 15 * 60 and run.readouts["samples"] == 10_000
    assert run.readouts["frechet_floor.w1"] < run.readouts["frechet_distance.w1"]
    assert run.readouts["copied.w1"] < 0.01  # nothing is copied: fresh real images show 0.01
    with Image.open(ROOT / "book" / "evidence" / f"{name}.png") as picture:
        assert 700 < picture.width < 900 and 500 < picture.height < 700
