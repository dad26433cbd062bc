"""What is known by counting or algebra is what it should be, and another number of another network."""

import pytest

from minidit.claims.facts import FACTS, doubled, merged_affine, modulation_share


def test_post_norm_forgets_how_large_the_tokens_were_and_the_others_do_not():
    sizes = {placement: doubled(placement) for placement in ("pre", "post", "sandwich")}
    assert sizes == pytest.approx({"pre": 2, "post": 1, "sandwich": 2}, rel=1e-4)
    assert FACTS["fact.doubled.DiT"]() == sizes["pre"]


def test_merging_the_affine_changes_rounding_only():
    assert 0 < merged_affine() < 1e-12


def test_what_sd_vae_costs_and_its_share():
    counted = {name: FACTS[f"fact.sd_vae.{name}"]() for name in ("ptflops_gmac", "gflop", "draw_share.XL")}
    assert counted["ptflops_gmac"] == pytest.approx(445.874, abs=0.001)
    assert counted["gflop"] == pytest.approx(894.91, abs=0.01)
    assert counted["draw_share.XL"] == pytest.approx(0.52, abs=0.02)
    step = {size: FACTS[f"fact.sd_vae.step_share.{size}"]() for size in ("S", "XL")}
    assert step == pytest.approx({"S": 88.2, "XL": 27.7}, abs=0.1)


def test_a_third_of_the_largest_network_sits_in_its_modulation():
    assert modulation_share("DiT-XL/2") == pytest.approx(33.07, abs=0.005)
    assert modulation_share("PixArt-XL/2") < 1
