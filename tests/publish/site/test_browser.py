"""Every page of the site in Chromium: both themes, both widths, from a folder and from a server."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

DRAWING = "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><path d='M0 0h4v8z'/></svg>"
DOT = f"data:image/svg+xml,{DRAWING}"
BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
SOUND = """<!doctype html><html lang="en"><title>A</title><link rel="icon" href="data:,">
<body style="color: #333; background: #fff"><div class="content"><p>Words.</p>
<img src="DOT" alt="a dot"></div></body></html>""".replace("DOT", DOT)
FAULTS = {
    '<p style="width: 700px">wide</p>': "do not fit into 390",
    '<div class="content" style="overflow: auto"><p style="width: 2000px">w</p></div>': "2000 px do not fit",
    '<p style="color: #999">pale</p>': 'contrast 2.85 of <p class=""> "pale"',
    '<p style="color: #00000099; background: #777">pale</p>': "contrast",
    '<img src="gone.png" alt="gone">': "a picture is not there",
    f'<img src="{DOT}">': "a picture has no words",
    "<script>console.error('oh')</script>": "console: oh",
    "<script>nowhere()</script>": "script: nowhere is not defined",
    "<script src='gone.js'></script>": "gone.js",
    "<img src='http://elsewhere.invalid/a.png' alt='a'>": "elsewhere: http://elsewhere.invalid/a.png",
    """<iframe title="a" srcdoc="<p style='color: #aaa'>faint</p>"></iframe>""": "contrast 2.32 of <p",
}


def faults(reader, site, base):
    """Faults by page, for every page of the site."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        reader.complaints.clear()
        reader.open(f"{base}/{name}")
        found |= {name: list(dict.fromkeys(one))[:5]} if (one := reader.faults()) else {}
    return found


def test_every_page_from_a_folder(reader, site):
    assert faults(reader, site, site.as_uri()) == {}


def test_every_page_from_a_server(reader, site, http):
    assert faults(reader, site, http) == {}


@pytest.mark.parametrize("fault", ["", *FAULTS], ids=["sound", *FAULTS.values()])
@pytest.mark.parametrize("where", ["folder", "server"])
def test_each_fault_is_seen(reader, tmp_path, serve, fault, where):
    (tmp_path / "index.html").write_text(SOUND.replace("</body>", f"{fault}</body>"))
    reader.open(f"{tmp_path.as_uri() if where == 'folder' else serve(tmp_path)}/index.html")
    found = reader.faults()
    assert any(FAULTS[fault] in one for one in found) if fault else found == []


def test_a_blank_picture_is_seen(reader, tmp_path, serve):
    (tmp_path / "index.html").write_text(SOUND.replace(DOT, BLANK))
    reader.open(f"{serve(tmp_path)}/index.html")
    assert any("a picture is blank" in one for one in reader.faults())


# ---- what moves


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


def test_the_drawers_open_and_close_by_keyboard(reader, site):
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open(f"{site.as_uri()}/ch01_first_model.html")
    for name, drawer in (("All pages", ".sidebar-drawer"), ("On this page", ".toc-drawer")):
        button, inside = reader.page.get_by_role("button", name=name), reader.page.locator(drawer)
        assert button.get_attribute("aria-expanded") == "false"
        button.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        expect(inside).to_be_in_viewport()
        reader.page.keyboard.press("Escape")
        assert button.get_attribute("aria-expanded") == "false"
        expect(button).to_be_focused()
        expect(inside).not_to_be_in_viewport()


def test_without_scripts_a_figure_is_a_still(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/ch01_first_model.html")
    figure = page.locator("figure.frames")
    assert figure.locator("img:visible").count() == 1 and figure.locator("input:visible").count() == 0
    assert page.locator("math:visible").count() > 0
    context.close()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_that_is_chosen_reaches_the_frames(reader, site, system):
    reader.page.emulate_media(color_scheme=system)
    reader.open(f"{site.as_uri()}/ch09_norms.html")
    grounds = []
    for _ in range(3):  # the system's, light, dark
        frame = reader.page.query_selector("article iframe").content_frame()
        frame.wait_for_load_state()
        ground = frame.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append((reader.page.locator("body").get_attribute("data-theme"), ground))
        reader.page.locator(".content-icon-container .theme-toggle").click()
    colours = {"light": "rgb(252, 253, 254)", "dark": "rgb(20, 25, 31)"}
    assert {theme for theme, _ in grounds} == {"auto", "light", "dark"}
    assert all(ground == colours[system if theme == "auto" else theme] for theme, ground in grounds)


@pytest.mark.parametrize("where", ["folder", "server"])
def test_the_search_finds(reader, site, http, where):
    reader.open(f"{site.as_uri() if where == 'folder' else http}/index.html")
    reader.page.locator(".sidebar-search").fill("autoguidance")
    reader.page.locator(".sidebar-search").press("Enter")
    reader.page.locator("#search-results li a", has_text="Chapter 8").first.wait_for()
    assert reader.complaints == []


@pytest.mark.parametrize("where", ["folder", "server"])
def test_the_search_puts_chapters_first(reader, site, http, where):
    reader.open(f"{site.as_uri() if where == 'folder' else http}/index.html")
    reader.page.locator(".sidebar-search").fill("guidance")
    reader.page.locator(".sidebar-search").press("Enter")
    reader.page.locator(".search-summary", has_text="finished").wait_for()
    titles = reader.page.locator("#search-results li > a").all_inner_texts()
    assert any(title.startswith("Chapter 8") for title in titles[:2])
    assert all(title.startswith(("Chapter", "Glossary")) for title in titles[:5])
    assert any(title.startswith("Solutions") for title in titles[5:])


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
    download = reader.page.get_by_role("link", name="as a notebook")
    assert download.get_attribute("href") == "notebooks/ch08_guidance.ipynb"
    assert (site / "notebooks/ch08_guidance.ipynb").is_file()


def test_ten_seconds_at_the_front_page(reader, site):
    """Without scrolling, on a phone too: what this is, and what came of the claims."""
    for width, height in ((390, 844), (1280, 900)):
        reader.page.set_viewport_size({"width": width, "height": height})
        reader.open(f"{site.as_uri()}/index.html")
        for words in ("A textbook that runs", "supported", "refuted", "inconclusive", "Begin with chapter 1"):
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
