"""The page `norms` in a browser: what it computes is what torch computes from the same weights."""

import math

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import expect

from minidit.claims.norms import apart
from minidit.measure.branches import rms
from minidit.model.gelu import gelu
from minidit.model.norm import layer_norm
from minidit.model.placement import PLACEMENTS
from minidit.teach import Page

pytestmark = pytest.mark.slow
TOKENS, DIM, HIDDEN, DEEPEST = 16, 24, 96, 24


@pytest.fixture
def opened(shown):
    """A function that shows the page with these values and returns its frame."""

    def show(settings=None, **values):
        return shown(Page("norms", plt.figure(), "Blocks.", **values), "#numbers", (700, 640), settings)

    return show


def drawn(frame):
    """The page's weights as tensors: (tokens, last, target, list of blocks)."""
    found = frame.evaluate("weights")
    blocks = [{name: torch.tensor(w, dtype=torch.float64) for name, w in b.items()} for b in found["blocks"]]
    return *(torch.tensor(found[k], dtype=torch.float64) for k in ("tokens", "last", "target")), blocks


def attention(w, silent):
    def branch(x):
        q, k, v = (x @ w[name] for name in "qkv")
        return 0 * x if silent else F.scaled_dot_product_attention(q, k, v) @ w["out"]

    return branch


def recomputed(weights, placement, depth, gain, silent):
    """(size, apart) behind each block, from before the first, and the gradient at each block's input."""
    tokens, last, target, blocks = weights
    norm, place = layer_norm(DIM), PLACEMENTS[placement]
    states = [tokens[None].requires_grad_()]
    for w in blocks[:depth]:
        x = place(states[-1], attention(w, silent), (norm, norm), None, None, gain)
        states.append(place(x, lambda z, w=w: gelu(z @ w["up"]) @ w["down"], (norm, norm), None, None, gain))
    loss = (norm(states[-1]) @ last - target).square().mean()
    gradients = torch.autograd.grad(loss, states[:-1])
    return [rms(x) for x in states], [apart(x) for x in states], [g.norm().item() for g in gradients]


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(
    ("depth", "gain", "silent"), [(24, 1.0, False), (7, 32**-0.5, False), (5, 0.6, True)]
)
def test_the_numbers_are_those_of_torch(opened, placement, depth, gain, silent):
    frame = opened(placement=placement, depth=depth, gain=gain, silent=silent)
    size, share, gradient = recomputed(drawn(frame), placement, depth, gain, silent)
    seen = frame.evaluate("({ ...seen, gradient: seen.gradient.slice(1) })")
    assert len(seen["size"]) == depth + 1 and len(seen["gradient"]) == depth
    assert seen["size"] == pytest.approx(size, rel=1e-5)  # minidit reads a size in float32
    assert seen["apart"] == pytest.approx(share, rel=1e-4, abs=1e-12)
    assert seen["gradient"] == pytest.approx(gradient, rel=1e-7)


def test_weights_start_as_minidit_starts_them(opened):
    tokens, last, target, blocks = drawn(opened())
    assert tokens.shape == target.shape == (TOKENS, DIM) and len(blocks) == DEEPEST
    shapes = dict.fromkeys(("q", "k", "v", "out"), (DIM, DIM)) | {"up": (DIM, HIDDEN), "down": (HIDDEN, DIM)}
    assert {name: tuple(w.shape) for name, w in blocks[0].items()} == shapes
    for w in (last, *blocks[0].values(), *blocks[-1].values()):
        bound = math.sqrt(6 / sum(w.shape))  # Glorot and Bengio: even, within these bounds
        assert w.abs().max() <= bound and w.std() == pytest.approx(bound / math.sqrt(3), rel=0.06)
    assert tokens.std() == pytest.approx(1, rel=0.1) and apart(tokens[None]) > 0.8
    every = torch.cat([w.flatten() for block in blocks for w in block.values()])
    assert len(every.unique()) == len(every)


def test_what_the_chapter_says_of_the_start(opened):
    """Post-norm at gain 1 makes tokens alike; pre-norm, a small gain or a silent attention do not."""
    frame = opened()

    def share(**state):
        script = "s => { ({ placement, gain, silent } = s); compute(); return seen.apart.at(-1); }"
        return frame.evaluate(script, {"placement": "post", "gain": 1, "silent": False} | state)

    for _ in range(5):
        assert share() < 0.005
        assert min(share(placement="pre"), share(placement="sandwich"), share(silent=True)) > 0.05
        assert share(gain=32**-0.5) > 0.5
        frame.evaluate("draw()")


def looks(frame):
    """All that is to be seen: colours, numbers, words, and the two pictures."""
    pictures = "[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())"
    return frame.evaluate(f"document.body.outerHTML + {pictures}")


def test_every_control_changes_what_is_shown(opened):
    frame = opened(placement="pre")
    slider = {name: frame.locator(f"#{name}") for name in ("depth", "gain")}
    acts = [
        lambda: frame.get_by_role("button", name="sandwich").press("Enter"),
        lambda: frame.get_by_role("button", name="post").press("Space"),
        lambda: slider["depth"].press("ArrowRight"),
        lambda: slider["gain"].press("ArrowLeft"),
        lambda: frame.get_by_role("checkbox", name="attention silent").press("Space"),
        lambda: frame.get_by_role("button", name="New draw").click(),
        lambda: frame.get_by_role("button", name="pre").click(),
        lambda: frame.get_by_role("slider", name="block").press("ArrowLeft"),
    ]
    views = [looks(frame)]
    for act in acts:
        act()
        views.append(looks(frame))
    assert len(set(views)) == len(views)
    state = frame.evaluate("({ placement, depth, gain, silent, chosen })")
    assert state == {
        "placement": "pre",
        "depth": 17,
        "gain": pytest.approx(2**-0.25),
        "silent": True,
        "chosen": 16,
    }
    expect(frame.locator("[aria-pressed=true]")).to_have_attribute("value", "pre")
    expect(frame.locator("#silent")).to_be_checked()


