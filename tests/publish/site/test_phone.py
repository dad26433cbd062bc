"""On a phone: what is wide moves sideways and says so, pictures come soon and open in full."""

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


def test_wide_tables_on_a_phone(reader, site):
    """Words become rows that name their columns; numbers move sideways, by keyboard too, and it shows."""
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/claims/c01.html")
    words = reader.page.locator("table.words").first
    assert words.evaluate("table => table.parentElement.scrollWidth <= table.parentElement.clientWidth")
    assert words.locator("tbody tr").first.inner_text().startswith("C01.b")
    assert "needed" in words.locator("tbody tr").first.locator(".column:visible").all_inner_texts()
    numbers = reader.page.get_by_role("region", name="table, wider than the page").first
    numbers.focus()
    before = numbers.evaluate("box => box.scrollLeft")
    numbers.press("ArrowRight")  # which would turn the page elsewhere
    reader.page.wait_for_function("box => box.scrollLeft > 0", arg=numbers.element_handle())
    assert before == 0
    reader.page.set_viewport_size({"width": 1280, "height": 900})
    assert words.locator(".column:visible").count() == 0 and words.locator("th:visible").count() > 4


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ch05_interpolants", ".formula"),
        ("ch01_first_model", ".highlight pre"),
        ("ch01_first_model", ".output pre"),
    ],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_goes_on_has_a_shadow_until_its_end_on_a_phone(reader, site, name, kind, theme):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.page.emulate_media(color_scheme=theme)
    reader.open(f"{site.as_uri()}/{name}.html")
    box = next(
        one
        for one in reader.page.locator(f"article {kind}:visible").all()
        if one.evaluate("box => box.scrollWidth > box.clientWidth + 20")
    )
    ends = []
    for place in ("0", "box.scrollWidth"):
        box.evaluate(f"box => {{ box.scrollLeft = {place}; }}")
        ends.append(edges(box))
    (left, right), (left_at_end, right_at_end) = ends
    ground = left
    assert right != ground and left_at_end != ground and right_at_end == ground


def edges(box):
    """The colours of the first and the last column of pixels at the top of a box, above its text."""
    pixels = np.asarray(Image.open(io.BytesIO(box.screenshot())).convert("RGB"))
    return tuple(tuple(pixels[4, column].tolist()) for column in (2, -2))


def test_the_buttons_of_the_header_are_apart_on_a_phone(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    theme, contents = (
        reader.page.locator(f".mobile-header {one}").bounding_box()
        for one in (".theme-toggle", ".toc-header-icon")
    )
    assert contents["x"] - (theme["x"] + theme["width"]) >= 8


def test_the_first_picture_of_a_chapter_comes_soon_on_a_phone(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    for path in sorted(site.glob("ch*.html")):
        reader.open(path.as_uri())
        first = reader.page.locator("article :is(a.still, figure.frames, iframe, pre.sentences)").first
        assert first.bounding_box()["y"] < 3.5 * 844, path.name
        assert not reader.page.get_by_text("Last replay").is_visible()


def test_a_picture_opens_in_full(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    for name in ("ch01_first_model", "claims/c01", "index"):
        reader.open(f"{site.as_uri()}/{name}.html")
        still = reader.page.locator("a.still").first
        assert "open in full" in still.evaluate("link => getComputedStyle(link, '::after').content")
        full = still.evaluate("link => link.href")
        assert full == still.locator("img").evaluate("image => image.src")
