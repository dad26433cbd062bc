"""The page of errors in Chromium: a message, a setting or a word finds its entries."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_an_error_is_found_by_its_words(reader, site):
    reader.open(f"{site.as_uri()}/errors.html")
    box, told = reader.page.get_by_role("searchbox", name="Your message"), reader.page.get_by_role("status")
    shown = reader.page.locator("article li:visible")
    everything = shown.count()
    assert told.inner_text() == f"All {everything} messages."
    box.fill("live widget 'digitz', xylophone")
    expect(told).to_contain_text(re.compile(rf"of {everything} messages with 2 of your 4 words"))
    assert "There is no live widget" in shown.first.inner_text() and shown.count() < 4
    box.fill("xylophone")
    expect(told).to_contain_text("None of")
    assert shown.count() == 0
    box.fill("")
    expect(told).to_contain_text("All")
    assert shown.count() == everything and reader.complaints == []


def looked_up(page, words):
    """The entries that the page of errors shows for what was typed."""
    box, told = page.get_by_role("searchbox", name="Your message"), page.get_by_role("status")
    for typed, says in (("", "All"), (words, " of ")):
        box.fill(typed)
        expect(told).to_contain_text(says)
    return page.locator("article li:visible").all_inner_texts()


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        (
            "training.lr is -1.0; it must be more than 0.",
            "training.‹name› is ‹name›; it must be more than 0.",
        ),
        (
            "errors.MiniditError: There is no live widget 'digitz'. There are: digit, roulette, mixer.",
            "There is no live widget ‹name›.",
        ),
    ],
    ids=["setting", "widget"],
)
def test_a_message_that_is_pasted_finds_its_own_entry_alone(reader, site, said, entry):
    reader.open(f"{site.as_uri()}/errors.html")
    (found,) = looked_up(reader.page, said)
    assert entry in found


def test_a_setting_finds_its_messages_and_words_are_whole(reader, site):
    reader.open(f"{site.as_uri()}/errors.html")
    found = looked_up(reader.page, "training.lr")
    assert sum(entry.startswith("training.‹name› is") for entry in found) == 2
    assert all(re.search(r"training\.(lr|‹)|\blr\b", entry) for entry in found)
    found = looked_up(reader.page, "lr")
    assert found and all(re.search(r"\blr\b", entry) for entry in found)
    assert all("autoencoder" in entry for entry in looked_up(reader.page, "autoenc"))  # still being typed
    assert len(looked_up(reader.page, "autoenc xylophone")) == 0


def test_without_scripts_every_error_is_there_and_no_box(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/errors.html")
    assert page.locator("article li:visible").count() > 300 and page.locator(".finder:visible").count() == 0
    context.close()


def test_underscores_of_a_name_stay(reader, site):
    reader.open(f"{site.as_uri()}/errors.html")
    name = "minidit.training.config.__post_init__"
    assert reader.page.get_by_role("link", name=name).count() > 0
    assert reader.page.locator("article li code strong").count() == 0
