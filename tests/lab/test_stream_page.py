"""The page of random blocks in a browser: its block is minidit's, its shares are right, everything moves."""

import matplotlib.pyplot as plt
import pytest
import torch
from playwright.sync_api import expect
from torch import Tensor

from minidit.model.gelu import gelu
from minidit.model.norm import norm
from minidit.model.placement import PLACEMENTS
from minidit.teach import Page

pytestmark = pytest.mark.slow
DIM, BLOCKS = 16, 3


@pytest.fixture
def opened(chromium):
    """A function that shows the page as a notebook would and returns its frame: no complaints, no loads."""
    context, complaints = chromium.new_context(viewport={"width": 800, "height": 560}), []
    context.set_default_timeout(20_000)

    def show(settings=None, **values):
        window = context.new_page()
        window.emulate_media(**(settings or {}))
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", lambda request: complaints.append(request.url))
        window.set_content(Page("stream", plt.figure(), "Blocks.", **values).html)
        frame = window.frames[1]
        frame.wait_for_selector("#where button[aria-pressed=true]")
        return frame

    yield show
    context.close()
    assert complaints == []


def tensor(frame, code: str, *shape: int) -> Tensor:
    return torch.tensor(frame.evaluate(f"Array.from({code})"), dtype=torch.float64).view(shape)


def attention(x: Tensor, own: dict[str, Tensor]) -> Tensor:
    """x (images, places, dim) -> the same shape; one head."""
    q, k, v = (x @ own[name] for name in "qkv")
    return torch.nn.functional.scaled_dot_product_attention(q, k, v) @ own["o"]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_block_is_the_librarys(opened, placement):
    frame = opened(placement=placement, s=0.7, dim=DIM, blocks=BLOCKS)
    x = tensor(frame, "first", 8, 16, DIM)
    for k in range(BLOCKS):
        wide = {name: (DIM, DIM) for name in "qkvo"} | {"up": (DIM, 4 * DIM), "down": (4 * DIM, DIM)}
        own = {name: tensor(frame, f"weights[{k}].{name}", *shape) for name, shape in wide.items()}
        norms = [norm("layer", DIM), norm("layer", DIM)]
        for branch in (
            lambda y, own=own: attention(y, own),
            lambda y, own=own: gelu(y @ own["up"]) @ own["down"],
        ):
            x = PLACEMENTS[placement](x, branch, norms, None, None, 0.7)
    found = tensor(frame, f"states[{BLOCKS}]", 8, 16, DIM)
    torch.testing.assert_close(found, x, rtol=1e-5, atol=1e-6)


def test_the_shares_are_those_of_the_tokens(opened):
    frame = opened(dim=DIM, blocks=BLOCKS)
    x = tensor(frame, "states[2]", 8, 16, DIM)
    common = x.mean((0, 1), keepdim=True)
    place, image = x.mean(0, keepdim=True) - common, x.mean(1, keepdim=True) - common
    parts = (common, place, image, x - common - place - image)
    right = torch.stack([part.square().expand_as(x).mean() / x.square().mean() for part in parts])
    torch.testing.assert_close(tensor(frame, "shares(states[2])", 4), right, rtol=1e-9, atol=1e-12)
    assert abs(right.sum().item() - 1) < 1e-9


def painted(frame) -> list[str]:
    return frame.evaluate("[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())")


def own(frame, block: int) -> float:
    return frame.evaluate(f"shares(states[{block}])[3]")


def test_what_the_chapter_says_is_seen(opened):
    frame = opened()
    assert own(frame, 16) < 1e-3 < 0.2 < own(frame, 0)
    frame.get_by_role("button", name="pre").click()
    assert own(frame, 16) > 0.01
    frame.get_by_role("button", name="post").click()
    frame.get_by_label("attention").uncheck()
    assert own(frame, 16) > 0.2  # without attention nothing is lost
    frame.get_by_label("attention").check()
    frame.get_by_label("MLP").uncheck()
    assert own(frame, 16) < 0.02


def test_everything_moves(opened):
    frame = opened()
    block, size = frame.get_by_role("slider", name="block"), frame.get_by_role("slider", name="branches")
    output, seen = frame.locator("output"), painted(frame)
    expect(output).to_contain_text("post, behind block 16")
    block.press("ArrowLeft")
    expect(output).to_contain_text("behind block 15")
    assert all(a != b for a, b in zip(painted(frame), seen, strict=True))
    block.press("Home")
    expect(output).to_contain_text("before block 1")
    before = own(frame, 16)
    size.press("Home")
    assert own(frame, 16) > 0.2 > before  # s = 0: nothing is added
    seen = painted(frame)
    frame.get_by_role("button", name="New weights").click()
    assert painted(frame) != seen
    frame.get_by_role("button", name="sandwich").click()
    expect(frame.locator("[aria-pressed=true]")).to_have_text("sandwich")


def test_the_dark_and_a_narrow_window(opened):
    light, dark = (opened({"color_scheme": scheme}) for scheme in ("light", "dark"))
    assert painted(light)[1] != painted(dark)[1]
    light.page.set_viewport_size({"width": 360, "height": 560})
    for button in light.get_by_role("button").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    expect(light.locator("output")).to_be_in_viewport(ratio=0.9)
