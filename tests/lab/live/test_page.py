"""The live page in a browser: a digit comes by itself, in every size, theme and way to open it."""

import re

import pytest
from playwright.sync_api import expect

from minidit.publish.live import WIDGETS

pytestmark = pytest.mark.slow
WIDE, PHONE = (1280, 900), (390, 844)
THEMES = {"light": "rgb(252, 253, 254)", "dark": "rgb(20, 25, 31)"}


@pytest.mark.parametrize(
    ("way", "size", "scheme"),
    [("file", WIDE, "light"), ("file", PHONE, "dark"), ("http", PHONE, "light"), ("http", WIDE, "dark")],
)
def test_it_works_everywhere_and_nothing_sticks_out(opened, widget, server, way, size, scheme):
    window = opened(size, scheme, at=f"{server}/index.html" if way == "http" else None)
    for name in WIDGETS:
        shown = widget(name, window)
        paper = shown.root.locator(".stage").evaluate("e => getComputedStyle(e).backgroundColor")
        assert paper == THEMES[scheme]
    shown.ready()
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in ("button", "input", "canvas", "svg", "p", "li", "fieldset"):
        for box in window.locator(part).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["left"] >= 0 and box["right"] <= size[0]


def test_a_digit_comes_by_itself_in_the_first_view_of_a_phone(opened):
    window = opened(PHONE)
    large = window.locator('[data-widget="digit"] .digits > canvas')
    expect(large).to_have_attribute("aria-label", "generated: a 3")
    expect(large).to_be_in_viewport(ratio=1)
    expect(window.locator('[data-widget="digit"] .caption')).to_have_text("t = 1.00: the generated digit")
    assert window.evaluate("scrollY") == 0


def test_a_page_in_another_folder_finds_its_files(opened, widget, folder):
    window = opened(at=(folder / "nested" / "other.html").as_uri())
    assert widget("mixer", window).ready().startswith("All sliders stand at 1")


@pytest.mark.parametrize(("theme", "scheme"), [("dark", "light"), ("light", "dark")])
def test_the_theme_of_the_page_comes_before_that_of_the_system(opened, theme, scheme):
    window = opened(scheme=scheme)
    window.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
    paper = window.locator(".stage").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert paper == THEMES[theme]
    window.evaluate("() => { document.body.dataset.theme = 'auto'; }")
    assert (
        window.locator(".stage").first.evaluate("e => getComputedStyle(e).backgroundColor") == THEMES[scheme]
    )


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", THEMES)
def test_contrast_is_sufficient(opened, scheme):
    """WCAG 2.2: 4.5 for words, 3 for the edges of controls and for bars."""
    style = opened(scheme=scheme).locator(".minidit-live").first
    names = ("paper", "ink", "words", "accent", "on-accent", "muted", "pale")
    script = "(e, names) => names.map(name => getComputedStyle(e).getPropertyValue(`--${name}`).trim())"
    light = dict(zip(names, map(luminance, style.evaluate(script, names)), strict=True))
    pairs = {
        ("ink", "paper"): 4.5,
        ("words", "paper"): 4.5,
        ("on-accent", "accent"): 4.5,
        ("accent", "paper"): 4.5,
    }
    for one, other in pairs | {("muted", "paper"): 3, ("pale", "paper"): 3}:
        low, high = sorted((light[one], light[other]))
        assert (high + 0.05) / (low + 0.05) >= (pairs.get((one, other), 3)), (one, other)


def test_without_scripts_there_is_a_still_picture_with_words(opened):
    window = opened(PHONE, java_script_enabled=False)
    for name in WIDGETS:
        root = window.locator(f'[data-widget="{name}"]')
        expect(root.locator(".stage")).to_be_hidden()
        box = root.locator("noscript img").bounding_box()
        assert box["width"] > 100 and box["x"] + box["width"] <= PHONE[0]
        expect(root.locator("noscript p")).to_be_visible()


def test_every_control_has_a_name(opened, widget):
    """Before anything was computed, and after."""
    window = opened()

    def named():
        for role in ("button", "slider", "radio", "checkbox", "spinbutton", "img", "group"):
            found = window.get_by_role(role)
            assert found.count() > 0
            assert found.count() == window.get_by_role(role, name=re.compile(r"\w")).count(), role

    named()
    for name in WIDGETS:
        widget(name, window)
    named()
    assert window.locator(".told[aria-live=polite]").count() == len(WIDGETS)


def test_less_motion_shows_the_end_alone(widget):
    digit = widget("digit", reduced_motion="reduce")
    script = """root => new Promise(done => {
      const seen = new Set(), told = root.querySelector(".told");
      told.textContent = "";
      root.querySelectorAll("input[type=radio]")[8].click();
      function look() {
        seen.add(root.querySelector(".digits > canvas").toDataURL());
        if (told.textContent) done(seen.size); else requestAnimationFrame(look);
      }
      look();
    })"""
    assert digit.root.evaluate(script) == 2  # the old one, and the new one
    still = widget("digit")
    assert still.root.evaluate(script) > 2
