"""The page `switchboard` in a browser: its effects are those of the design, and a prediction comes first."""

from itertools import product

import matplotlib.pyplot as plt
import pytest
import torch
from playwright.sync_api import expect

from minidit.teach import Page

pytestmark = pytest.mark.slow
NAMES = ["SwiGLU", "RMSNorm", "RoPE", "QK-norm", "logit-normal"]
SETS = [sum(has << k for k, has in enumerate(one)) for one in product((0, 1), repeat=5)]
EVEN = [one for one in SETS if one.bit_count() % 2 == 0]


def errors(sets):
    draw = torch.Generator().manual_seed(len(sets))
    return (0.3 + 0.05 * torch.rand(len(sets), 2, generator=draw)).tolist()


@pytest.fixture
def opened(shown):
    """A function that shows the page with a design and returns its frame."""

    def show(sets=SETS, settings=None, width=700):
        values = {"names": NAMES, "cells": sets, "errors": errors(sets)}
        return shown(
            Page("switchboard", plt.figure(), "Switches.", **values),
            "#switches button",
            (width, 620),
            settings,
        )

    return show


@pytest.mark.parametrize("sets", [SETS, EVEN])
def test_effects_are_those_of_the_design(opened, sets):
    frame = opened(sets)
    found = torch.tensor(errors(sets)).double()
    percent = (100 * found / found[sets.index(0)]).mean(1) - 100
    assert frame.evaluate("cells.map(percent)") == pytest.approx(percent.tolist())
    signs = torch.tensor([[1.0 if one >> k & 1 else -1.0 for k in range(5)] for one in sets]).double()
    mains = 2 / len(sets) * signs.T @ percent
    assert frame.evaluate("mains") == pytest.approx(mains.tolist())
    assert frame.evaluate("added(5)") == pytest.approx((mains[0] + mains[2]).item())
    assert len(frame.evaluate("contexts(3)")) == (16 if sets is SETS else 0)


def test_a_context_is_a_difference_of_two_sets(opened):
    frame = opened()
    one = next(one for one in frame.evaluate("contexts(1)") if one["set"] == 4)
    assert one["value"] == pytest.approx(frame.evaluate("percent(6) - percent(4)"))


def test_the_result_is_shown_after_a_prediction_and_the_prediction_stays(opened):
    frame = opened()
    look, told = frame.get_by_role("button", name="Write it down and look"), frame.locator("#told")
    expect(look).to_be_disabled()
    frame.get_by_role("button", name="RoPE").press("Enter")
    expect(frame.get_by_role("button", name="RoPE")).to_have_attribute("aria-pressed", "true")
    frame.get_by_role("slider").press("ArrowRight")
    frame.get_by_role("slider").press("ArrowRight")
    assert frame.locator("circle").count() == 0
    look.press("Enter")
    expect(told).to_contain_text("You said +2.0 %.")
    assert frame.locator("#result .seed").count() == 2 and frame.locator("#worth .other").count() == 16
    expect(look).to_be_disabled()
    frame.get_by_role("slider").press("ArrowRight")
    expect(told).to_contain_text("You said +2.0 %.")
    frame.get_by_role("button", name="QK-norm").click()
    assert frame.locator("circle").count() == 0
    look.click()
    expect(told).to_contain_text("So far, over 2:")
    expect(frame.locator("#context")).to_contain_text("QK-norm, the last switch")


def test_half_of_a_design_says_what_it_lacks(opened):
    frame = opened(EVEN)
    frame.get_by_role("button", name="RoPE").click()
    expect(frame.locator("#told")).to_contain_text("This set was not run")
    expect(frame.locator("#look")).to_be_disabled()
    frame.get_by_role("button", name="SwiGLU").click()
    frame.locator("#look").click()
    expect(frame.locator("#context")).to_contain_text("no two sets differ in one switch")


@pytest.mark.parametrize("width", [360, 700, 1000])
def test_every_width_shows_everything(opened, width):
    frame = opened(settings={"color_scheme": "dark"}, width=width)
    frame.get_by_role("button", name="RoPE").click()
    frame.locator("#look").click()
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for one in frame.locator("button, input, svg, output").all():
        box = one.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 25, 31)"
