"""What a reader does with the site in Chromium: moves figures, unfolds, finds the way, on a phone too."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def seen(figure):
    """The pictures and the words that a figure shows."""
    pictures = figure.locator("img:visible").evaluate_all("all => all.map(one => one.src)")
    return pictures, figure.locator(".stack span:visible").all_inner_texts()


def test_a_slider_changes_picture_and_words_without_a_kernel(reader, site):
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    figure = reader.page.locator("figure.frames")
    slider, before = figure.get_by_role("slider"), seen(figure)
    said = slider.get_attribute("aria-valuetext")
    slider.press("ArrowLeft")
    after = seen(figure)
    assert len(after[0]) == len(after[1]) == 1
    assert after[0] != before[0] and after[1] != before[1]
    assert (said, slider.get_attribute("aria-valuetext")) == (before[1][0], after[1][0])


def test_two_sliders_choose_a_row_and_a_picture_of_it(reader, site):
    reader.open(f"{site.as_uri()}/ch15_latents.html")
    figure = reader.page.locator("figure.frames")
    pixels, channels = figure.get_by_role("slider").all()
    states = [seen(figure)]
    for slider, key in ((pixels, "ArrowRight"), (channels, "ArrowLeft"), (pixels, "ArrowLeft")):
        slider.press(key)
        states.append(seen(figure))
    assert [words for _, words in states] == [["4 x 4", "4"], ["8 x 8", "4"], ["8 x 8", "2"], ["4 x 4", "2"]]
    assert len({picture for (picture,), _ in states}) == 4


def test_buttons_exchange_the_ruler(reader, site):
    reader.open(f"{site.as_uri()}/ch06_predictions.html")
    figure = reader.page.locator("figure.frames")
    before = seen(figure)
    figure.get_by_role("button", name="EDM").press("Enter")
    after = seen(figure)
    assert after[1] != before[1] and len(after[0]) == len(before[0]) == 2
    assert figure.locator("[aria-pressed=true]").all_inner_texts() == ["EDM"]


def test_the_pages_below_a_page_unfold_by_keyboard(reader, site):
    reader.open(f"{site.as_uri()}/index.html")
    arrow = reader.page.get_by_role("button", name="Pages below Claims")
    page = reader.page.locator(".sidebar-tree").get_by_role("link", name=re.compile("^C01: "))
    expect(page).not_to_be_visible()
    arrow.press("Enter")
    assert arrow.get_attribute("aria-expanded") == "true"
    expect(page).to_be_visible()


def test_the_list_at_the_left_is_short(reader, site):
    """Each page in one line, the claims below the live page, and nothing that belongs to an index."""
    reader.open(f"{site.as_uri()}/index.html")
    links = reader.page.locator(".sidebar-tree a:visible")
    names = links.all_inner_texts()
    assert names[:4] == ["Draw a digit", "Claims", "Log", "1 First model"] and len(names) < 45
    assert max(box.bounding_box()["height"] for box in links.all()) < 40


def test_without_scripts_a_figure_is_a_still(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/ch01_first_model.html")
    figure = page.locator("figure.frames")
    assert figure.locator("img:visible").count() == 1 and figure.locator("input:visible").count() == 0
    assert page.locator("math:visible").count() > 0
    context.close()


def test_code_can_be_copied_and_hints_are_folded(reader, site):
    reader.open(f"{site.as_uri()}/exercises/ch09.html")
    assert (
        reader.page.locator("button.copybtn").count()
        >= reader.page.locator("div.highlight-python").count()
        > 10
    )
    hint = reader.page.locator("details").first
    assert not hint.locator("p").is_visible()
    hint.locator("summary").press("Enter")
    assert hint.locator("p").first.is_visible()


def test_chapters_lead_to_their_neighbours_and_home(reader, site):
    reader.open(f"{site.as_uri()}/ch08_guidance.html")
    for rel, place in (("prev-page", "ch07_samplers.html"), ("next-page", "ch09_norms.html")):
        assert reader.page.locator(f"a.{rel}").get_attribute("href") == place
    reader.page.get_by_text("About this page").click()
    download = reader.page.get_by_role("link", name="as a notebook")
    assert download.get_attribute("href") == "notebooks/ch08_guidance.ipynb"
    assert (site / "notebooks/ch08_guidance.ipynb").is_file()


def test_claims_lead_to_their_neighbours_and_back(reader, site):
    reader.open(f"{site.as_uri()}/claims/c18.html")
    places = [reader.page.locator(f"a.{rel}-page").get_attribute("href") for rel in ("prev", "next")]
    assert places == ["c01.html", "c10.html"]
    reader.page.get_by_role("main").get_by_role("link", name="All claims").first.click()
    assert reader.page.url.endswith("/claims.html#all-claims")
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    assert reader.page.locator("a.prev-page").count() == 0  # the last claim comes before it at the left


def test_a_quote_that_begins_a_cell_opens(reader, site):
    reader.open(f"{site.as_uri()}/notes/ch09.html")
    cells = reader.page.locator("table.words td").all_inner_texts()
    assert sum(cell.startswith("“") for cell in cells) > 5
    assert not any(cell.startswith("”") for cell in cells)


@pytest.mark.parametrize("name", ["index", "live", "claims", "claims/c01", "solutions/ch09", "api/model"])
def test_headings_go_down_one_step_at_a_time(reader, site, name):
    reader.open(f"{site.as_uri()}/{name}.html")
    levels = reader.page.locator("article :is(h1, h2, h3, h4)").evaluate_all(
        "all => all.map(h => +h.tagName[1])"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ten_seconds_at_the_front_page(reader, site):
    """Without scrolling, on a phone too: what this is, for whom, and what came of the claims."""
    for width, height in ((390, 844), (1280, 900)):
        reader.page.set_viewport_size({"width": width, "height": height})
        reader.open(f"{site.as_uri()}/index.html")
        pre = reader.page.locator("article pre")
        assert pre.evaluate("box => box.scrollWidth <= box.clientWidth")  # the commands are seen whole
        seen = ("A textbook that runs", "supported", "refuted", "inconclusive", "Begin with chapter 1")
        for words in (*seen, "For whom", "student"):
            box = reader.page.get_by_text(re.compile(words)).first.bounding_box()
            assert box["y"] + box["height"] < height, words


def test_two_taps_from_the_front_page_to_a_digit(reader, site):
    """On a phone: one tap opens the page, which draws a digit by itself; a second one asks for another."""
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/index.html")
    reader.page.get_by_role("link", name="Draw a digit, here").click()
    canvas = reader.page.locator('[data-widget="digit"] canvas').first
    reader.page.get_by_text(re.compile(r"t = 1\.00: the generated digit")).wait_for()
    shades = canvas.evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert shades > 5  # ink, paper and what lies between
    box = canvas.bounding_box()
    assert 0 <= box["y"] < 844 and box["y"] + box["height"] <= 844
    assert reader.complaints == []