def test_a_new_draw_moves_the_tokens_and_the_first_comes_back(opened):
    frame, again = opened(), opened()
    before = drawn(frame)
    assert looks(frame) == looks(again)
    frame.get_by_role("button", name="New draw").click()
    after = drawn(frame)
    assert all(not torch.equal(one, other) for one, other in zip(before[:3], after[:3], strict=True))
    assert not torch.equal(before[3][0]["q"], after[3][0]["q"])
    assert not torch.equal(before[0], drawn(opened(seed=5))[0])


def test_the_gain_has_ends_and_the_root_of_one_in_32(opened):
    frame = opened(gain=0.3)
    said, slider = frame.locator("#gain + span"), frame.locator("#gain")
    expect(said).to_have_text("0.3")  # a value between two steps is kept until someone moves it
    slider.press("Home")
    expect(said).to_have_text("0.05")
    for _ in range(7):
        slider.press("ArrowRight")
    expect(said).to_have_text("0.177 = 1/√32")
    assert frame.evaluate("gain") == pytest.approx(32**-0.5, rel=1e-9)
    slider.press("End")
    expect(said).to_have_text("1")
    assert frame.evaluate("gain") == 1


def test_mouse_and_keys_choose_a_block_and_all_tells_of_it(opened):
    frame = opened()
    blocks = frame.get_by_role("slider", name="block")
    expect(blocks).to_have_attribute("aria-valuenow", "16")
    row = frame.locator(".cells").nth(1)
    box, mouse = row.locator("span").nth(4).bounding_box(), frame.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(blocks).to_have_attribute("aria-valuenow", "5")
    assert frame.locator(".cells:not(#numbers) > .chosen").count() == 3
    expect(frame.locator("#behind + span")).to_have_text("behind block 5")
    percent = f"{100 * frame.evaluate('seen.apart[5]'):.2g} %"
    expect(frame.locator("output")).to_contain_text(f"Behind block 5 of 16, {percent} of the tokens’ mean")
    expect(frame.locator(".now").nth(1)).to_have_text(percent)
    gradient = [float(f"{frame.evaluate(f'seen.gradient[{k}]'):.2g}") for k in (5, 1)]
    words = frame.locator("output").inner_text().split("The gradient is ")[1]
    assert [float(word) for word in words.replace(",", "").split() if "." in word[:-1]] == gradient
    for key, where in {
        "ArrowRight": 6,
        "ArrowUp": 7,
        "ArrowDown": 6,
        "Home": 1,
        "ArrowLeft": 1,
        "End": 16,
    }.items():
        blocks.press(key)
        expect(blocks).to_have_attribute("aria-valuenow", str(where))
    frame.locator("#depth").press("Home")  # one block only
    expect(blocks).to_have_attribute("aria-valuemax", "1")
    frame.locator("#depth").press("End")
    expect(frame.locator("#behind + span")).to_have_text(
        "behind block 24"
    )  # who looks at the last sees the last


def test_a_colour_is_the_logarithm_of_its_number(opened):
    frame = opened(placement="pre", depth=9)
    script = "[...document.querySelectorAll('.cells > span')].map(c => c.style.getPropertyValue('--share'))"
    shares = [float(share.rstrip("%")) for share in frame.evaluate(script) if share]
    ends = {"size": (0.5, 10), "apart": (1e-4, 1), "gradient": (0.01, 1)}
    for row, (name, (low, high)) in enumerate(ends.items()):
        for k, value in enumerate(frame.evaluate(f"seen.{name}.slice(1)")):
            assert shares[9 * row + k] == pytest.approx(100 * math.log(value / low) / math.log(high / low))
    expect(frame.locator(".legend")).to_have_text(["0.510", "0.01 %100 %", "0.011"])


def test_it_is_quick(opened):
    frame = opened(placement="sandwich", depth=24)
    script = "() => { const from = performance.now(); show(); return performance.now() - from; }"
    assert min(frame.evaluate(script) for _ in range(12)) < 100


def test_values_out_of_range_are_brought_back(opened):
    frame = opened(placement="middle", depth=99, gain=7, seed=0)
    assert frame.evaluate("[placement, depth, gain]") == ["post", 24, 1]
    assert frame.evaluate("seen.size.every(Number.isFinite)")
    frame = opened(depth=0.2, gain=0)
    assert frame.evaluate("[depth, gain]") == [1, 0.05]


@pytest.mark.parametrize("width", [320, 360, 700, 1000])
def test_every_width_shows_everything(opened, width):
    frame = opened({"color_scheme": "dark"}, depth=24, gain=32**-0.5)
    frame.page.set_viewport_size({"width": width, "height": 640})
    inner = frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inner[0] == inner[1]
    for part in ("button", "input", "canvas", ".cells", ".legend"):
        for one in frame.locator(part).all():
            box = one.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
    if width >= 360:
        expect(frame.locator("output")).to_be_in_viewport(ratio=1)
    paper = frame.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(20, 25, 31)"
