"""The live widgets in a browser: a digit comes by itself, every control does what it says."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from playwright.sync_api import expect

from minidit.publish.live import WIDGETS, page, write_live
from minidit.publish.live.weights import apart

pytestmark = pytest.mark.slow
WIDE, PHONE = (1280, 900), (390, 844)
THEMES = {"light": "rgb(252, 253, 254)", "dark": "rgb(20, 25, 31)"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    write_live(folder)
    (folder / "index.html").write_text(page())
    (folder / "nested").mkdir()
    (folder / "nested" / "other.html").write_text(page(("mixer",), "../"))
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """The address of the folder on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(chromium, folder):
    """show(size, scheme) -> a window on the page; nothing complains, nothing comes from elsewhere."""
    contexts, complaints = [], []

    def show(size=WIDE, scheme="light", at=None, **settings):
        at = at or (folder / "index.html").as_uri()
        context = chromium.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)), color_scheme=scheme, **settings
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        window = context.new_page()
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("requestfailed", lambda request: complaints.append(request.url))
        near = at.rsplit("/", 2 if "nested" in at else 1)[0]
        foreign = re.compile(f"(?!{re.escape(near)}/)")
        window.on(
            "request", lambda request: complaints.append(request.url) if foreign.match(request.url) else None
        )
        window.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        window.goto(at)
        return window

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


class Widget:
    """One of the widgets in a window."""

    def __init__(self, window, name):
        self.window, self.root = window, window.locator(f'[data-widget="{name}"]')
        self.told = self.root.locator(".told")
        self.root.locator(".stage").scroll_into_view_if_needed()
        expect(self.told).not_to_be_empty(timeout=20_000)

    def after(self, act):
        """Do something, wait until it is computed, and return what is said of it."""
        self.told.evaluate("element => { element.textContent = ''; }")
        act()
        expect(self.told).not_to_be_empty(timeout=20_000)
        return self.told.inner_text()

    def picture(self, selector):
        """The pixels of a canvas, from 0 (black) to 255."""
        script = """canvas => {
          const pen = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
          pen.drawImage(canvas, 0, 0);
          return [...pen.getImageData(0, 0, 8, 8).data].filter((_, k) => k % 4 === 0);
        }"""
        return self.root.locator(selector).first.evaluate(script)

    def slide(self, name, value):
        return self.after(lambda: self.root.get_by_label(name, exact=True).fill(str(value)))


@pytest.fixture
def widget(opened):
    def show(name, *settings, **more):
        return Widget(opened(*settings, **more), name)

    return show


@pytest.mark.parametrize(
    ("way", "size", "scheme"),
    [("file", WIDE, "light"), ("file", PHONE, "dark"), ("http", PHONE, "light"), ("http", WIDE, "dark")],
)
def test_it_works_everywhere_and_nothing_sticks_out(opened, server, way, size, scheme):
    window = opened(size, scheme, at=f"{server}/index.html" if way == "http" else None)
    for name in WIDGETS:
        shown = Widget(window, name)
        paper = shown.root.locator(".stage").evaluate("e => getComputedStyle(e).backgroundColor")
        assert paper == THEMES[scheme]
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in ("button", "input", "canvas", "svg", "p", "li", "fieldset"):
        for box in window.locator(part).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["left"] >= 0 and box["right"] <= size[0]


def test_a_digit_comes_by_itself_in_the_first_view_of_a_phone(opened):
    window = opened(PHONE)
    large = window.locator('[data-widget="digit"] .digits > canvas')
    expect(large).to_have_attribute("aria-label", "generated: a 3")
    expect(large).to_be_in_viewport(ratio=1)
    expect(window.locator('[data-widget="digit"] .caption')).to_have_text("t = 1.00: the generated digit")
    assert window.evaluate("scrollY") == 0


def test_a_page_in_another_folder_finds_its_files(opened, folder):
    window = opened(at=(folder / "nested" / "other.html").as_uri())
    assert Widget(window, "mixer").told.inner_text().startswith("All sliders stand at 1")


