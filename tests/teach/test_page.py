import base64
import json
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from minidit.errors import MiniditError
from minidit.teach import Page
from minidit.teach import page as module


@pytest.fixture
def figure():
    drawn = plt.figure(figsize=(1, 1))
    yield drawn
    plt.close("all")


class Elements(HTMLParser):
    """The elements of a text with their attributes, unescaped as a browser does it."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def values(page):
    return json.loads(module.VALUES.search(page)[2])


def test_the_bundle_holds_the_page_the_still_and_the_words(figure):
    page = Page("field", figure, 'A "field" & <arrows>.', t=0.75)
    bundle, metadata = page._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert bundle["image/png"] == page.still and page.still.startswith(b"\x89PNG")
    assert bundle["text/plain"] == metadata["image/png"]["alt"] == 'A "field" & <arrows>.'
    (frame, its), (image, inside) = Elements(bundle["text/html"]).found
    assert (frame, image) == ("iframe", "img")
    assert its["sandbox"] == "allow-scripts" and its["width"] == "100%" and its["height"] == "500"
    assert its["title"] == inside["alt"] == page.alt
    assert base64.b64decode(inside["src"].removeprefix("data:image/png;base64,")) == page.still
    assert its["srcdoc"] == page.page  # unescaped, it is the page again
    assert values(page.page)["t"] == 0.75
    assert not plt.get_fignums()  # the figure is closed


def test_without_values_the_page_keeps_its_own(figure):
    own = module.read("field")
    page = Page("field", figure, "A field.")
    assert values(page.page) == values(own)
    assert module.VALUES.sub("", page.page) == module.VALUES.sub("", own)


def test_a_value_cannot_leave_its_element(tmp_path, monkeypatch, figure):
    text = (
        '<meta name="height" content="90"><script id="values" type="application/json">{"word": "a"}</script>'
    )
    (tmp_path / "words.html").write_text(text)
    monkeypatch.setattr(module, "PAGES", tmp_path)
    bad = "</script><script>alert('\"&\\1')</script><!--"
    page = Page("words", figure, "Words.", word=bad)
    assert page.page.count("<script") == 1 and page.page.count("</script") == 1 and "<!--" not in page.page
    assert values(page.page) == {"word": bad}
    (_, frame), _ = Elements(page.html).found
    assert frame["srcdoc"] == page.page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"spred": 0.1}, "no value 'spred'. Did you mean spread\\? It has: targets, spread"),
        ({"spread": "wide"}, "needs for spread something like 0.15"),
        ({"spread": True}, "not True"),
        ({"spread": float("nan")}, "not nan"),
        ({"spread": np.float32(0.1)}, "plain numbers"),
        ({"targets": []}, "not \\[\\]"),
        ({"targets": [1.0, 2.0]}, "needs for targets something like"),
        ({"targets": torch.zeros(3, 2)}, "by .tolist()"),
        ({"targets": [[0, float("inf")]]}, "needs for targets"),
    ],
)
def test_values_of_another_kind_are_refused(figure, given, words):
    with pytest.raises(MiniditError, match=words):
        Page("field", figure, "A field.", **given)


def test_what_cannot_be_shown_is_refused(figure, monkeypatch):
    with pytest.raises(MiniditError, match=r"no page 'feild'. Did you mean field\? There are: .*field"):
        Page("feild", figure, "A field.")
    with pytest.raises(MiniditError, match=r"no page '\.\./frames'"):
        Page("../frames", figure, "A field.")
    with pytest.raises(MiniditError, match="needs words"):
        Page("field", figure, " ")
    monkeypatch.setattr(module, "LIMIT", 10_000)
    with pytest.raises(MiniditError, match="it may take 9: draw a smaller still"):
        Page("field", figure, "A field.")


def test_a_tensor_as_a_list_and_integers_are_taken(figure):
    page = Page("field", figure, "A field.", targets=torch.eye(2).tolist(), t=1, x=(0, 0))
    assert values(page.page)["targets"] == [[1.0, 0.0], [0.0, 1.0]]
