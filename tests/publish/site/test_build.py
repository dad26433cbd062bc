"""The build refuses what is not sound, and leaves what was there."""

import re

import pytest

from minidit.errors import MiniditError
from minidit.publish.site import build


@pytest.fixture
def laid(tmp_path, monkeypatch):
    """A function that builds a site of these source files; returns its folder."""

    def make(**files):
        def lay_out(root, source, extra):
            extra.mkdir(parents=True)
            source.mkdir()
            for name, text in files.items():
                (source / f"{name}.md").write_text(text)
            (source / "_static").mkdir()
            (source / "conf.py").write_text(build.CONF)

        monkeypatch.setattr(build, "_lay_out", lay_out)
        build.build_site(tmp_path, tmp_path / "html", tmp_path / "work")
        return tmp_path / "html"

    return make


def test_a_formula_needs_no_script(laid):
    page = (laid(index="# A\n\n$x^2$ and\n\n$$ y $$\n") / "index.html").read_text()
    assert page.count("<math") == 2 and not re.search(r"<script[^>]*(math|tex)", page, re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# A\n\n[gone](gone.md)\n", "gone"),
        ('# A\n\n<a href="gone.html">on</a>\n', "the link gone.html leads to nothing"),
        ('# A\n\n<img src="https://cdn.example/a.png" alt="a">\n', "from elsewhere"),
        ("# A\n\n$\\left( x$\n", "cannot be read"),
    ],
)
def test_a_fault_ends_the_build(laid, text, words):
    html = laid(index="# Before\n")
    with pytest.raises(MiniditError, match=words):
        laid(index=text)
    assert "Before" in (html / "index.html").read_text()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(MiniditError, match="holds no site"):
        build.build_site(tmp_path, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


@pytest.mark.parametrize("missing", build.PACKAGES)
def test_what_is_missing_is_named(tmp_path, monkeypatch, missing):
    monkeypatch.setattr(build, "find_spec", lambda name: None if name == missing else "found")
    with pytest.raises(MiniditError, match=rf"needs {missing}.*\[site\]"):
        build.build_site(tmp_path, tmp_path / "html")