def test_the_path_begins_with_noise_and_its_states_can_be_seen(widget):
    digit = widget("digit")
    states = digit.root.locator(".strip button")
    expect(states).to_have_count(11)
    assert states.all_inner_texts() == [f"t {k / 10:.2f}" for k in range(11)]
    end = digit.picture(".digits > canvas")
    states.nth(0).press("Enter")
    expect(digit.root.locator(".caption")).to_have_text("t = 0.00: noise")
    expect(states.nth(0)).to_have_attribute("aria-pressed", "true")
    noise = digit.picture(".digits > canvas")
    drawn = digit.window.evaluate("[...minidit.noise(7, 64)]")
    assert noise == pytest.approx([127.5 * (1 - max(-1, min(1, x))) for x in drawn], abs=1)
    states.nth(10).press("Space")
    assert digit.picture(".digits > canvas") == end != noise
    digit.slide("steps", 3)
    assert states.all_inner_texts() == ["t 0.00", "t 0.33", "t 0.67", "t 1.00"]


def test_every_control_changes_the_digit_and_the_same_ones_give_it_again(widget):
    digit = widget("digit")
    label, first = digit.root.get_by_label, digit.picture(".digits > canvas")
    acts = {
        "A 8 from seed 7: 20 steps, 40 evaluations": lambda: label("8", exact=True).check(),
        "A 8 from seed 7: 6 steps, 12 evaluations": lambda: label("steps", exact=True).fill("6"),
        "6 steps, 6 evaluations": lambda: label("guidance w", exact=True).fill("1"),
        "A 8 from seed 12: ": lambda: label("seed of the noise").fill("12"),
        "Without block 2.": lambda: label("block 2").press("Space"),
        "Without block 2, 4.": lambda: label("block 4").uncheck(),
        "A digit of no named class": lambda: label("none").check(),
    }
    pictures = [first]
    for words, act in acts.items():
        assert words in digit.after(act)
        pictures.append(digit.picture(".digits > canvas"))
    assert len({tuple(one) for one in pictures}) == len(pictures)
    for act in (
        lambda: label("3", exact=True).check(),
        lambda: label("steps", exact=True).fill("20"),
        lambda: label("guidance w", exact=True).fill("2"),
        lambda: label("seed of the noise").fill("7"),
        lambda: label("block 2").check(),
        lambda: label("block 4").check(),
    ):
        digit.after(act)
    assert digit.picture(".digits > canvas") == first
    digit.after(lambda: digit.root.get_by_role("button", name="New seed").click())
    assert digit.picture(".digits > canvas") != first


def test_all_ten_digits_come_and_each_has_its_path(widget):
    digit = widget("digit")
    shelf = digit.root.locator(".shelf button")
    expect(shelf.first).to_be_hidden()
    assert digit.after(lambda: digit.root.get_by_label("all ten").check()).startswith("The ten digits")
    assert shelf.all_inner_texts() == [str(k) for k in range(10)]
    shelf.nth(8).press("Enter")
    expect(digit.root.locator(".digits > canvas")).to_have_attribute("aria-label", "generated: a 8")
    eight = digit.picture(".digits > canvas")
    digit.root.get_by_label("8", exact=True).check()
    expect(shelf.first).to_be_hidden()
    expect(digit.root.locator(".digits > canvas")).to_have_attribute("aria-label", "generated: a 8")
    assert digit.picture(".digits > canvas") == eight


def test_what_was_begun_is_dropped_when_a_control_moves(widget):
    digit = widget("digit")
    script = """root => new Promise(done => {
      const told = [], inputs = [...root.querySelectorAll("input[type=radio]")];
      new MutationObserver(() => told.push(root.querySelector(".told").textContent))
        .observe(root.querySelector(".told"), { childList: true });
      inputs[1].click(); inputs[5].click();
      requestAnimationFrame(() => { inputs[9].click(); setTimeout(() => done(told), 2500); });
    })"""
    told = digit.root.evaluate(script)
    assert len(told) == 1 and told[0].startswith("A 9 ")


def test_arrows_move_the_class_and_a_slider(widget):
    digit = widget("digit")
    assert digit.after(lambda: digit.root.get_by_label("3", exact=True).press("ArrowRight")).startswith(
        "A 4 "
    )
    slider = digit.root.get_by_label("guidance w", exact=True)
    digit.after(lambda: slider.press("ArrowRight"))
    expect(slider).to_have_attribute("aria-valuetext", "2.25")


