"""Every fault that a finished site could have is found, and a sound site has none."""

import pytest

from minidit.publish.site.look import HEAVIEST, faults

SOUND = """<html><head><link rel="stylesheet" href="_static/a.css"><link rel="next" href="other.html"></head>
<body id="top"><a href="other.html#there">on</a><a href="#top">up</a><a href="https://arxiv.org/">out</a>
<img src="_static/a.png" alt="a picture"><iframe title="a frame" srcdoc="x"></iframe></body></html>"""


@pytest.fixture
def site(tmp_path):
    def write(text=SOUND, size=10):
        (tmp_path / "_static").mkdir()
        (tmp_path / "_static/a.css").write_text(
            "@font-face {src: url('a.woff2')} p {background: url(data:x)}"
        )
        (tmp_path / "_static/a.woff2").write_bytes(b"0" * size)
        (tmp_path / "_static/a.png").write_bytes(b"0")
        (tmp_path / "other.html").write_text('<p id="there"></p>')
        (tmp_path / "index.html").write_text(text)
        return tmp_path

    return write


def test_a_sound_site_has_no_faults(site):
    assert faults(site()) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("other.html#there", "gone.html", "the link gone.html leads to nothing"),
        ("other.html#there", "../outside.html", "leads to nothing"),
        ("#there", "#nowhere", "leads to a place that is not in the page"),
        ('href="#top"', 'href="#bottom"', "the link #bottom leads to a place that is not in the page"),
        (' alt="a picture"', "", "has no alt text"),
        ('alt="a picture"', 'alt=" "', "has no alt text"),
        ('alt="a picture"', 'alt="_images/89da59.png"', "has no alt text"),
        (' title="a frame"', "", "a frame has no title"),
        ("_static/a.png", "_static/b.png", "it loads _static/b.png, which is not there"),
        ("_static/a.css", "https://fonts.example/a.css", "from elsewhere"),
        ("_static/a.png", "//cdn.example/a.png", "from elsewhere"),
    ],
)
def test_a_fault_is_found(site, old, new, words):
    (found,) = faults(site(SOUND.replace(old, new, 1)))
    assert found.startswith("index.html: ") and words in found


def test_what_a_style_loads_is_weighed(site):
    (found,) = faults(site(size=HEAVIEST))
    assert found.startswith("index.html: it weighs 3.0 MB")


def test_a_font_that_is_not_there_is_found(site):
    folder = site()
    (folder / "_static/a.woff2").unlink()
    assert faults(folder) == ["index.html: it loads a.woff2, which is not there."]
