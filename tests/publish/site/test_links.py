"""A link of the book leads to a page of the site, takes a file along, or is an error."""

import pytest

from minidit.errors import MiniditError
from minidit.publish.site.links import Links


@pytest.fixture
def root(tmp_path):
    for name in (
        "book/ch09_norms.ipynb",
        "book/claims.md",
        "book/evidence/C01.cpu.json",
        "exercises/ch09_norms/exercises.py",
        "exercises/ch09_norms/notes.md",
        "minidit/model/dit.py",
        "README.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("ch09_norms.ipynb", "ch09_norms.ipynb"),
        ("claims.md#c01", "claims/c01.md"),
        ("claims.md#all-claims", "claims.md#all-claims"),
        ("../exercises/ch09_norms/exercises.py", "exercises/ch09.md"),
        ("../exercises/ch09_norms/", "exercises/ch09.md"),
        ("../exercises/ch09_norms/notes.md", "notes/ch09.md"),
        ("../minidit/model/dit.py", "api/model.md"),
        ("evidence/C01.cpu.json", "files/book/evidence/C01.cpu.json"),
        ("#c01", "claims/c01.md"),
        ("#all-claims", "#all-claims"),
        ("https://elsewhere.example/claims.md#c01", "https://elsewhere.example/claims.md#c01"),
        ("https://arxiv.org/abs/2212.09748", "https://arxiv.org/abs/2212.09748"),
    ],
)
def test_where_a_link_leads(root, link, place):
    links = Links(root)
    assert links.rewritten(f"see [it]({link}).", root / "book" / "claims.md") == f"see [it]({place})."


def test_a_page_in_a_folder_looks_up(root):
    text = Links(root).rewritten("[it](../../README.md)", root / "exercises/ch09_norms/notes.md", depth=1)
    assert text == "[it](../files/README.md)"


def test_a_claim_has_a_page_from_wherever_one_looks(root):
    text = Links(root).rewritten(
        "[it](../../book/claims.md#c01), [here](#c01)", root / "exercises/ch09_norms/notes.md", 1
    )
    assert text == "[it](../claims/c01.md), [here](#c01)"


def test_files_are_taken_along(root):
    links = Links(root)
    links.rewritten("![curve](evidence/C01.cpu.json)", root / "book" / "claims.md")
    assert list(links.taken) == ["files/book/evidence/C01.cpu.json"]


def test_code_is_no_link(root):
    text = "`norms[0](x)` and\n```\nnorms[0](y)\n```\n"
    assert Links(root).rewritten(text, root / "book" / "claims.md") == text


def test_places_in_a_page_are_kept(root):
    assert Links(root).rewritten('<a id="c01"></a>\n', root / "book" / "claims.md") == "(c01)=\n"


@pytest.mark.parametrize("link", ["gone.md", "../../outside.md", "evidence"])
def test_a_link_to_nothing_is_told(root, link):
    with pytest.raises(MiniditError, match=r"claims\.md links to"):
        Links(root).rewritten(f"[it]({link})", root / "book" / "claims.md")
