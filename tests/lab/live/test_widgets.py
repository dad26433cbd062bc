"""The live widgets in a browser: every control does what it says, and is understood without a picture."""

import re

import pytest
import torch
from playwright.sync_api import expect

from minidit.publish.live.weights import apart

pytestmark = pytest.mark.slow


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
        "An 8 from seed 7: 20 steps, 40 evaluations": lambda: label("8", exact=True).check(),
        "An 8 from seed 7: 6 steps, 12 evaluations": lambda: label("steps", exact=True).fill("6"),
        "6 steps, 6 evaluations": lambda: label("guidance w", exact=True).fill("1"),
        "An 8 from seed 12: ": lambda: label("seed of the noise").fill("12"),
        "Without block 2.": lambda: label("block 2").press("Space"),
        "Without blocks 2 and 4.": lambda: label("block 4").uncheck(),
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
    expect(digit.root.locator(".digits > canvas")).to_have_attribute("aria-label", "generated: an 8")
    eight = digit.picture(".digits > canvas")
    digit.root.get_by_label("8", exact=True).check()
    expect(shelf.first).to_be_hidden()
    expect(digit.root.locator(".digits > canvas")).to_have_attribute("aria-label", "generated: an 8")
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
    near = wheel.slide("guidance w", 8)
    assert float(re.search(r"differ by (\d\.\d\d)", near)[1]) < float(said[1])


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
    assert "two real digits of any class" in wheel.after(lambda: wheel.root.get_by_label("none").check())
    wheel.after(lambda: wheel.root.get_by_role("button", name="Spin").click())
    assert shelf.all_inner_texts() != [f"seed {k}" for k in range(16)]
    assert wheel.picture(".shelf canvas") != before


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
