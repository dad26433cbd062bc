"""Every page of the site in Chromium: both themes, both widths, from a folder and from a server."""

import pytest

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


# ---- what every page has: a theme, a search


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