def test_the_roulette_says_how_far_apart_its_digits_are(widget):
    wheel = widget("roulette")
    shelf = wheel.root.locator(".shelf button")
    expect(shelf).to_have_count(16)
    images = torch.tensor([wheel.picture(f".shelf button:nth-child({k}) canvas") for k in range(1, 17)])
    said = re.search(
        r"differ by (\d\.\d\d) on average, two real 3s of the training set by (\d\.\d\d)",
        wheel.told.inner_text(),
    )
    # the pictures are cut off at -1 and 1, the numbers are not
    assert float(said[1]) == pytest.approx(apart(1 - images[:, None, None, :] / 127.5), abs=0.02)
    assert float(said[2]) == round(wheel.window.evaluate("minidit.real[3]"), 2)
    mean = torch.tensor(wheel.picture(".mean canvas"))
    assert (mean - images.float().mean(0)).abs().max() < 12
    far = wheel.slide("guidance w", 0)
    near = wheel.slide("guidance w", 8)
    numbers = [float(re.search(r"differ by (\d\.\d\d)", words)[1]) for words in (far, near)]
    assert numbers[0] > float(said[1]) > numbers[1]


def test_the_roulette_spins_and_a_seed_shows_its_path(widget):
    wheel = widget("roulette")
    shelf, before = wheel.root.locator(".shelf button"), wheel.picture(".shelf canvas")
    assert shelf.all_inner_texts() == [f"seed {k}" for k in range(16)]
    shelf.nth(5).press("Enter")
    expect(wheel.root.locator(".caption")).to_contain_text("The path of seed 5, a 3")
    six = ".shelf button:nth-child(6) canvas"
    assert wheel.picture(".strip button:last-child canvas") == wheel.picture(six)
    wheel.root.locator(".strip button").nth(4).click()
    expect(wheel.root.locator(".caption")).to_contain_text("all pictures are at t = 0.40")
    assert wheel.picture(".strip button:nth-child(5) canvas") == wheel.picture(six)
    wheel.after(lambda: wheel.root.get_by_role("button", name="Spin").click())
    assert shelf.all_inner_texts() != [f"seed {k}" for k in range(16)]
    assert wheel.picture(".shelf canvas") != before
    assert "two real digits of any class" in wheel.after(lambda: wheel.root.get_by_label("none").check())


def test_the_mixer_changes_its_digit_and_leaves_the_trained_one(widget):
    mixer = widget("mixer")
    trained = mixer.picture(".trained")
    assert mixer.picture(".mixed") == trained
    bars = mixer.root.locator(".bars p")
    sizes = re.findall(r"rms ([\d.]+), as trained ([\d.]+)", " ".join(bars.all_inner_texts()))
    assert len(sizes) == 3 and all(now == was for now, was in sizes)
    pictures = [trained]
    for name, value in {"gate ×": 0, "shift ×": 4, "scale ×": -2}.items():
        assert "The mix moved the picture by" in mixer.slide(name, value)
        pictures.append(mixer.picture(".mixed"))
        if name == "gate ×":
            expect(bars.nth(2)).to_contain_text("rms 0.00")
            same = pictures.pop()  # whoever adds nothing may read what he will
        assert mixer.picture(".trained") == trained != mixer.picture(".mixed")
    assert pictures[1:] == [same, same]
    mixer.slide("gate ×", 1)
    assert mixer.picture(".mixed") not in (trained, same)
    group = mixer.root.get_by_role("group", name="block", exact=True)
    for block in ("all four", "2"):
        before = mixer.picture(".mixed")
        mixer.after(lambda block=block: group.get_by_label(block, exact=True).check())
        assert mixer.picture(".mixed") not in (before, trained)
    expect(mixer.root.locator(".caption")).to_contain_text("in block 2, attention")
    mixer.after(lambda: mixer.root.get_by_label("MLP").check())
    expect(mixer.root.locator(".caption")).to_contain_text("in block 2, mlp")
    assert mixer.after(lambda: mixer.root.get_by_role("button", name="As trained").click()).startswith("All")
    assert mixer.picture(".mixed") == trained
    expect(mixer.root.get_by_label("shift ×")).to_have_value("1")


