"""The page `extrapolation` in a browser: its line is numpy's, its score falls, every control moves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from playwright.sync_api import expect

from minidit.teach import Page

pytestmark = pytest.mark.slow
COMPUTES = [[1.0, 2.0, 4.0, 8.0, 64.0], [0.36, 1.4, 5.6, 23.0, 118.6]]
ERRORS = [[1.0, 0.76, 0.57, 0.44, 0.19], [153.6, 100.4, 68.4, 43.5, 19.5]]
VALUES = {
    "names": ["First", "Second"],
    "axes": ["compute", "cost"],
    "units": ["error", "FID"],
    "computes": COMPUTES,
    "errors": ERRORS,
    "laws": [0.25, 24.0],
    "told": ["So much for the first.", "So much for the second."],
}


@pytest.fixture
def opened(shown):
    """A function that shows the page with these values and returns its frame."""

    def show(settings=None, size=(700, 620)):
        return shown(Page("extrapolation", plt.figure(), "A game.", **VALUES), "circle", size, settings)

    return show


def said(frame):
    return frame.locator("output").inner_text()


def test_the_line_is_that_of_least_squares(opened):
    frame = opened()
    for k, (x, y) in enumerate(zip(COMPUTES, ERRORS, strict=True)):
        slope, height = np.polyfit(np.log(x[:-1]), np.log(y[:-1]), 1)
        right = np.exp(height + slope * np.log(x[-1]))
        assert frame.evaluate("k => straight(rounds[k])", k) == pytest.approx(right)


def test_the_score_is_what_the_page_says(opened):
    frame = opened()
    assert [frame.evaluate("g => points(g, 1)", g) for g in (1, 1.1, 1 / 1.1, 1.2)] == [100, 61, 61, 38]
    assert frame.evaluate("points(9, 1)") < 1


def test_the_truth_is_not_drawn_before_the_guess(opened):
    frame = opened()
    assert frame.locator(".truth").count() == 0 and frame.locator(".shown").count() == 4
    assert "0.19" not in frame.locator("svg").inner_html()
    before = frame.evaluate("[state.low, state.high]")
    frame.evaluate("rounds[0].y[4] = 0.4; begin()")  # nor do the axes know it
    assert frame.evaluate("[state.low, state.high]") == before


def test_a_whole_game_by_keyboard(opened):
    frame = opened()
    slider, say, following = frame.locator("input"), frame.locator("#say"), frame.locator("#next")
    expect(following).to_be_disabled()
    first = said(frame)
    slider.press("ArrowLeft")
    assert said(frame) != first
    say.press("Enter")
    expect(say).to_be_disabled()
    words = said(frame)
    assert "It is 0.19." in words and "So much for the first." in words and "After 1 of 2 rounds" in words
    mine = frame.evaluate("score[0].mine")
    assert f"you {mine}," in words
    following.press("Enter")
    expect(frame.locator("h2")).to_have_text("Second")
    frame.evaluate("guess(0.5)")
    say.click()
    assert f"you {mine + frame.evaluate('score[1].mine')}," in said(frame)
    expect(following).to_have_text("Play again")
    following.click()
    expect(frame.locator("h2")).to_have_text("First")
    assert frame.evaluate("score.length") == 0


def test_dragging_sets_the_guess_where_the_pointer_is(opened):
    frame = opened()
    box = frame.locator("svg").bounding_box()
    frame.locator("svg").click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.5})
    place = frame.evaluate("down(state.guess)")
    assert place == pytest.approx(150, abs=3)  # the middle of 300
    assert frame.evaluate("slider.getAttribute('aria-valuetext') === short(state.guess)")


@pytest.mark.parametrize("size", [(380, 620), (1000, 620)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off(opened, size, scheme):
    frame = opened({"color_scheme": scheme}, size)
    frame.evaluate("guess(0.4)")
    frame.locator("#say").click()
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert frame.evaluate(wide)
    parts = "[...document.querySelectorAll('svg text, svg circle')].map(part => part.getBBox())"
    inside = "box.x >= 0 && box.x + box.width <= WIDE && box.y + box.height <= HIGH"
    assert frame.evaluate(f"{parts}.every(box => {inside})")
