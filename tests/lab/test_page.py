"""The pages in a browser: their formulas are minidit's, what is dragged moves, and nothing complains."""

import matplotlib.pyplot as plt
import pytest
import torch
from playwright.sync_api import expect

import minidit
from minidit.flow import Flow, GaussianMixture
from minidit.teach import Page

pytestmark = pytest.mark.slow
VALUES = {"targets": [[-2.0, 1.0], [1.5, 1.2], [0.5, -1.5], [2.5, -0.3]], "spread": 0.3, "t": 0.4}


@pytest.fixture
def opened(shown):
    """A function that shows the page with these values and returns its frame."""

    def show(settings=None, **values):
        return shown(Page("field", plt.figure(), "A field.", **values), ".handle.x", (800, 560), settings)

    return show


def velocity(frame, *point):
    return torch.tensor(frame.evaluate("p => velocity(...p)", point), dtype=torch.float64)


def painted(frame):
    return frame.evaluate("document.querySelector('canvas').toDataURL()")


def test_the_field_is_that_of_the_mixture(opened):
    frame, generator = opened(**VALUES), minidit.generator(0, "points")
    draw = {"generator": generator, "dtype": torch.float64}
    x, t = 2 * torch.randn(50, 2, **draw), torch.rand(50, **draw)
    t[:2] = torch.tensor([0.0, 1.0])
    means = torch.tensor(VALUES["targets"], dtype=torch.float64)
    covariances = VALUES["spread"] ** 2 * torch.eye(2, dtype=torch.float64).expand(4, 2, 2)
    mixture = GaussianMixture(torch.full((4,), 0.25, dtype=torch.float64), means, covariances)
    flow = Flow(prediction="data")  # a velocity's own network would divide by 1 - t
    data = mixture.denoise(x[:, :, None, None], t, 1 - t)[:, :, 0, 0]
    inner = t < 0.99
    ours = torch.stack(
        [velocity(frame, *point.tolist(), now.item()) for point, now in zip(x, t, strict=True)]
    )
    right = flow.velocity(mixture.network(flow))(x[inner][:, :, None, None], t[inner], None)[:, :, 0, 0]
    torch.testing.assert_close(ours[inner], right, rtol=1e-6, atol=1e-8)
    # at t = 1 the point is the data, and the noise is what it was before: nothing, in the mean
    torch.testing.assert_close(ours[1], data[1], rtol=1e-6, atol=1e-8)
    assert inner.sum() > 45


def astray(frame):
    """The share of particles that do not end at a target, where that stands now."""
    ends = torch.tensor(frame.evaluate("paths.map(path => path.at(-1))"))
    away = torch.cdist(ends, torch.tensor(frame.evaluate("targets"))).amin(dim=1)
    return (away > 4.5 * frame.evaluate("s")).float().mean().item()


def test_a_dragged_target_changes_the_field(opened):
    frame = opened(**VALUES | {"spread": 0.1})
    before, picture = velocity(frame, 0, 0, 0.0), painted(frame)
    box = frame.locator(".handle", has_text="1").bounding_box()
    middle, mouse = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), frame.page.mouse
    mouse.move(*middle)
    mouse.down()
    mouse.move(middle[0] + 40, middle[1] + 60, steps=3)
    mouse.up()
    scale = frame.evaluate("scale")
    # at t = 0 the noise says nothing of its target: the velocity is the mean of the targets minus the noise
    moved = torch.tensor([40.0, -60.0], dtype=torch.float64) / scale
    torch.testing.assert_close(4 * (velocity(frame, 0, 0, 0.0) - before), moved, rtol=0.02, atol=0.02)
    assert painted(frame) != picture
    assert astray(frame) < 0.03  # the particles know where the target is now
    mouse.move(10, 10)  # let go: it follows no more
    torch.testing.assert_close(4 * (velocity(frame, 0, 0, 0.0) - before), moved, rtol=0.02, atol=0.02)


def test_keys_move_what_is_chosen(opened):
    frame = opened(**VALUES)
    target = frame.get_by_role("button", name="target 2 at (1.5, 1.2)")
    target.press("ArrowLeft")
    target = frame.get_by_role("button", name="target 2 at (1.4, 1.2)")
    target.press("Shift+ArrowDown")
    expect(frame.get_by_role("button", name="target 2 at (1.4, 0.7)")).to_be_focused()
    said = frame.locator("output").inner_text()
    frame.get_by_role("button", name="point x").press("ArrowUp")
    assert frame.locator("output").inner_text() != said
    for _ in range(30):
        frame.get_by_role("button", name="target 2").press("Shift+ArrowUp")
    assert frame.locator(".handle", has_text="2").bounding_box()["y"] > 0  # it cannot be lost


def test_the_slider_and_the_buttons_move_time(opened):
    frame = opened(**VALUES)
    slider, clock = frame.get_by_role("slider"), frame.locator("#clock")
    expect(clock).to_have_text("t = 0.40")
    picture = painted(frame)
    slider.press("ArrowRight")
    expect(clock).to_have_text("t = 0.41")
    assert painted(frame) != picture
    frame.get_by_role("button", name="Restart").click()
    frame.get_by_role("button", name="Pause").click()
    assert frame.evaluate("t") < 0.4
    still = painted(frame)
    frame.get_by_role("button", name="New noise").click()
    assert painted(frame) != still
    frame.get_by_role("button", name="Play").click()
    expect(clock).to_have_text("t = 1.00", timeout=60_000)
    expect(frame.get_by_role("button", name="Play")).to_be_visible()


def test_particles_end_at_the_targets(opened):
    frame = opened(**VALUES | {"spread": 0.1, "particles": 200})
    assert frame.evaluate("paths.length") == 200
    assert astray(frame) < 0.03  # they stood between two


def test_less_motion_and_the_dark(opened):
    frame = opened({"reduced_motion": "reduce"}, **VALUES)
    frame.get_by_role("button", name="Play").click()
    expect(frame.locator("#clock")).to_have_text("t = 0.50")  # no picture between
    light, dark = (opened({"color_scheme": scheme}) for scheme in ("light", "dark"))
    assert painted(light) != painted(dark)
    paper = [f.evaluate("getComputedStyle(document.body).backgroundColor") for f in (light, dark)]
    assert paper == ["rgb(252, 253, 254)", "rgb(20, 25, 31)"]


def test_a_narrow_window_shows_everything(opened):
    frame = opened(t=1)
    frame.page.set_viewport_size({"width": 320, "height": 560})
    for button in frame.get_by_role("button").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        assert box["y"] >= 0 and box["y"] + box["height"] <= 510
    expect(frame.locator("output")).to_be_in_viewport(ratio=1)