def test_the_mixer_shows_the_patch_and_the_time_that_are_chosen(widget):
    mixer = widget("mixer")
    bars, mark = mixer.root.locator(".bars"), mixer.root.locator(".mark-mixed")
    views, frame = [bars.inner_html()], mixer.root.locator(".frame").last.bounding_box()
    mixer.root.get_by_label("patch").fill("16")
    box = mark.bounding_box()
    assert box["x"] - frame["x"] == pytest.approx(0.75 * frame["width"], abs=3)
    assert box["y"] - frame["y"] == pytest.approx(0.75 * frame["height"], abs=3)
    views.append(bars.inner_html())
    mixer.root.locator(".strip button").nth(2).click()
    expect(mixer.root.locator(".caption")).to_contain_text("patch 16 in block 1, attention, at t = 0.20")
    views.append(bars.inner_html())
    assert len(set(views)) == 3
    drawn = mixer.root.locator(".bars .now").first.get_attribute("d")
    assert drawn.count("M") == 64


def test_less_motion_shows_the_end_alone(widget):
    digit = widget("digit", reduced_motion="reduce")
    script = """root => new Promise(done => {
      const seen = new Set(), told = root.querySelector(".told");
      told.textContent = "";
      root.querySelectorAll("input[type=radio]")[8].click();
      function look() {
        seen.add(root.querySelector(".digits > canvas").toDataURL());
        if (told.textContent) done(seen.size); else requestAnimationFrame(look);
      }
      look();
    })"""
    assert digit.root.evaluate(script) == 2  # the old one, and the new one
    still = widget("digit")
    assert still.root.evaluate(script) > 2


@pytest.mark.parametrize(("theme", "scheme"), [("dark", "light"), ("light", "dark")])
def test_the_theme_of_the_page_comes_before_that_of_the_system(opened, theme, scheme):
    window = opened(scheme=scheme)
    window.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
    paper = window.locator(".stage").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert paper == THEMES[theme]
    window.evaluate("() => { document.body.dataset.theme = 'auto'; }")
    assert (
        window.locator(".stage").first.evaluate("e => getComputedStyle(e).backgroundColor") == THEMES[scheme]
    )


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", THEMES)
def test_contrast_is_sufficient(opened, scheme):
    """WCAG 2.2: 4.5 for words, 3 for the edges of controls and for bars."""
    style = opened(scheme=scheme).locator(".minidit-live").first
    names = ("paper", "ink", "words", "accent", "on-accent", "muted", "pale")
    script = "(e, names) => names.map(name => getComputedStyle(e).getPropertyValue(`--${name}`).trim())"
    light = dict(zip(names, map(luminance, style.evaluate(script, names)), strict=True))
    pairs = {
        ("ink", "paper"): 4.5,
        ("words", "paper"): 4.5,
        ("on-accent", "accent"): 4.5,
        ("accent", "paper"): 4.5,
    }
    for one, other in pairs | {("muted", "paper"): 3, ("pale", "paper"): 3}:
        low, high = sorted((light[one], light[other]))
        assert (high + 0.05) / (low + 0.05) >= (pairs.get((one, other), 3)), (one, other)


def test_without_scripts_there_is_a_still_picture_with_words(opened):
    window = opened(PHONE, java_script_enabled=False)
    for name in WIDGETS:
        root = window.locator(f'[data-widget="{name}"]')
        expect(root.locator(".stage")).to_be_hidden()
        box = root.locator("noscript img").bounding_box()
        assert box["width"] > 100 and box["x"] + box["width"] <= PHONE[0]
        expect(root.locator("noscript p")).to_be_visible()


def test_every_control_has_a_name(opened):
    window = opened()
    for name in WIDGETS:
        Widget(window, name)
    for role in ("button", "slider", "radio", "checkbox", "spinbutton", "img", "group"):
        found = window.get_by_role(role)
        assert found.count() > 0
        assert found.count() == window.get_by_role(role, name=re.compile(r"\w")).count(), role
    assert window.locator(".told[aria-live=polite]").count() == len(WIDGETS)
