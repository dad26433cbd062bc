"""The live widgets' files: weights are the network's, nothing comes from elsewhere, no file is long."""

import base64
import io
import json
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image

from minidit import MiniditError
from minidit.publish.live import WIDGETS, fragment, page, write_live
from minidit.publish.live.page import ASSETS, NETWORK, SHARED
from minidit.publish.live.weights import apart, weights_script
from minidit.publish.pages import OUTSIDE
from minidit.training.artefact import LARGEST, read_artefact

SOURCES = sorted(ASSETS.iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    write_live(folder)
    return folder


@pytest.fixture(scope="module")
def state():
    return read_artefact(NETWORK)


@pytest.fixture(scope="module")
def stored(folder):
    """What weights.js sets."""
    return json.loads(re.search(r"window\.minidit = (.*);\n", (folder / "weights.js").read_text())[1])


def test_the_weights_are_those_of_the_network(stored, state):
    content, begin = base64.b64decode(stored["half"]), 0
    numbers = np.frombuffer(content, "<f2").astype("f4")
    assert len(content) < LARGEST
    for (name, shape), (key, value) in zip(
        stored["tensors"], state.ema.module.state_dict().items(), strict=True
    ):
        size = int(np.prod(shape))
        assert (name, shape) == (key, list(value.shape))
        assert torch.equal(torch.from_numpy(numbers[begin : begin + size]).reshape(shape), value)
        begin += size
    assert begin == len(numbers)
    for name, value in stored["config"].items():
        assert getattr(state.experiment.model, name) == value


def test_how_far_apart_images_are():
    x = torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    squares = [(one - other).square().mean() for one, other in combinations(x, 2)]
    assert apart(x) == pytest.approx(torch.stack(squares).mean().sqrt().item(), rel=1e-6)


def test_what_is_real_is_known_of_each_class_and_of_all(stored):
    *classes, every = stored["real"]
    assert len(classes) == 10 and every > max(classes) and min(classes) > 0.2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"norm": "rms"}, "has norm = 'rms'"),
        ({"qk_norm": True}, "qk_norm"),
        ({"input_size": (8, 16)}, "square"),
    ],
)
def test_a_network_that_the_page_cannot_compute_is_refused(state, setting, words):
    other = replace(state.experiment, model=replace(state.experiment.model, **setting))
    shown = replace(state, experiment=other)
    with pytest.raises(MiniditError, match=words):
        weights_script(shown)


def test_all_that_a_page_asks_for_is_written(folder):
    asked = re.findall(r'(?:src|href)="([^":]+)"', page())
    assert sorted(asked) == sorted(path.name for path in folder.iterdir())


def test_scripts_come_in_the_order_in_which_they_need_each_other():
    html = fragment(("mixer", "digit"), "_static/live/")
    asked = re.findall(r'<script defer src="_static/live/([^"]+)"></script>', html)
    assert asked == [*SHARED, "mixer.js", "digit.js"]
    assert 'href="_static/live/live.css"' in html and 'src="_static/live/mixer.png"' in html
    assert "roulette" not in html and not re.search(r"[{}]", html)


def test_the_numbers_in_the_text_are_those_of_the_network(state):
    html = fragment(("digit",))
    assert f"{sum(p.numel() for p in state.model.parameters()):,} numbers" in html
    assert "899 scans" in html and re.search(r"trained for \d\d seconds on one core", html)
    assert re.search(r"\d\d of 100 at w = 1, and in\s+\d+ at w = 2", html)


def test_a_still_has_the_size_that_the_page_keeps_for_it_and_words(folder):
    stills = re.findall(r'<img src="([^"]+)" width="(\d+)" height="(\d+)"\s+alt="([^"]+)"', page())
    assert len(stills) == len(WIDGETS)
    for name, width, height, alt in stills:
        with Image.open(io.BytesIO((folder / name).read_bytes())) as image:
            assert image.size == (int(width), int(height)) and image.getextrema() == (0, 255)
        assert len(alt) > 40


@pytest.mark.parametrize("widgets", [("digits",), ()])
def test_a_widget_that_is_not_there_gets_a_sentence(widgets):
    with pytest.raises(MiniditError, match=r"There is no live widget .* There are: digit, roulette, mixer"):
        fragment(widgets)


def loads(text):
    """Lines that load something, or could; a script's own files stand in Python."""
    return [
        line for line in text.splitlines() for pattern, _ in OUTSIDE if re.search(pattern, line) is not None
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_loads_nothing_and_is_one_short_idea(path):
    text = path.read_text("utf-8")
    assert loads(re.sub(r'src="\{where\}[a-z]+\.png"', "", text)) == []
    lines = text.splitlines()
    assert len(lines) <= 250 and max(map(len, lines)) <= 140
    first = {".js": "// ", ".css": "/* ", ".html": "<section "}[path.suffix]
    assert text.startswith(first)
    if path.suffix == ".css":  # a page of any theme keeps its own rules
        selectors = re.findall(r"(?m)^\s*([^@\s/}][^{};]*)\{", text)
        assert len(selectors) > 30 and all(".minidit-live" in one for s in selectors for one in s.split(","))


def test_a_load_would_be_found():
    assert loads("fetch('weights.bin')") and loads('<img src="https://example.org/a.png">')
    assert not loads("const x = 1;")
