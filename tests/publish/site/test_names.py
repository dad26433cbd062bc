"""A name of the library leads to where its pages explain it, or stays a word."""

import re

import pytest

from minidit.publish.site import errors, reference
from minidit.publish.site.names import named
from minidit.publish.site.rooms import ROOMS, files, public


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("minidit.model.dit.DiT", "api/model.html#minidit.model.DiT"),
        ("minidit.model.attention.Attention", "api/model.html#model-attention"),
        ("minidit.flow.guide", "api/flow.html#minidit.flow.guide"),
        ("minidit.claims.effects.floor", "api/claims.html#claims-effects"),
        ("minidit.claims.nowhere", "api/claims.html"),
    ],
)
def test_where_a_name_leads(name, to):
    assert named(f"see `{name}`") == f'see <a href="{to}"><code class="docutils literal">{name}</code></a>'


def test_a_page_in_a_folder_looks_up():
    assert '<a href="../api/flow.html#minidit.flow.guide">' in named("`minidit.flow.guide`", depth=1)


@pytest.mark.parametrize(
    "text",
    [
        "`minidit.types.Condition`",
        "```\n`minidit.flow`\n```",
        "[`minidit.flow`](x.md)",
        "`minidit claims run C01`",
    ],
)
def test_what_has_no_page_or_is_something_else_stays(text):
    assert named(text) == text


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_one_file(room):
    assert sorted(name for own in files(room).values() for name in own) == sorted(public(room))


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_leads_to_its_names_or_is_a_place(room):
    page = dict(reference.pages())[f"api/{room}"]
    for name, own in files(room).items():
        place = f"{room}-{name.replace('_', '-')}"
        assert (
            (f"(#{place})" in page and f"({place})=\n### {name}\n" in page)
            if own
            else f'id="{place}"' in page
        )


def test_the_front_door_leads_to_the_entries():
    index = dict(reference.pages())["api/index"]
    assert re.search(r'href="training\.html#minidit\.training\.train"', index)


def test_errors_lead_to_who_says_them_and_have_a_box():
    page = errors.page()
    assert page.count('class="finder"') == 1 and page.index("finder") < page.index("\n## ")
    assert 'from <a href="api/claims.html#claims-arms">' in page
