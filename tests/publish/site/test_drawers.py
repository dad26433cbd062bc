"""By keyboard: the drawers of a narrow window open, hold the keyboard, and give it back."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

PARTS = [".mobile-header", ".sidebar-drawer", ".toc-drawer", ".content"]


def tabbed(page, steps=40):
    """The parts of the page that the next steps of the keyboard lead to."""
    places = set()
    for _ in range(steps):
        page.keyboard.press("Tab")
        places.add(page.evaluate("parts => parts.find(one => document.activeElement.closest(one))", PARTS))
    return places - {None}  # the window's own buttons


def test_the_drawers_open_and_close_by_keyboard(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    for name, drawer in (("All pages", ".sidebar-drawer"), ("On this page", ".toc-drawer")):
        button, inside = reader.page.get_by_role("button", name=name), reader.page.locator(drawer)
        assert button.get_attribute("aria-expanded") == "false"
        button.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        expect(inside).to_be_in_viewport()
        expect(inside.locator("a:visible").first).to_be_focused()
        assert tabbed(reader.page) == {drawer}  # not the page below it
        reader.page.keyboard.press("Escape")
        assert button.get_attribute("aria-expanded") == "false"
        expect(button).to_be_focused()
        expect(inside).not_to_be_in_viewport()
    reader.page.reload()
    assert tabbed(reader.page) == {".mobile-header", ".content"}  # no closed drawer
    assert reader.page.locator(".toc-drawer[inert]").count() == 1


def test_a_link_within_the_page_closes_the_drawer_and_leads_there(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    button = reader.page.get_by_role("button", name="On this page")
    button.press("Enter")
    reader.page.locator(".toc-drawer a").last.press("Enter")
    assert button.get_attribute("aria-expanded") == "false"
    assert tabbed(reader.page, 1) == {".content"}
    expect(reader.page.locator(":focus")).to_be_in_viewport()
    assert reader.page.evaluate("scrollY") > 844


def test_on_a_wide_screen_the_lists_at_the_sides_are_no_drawers(reader, site):
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    reader.page.set_viewport_size({"width": 1400, "height": 900})
    assert reader.page.locator("[inert]").count() == 0
    reader.page.set_viewport_size({"width": 1100, "height": 900})
    inert = reader.page.locator("[inert]")
    expect(inert).to_have_count(1)
    assert "toc-drawer" in inert.get_attribute("class")


def test_the_search_box_shows_where_the_keyboard_is(reader, site):
    reader.open(f"{site.as_uri()}/index.html")
    box = reader.page.locator(".sidebar-search")
    box.focus()
    assert box.evaluate("box => getComputedStyle(box).outlineStyle") == "solid"
