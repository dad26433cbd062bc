"""The autoencoder's share of the FLOPs, against the two ledgers it is made of."""

import pytest

from minidit import MiniditError
from minidit.measure import autoencoder_ledger, ledger, shares


@pytest.fixture(scope="module")
def sd_vae():
    return shares("sd-vae")


def pick(counted, transformer, use):
    return next(row for row in counted.rows if (row.transformer, row.use) == (transformer, use))


def test_a_step_encodes_once_and_goes_forward_three_times(sd_vae):
    step = pick(sd_vae, "DiT-XL/2", "training step")
    assert step.transformer_flops == 3 * ledger("DiT-XL/2").flops
    assert step.autoencoder_flops == sd_vae.autoencoder.encode.flops
    assert step.share == pytest.approx(272.72 / (272.72 + 3 * 237.24), abs=1e-5)
    cached = pick(sd_vae, "DiT-XL/2", "training, latents cached")
    assert cached.share == 0 and cached.transformer_flops == step.transformer_flops


@pytest.mark.parametrize(("use", "evaluations"), [
    ("50 steps", 50), ("50 steps, guided", 100), ("250 steps", 250), ("250 steps, guided", 500),
])  # fmt: skip
def test_sampling_decodes_once_and_evaluates_once_a_step_or_twice(sd_vae, use, evaluations):
    drawn = pick(sd_vae, "DiT-S/2", f"sampling, {use}")
    assert drawn.transformer_flops == evaluations * ledger("DiT-S/2").flops
    assert drawn.share == pytest.approx(311.09 / (311.09 + evaluations * 6.056), abs=1e-4)


def test_beside_the_smallest_the_autoencoder_is_most_of_the_work(sd_vae):
    steps = [pick(sd_vae, f"DiT-{size}/2", "training step").share for size in ("S", "B", "L", "XL")]
    assert [round(share, 3) for share in steps] == [0.882, 0.664, 0.360, 0.277]
    assert pick(sd_vae, "DiT-S/2", "sampling, 50 steps").share > 0.5
    assert len(sd_vae.rows) == 4 * 6


def test_a_token_is_16_pixels_wide_whatever_the_factor():
    counted = shares("va-vae", sizes=["B"])
    step = pick(counted, "DiT-B/1", "training step")
    settings = {"patch_size": 1, "in_channels": 32, "input_size": 16}
    assert step.transformer_flops == 3 * ledger("DiT-B/2", **settings).flops
    assert step.transformer_flops == pytest.approx(3 * ledger("DiT-B/2").flops, rel=0.01)


def test_what_is_counted_already_is_taken_as_it_is():
    counted = autoencoder_ledger("taesd", 64)
    given = shares(counted, sizes=["S"])
    assert given == shares("taesd", 64, ["S"]) and given.autoencoder is counted
    assert given.rows[0].transformer_flops == 3 * ledger("DiT-S/2", input_size=8).flops


def test_the_table(sd_vae):
    lines = str(sd_vae).splitlines()
    assert lines[0] == "sd-vae at 256 x 256: its share of an image's FLOPs"
    assert lines[1].split() == ["DiT-S/2", "DiT-B/2", "DiT-L/2", "DiT-XL/2"]
    assert lines[2].split() == ["training", "step", "88.2%", "66.4%", "36.0%", "27.7%"]
    assert len(lines) == 8 and len({len(line) for line in lines[2:]}) == 1 and len(lines[2]) <= 80


def test_bad_input_is_refused():
    with pytest.raises(MiniditError, match=r"gives no tokens of 16 x 16 pixels.*resolution that 16 divides"):
        shares("taesd", 24)
    with pytest.raises(MiniditError, match=r"Did you mean DiT-.*/2"):
        shares("taesd", 64, ["XXL"])
