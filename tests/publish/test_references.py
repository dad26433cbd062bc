"""The bibliography is the one that the texts cite, and a citation that leads nowhere is seen."""

from pathlib import Path

import pytest

from minidit.errors import MiniditError
from minidit.publish import bib, citations
from minidit.publish.citations import Place, cited, places
from minidit.publish.references import PAGE, page, references_faults, write_references

BOOK = Path(__file__).parents[2] / "book"
BIB = """\
% a remark
@article{ho2020,
  author = {Ho, J. and Jain, A. and Abbeel, P.},
  title = {Denoising Diffusion Probabilistic Models},
  year = {2020},
  eprint = {2006.11239},
  archiveprefix = {arXiv},
}

@misc{kynkaanniemi1999,
  author = {Kynkäänniemi, T. and others},
  title = {Steps: How to Make Them},
  year = {1999},
  url = {https://example.org/steps},
}

@book{fisher1935,
  author = {Fisher, R. A.},
  title = {The Design of Experiments},
  year = {1935},
  publisher = {Oliver and Boyd},
}
"""


@pytest.fixture
def book(tmp_path):
    (tmp_path / "references.bib").write_text(BIB, encoding="utf-8")
    return tmp_path


def of(text, kind="chapter"):
    return Place.of(kind, "here", text)


def test_the_committed_page_is_fresh_and_every_citation_has_its_source():
    assert references_faults(BOOK) == []


def test_every_arxiv_id_of_chapters_cards_and_library_is_there():
    known = (BOOK / "references.bib").read_text(encoding="utf-8")
    texts = [*BOOK.glob("ch*.py"), *BOOK.glob("claims/*.toml"), *citations.PACKAGE.rglob("*.py")]
    found = {number for path in texts for number in citations.ARXIV.findall(path.read_text("utf-8"))}
    assert len(found) > 60
    assert not [number for number in found if f"eprint = {{{number}}}" not in known]


def test_keys_and_ids_are_there_once():
    entries = bib.read(BOOK)
    for values in (
        [e.key for e in entries],
        [e.arxiv for e in entries if e.arxiv],
        [e.title for e in entries],
    ):
        assert len(values) == len(set(values))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("(Ho et al. 2020)", ["ho2020"]),
        ("Ho et al. (2021, equation 7)", ["ho2020"]),  # the conference is a year later
        ("arXiv 2006.11239", ["ho2020"]),
        ("# *Denoising\n# Diffusion Probabilistic Models*", ["ho2020"]),
        ("Kynkaanniemi et al. 1999", ["kynkaanniemi1999"]),
        ("*Steps*, or example.org/steps", ["kynkaanniemi1999"]),
        ("steps * how", []),
        ("Fisher 1935, and Ho et al. 2020", ["ho2020", "fisher1935"]),
        ("in August 2025", []),
    ],
)
def test_ways_to_cite(book, text, keys):
    entries = bib.read(book)
    assert [entry.key for entry in cited(entries, of(text))] == keys
    assert list(citations.faults(entries, of(text))) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(Ho and Jain 2020)", "Ho and Jain 2020 is not in references.bib"),
        ("Ho et al. 2023", "Ho et al. 2023 is not in"),
        ("arXiv 2006.11230", "arXiv 2006.11230 is not in"),
        (
            "# ## Sources\n#\n# - *Denoising Diffusion\n#   Probabilistic Models*\n# - A rumour, 2020",
            "A rumour",
        ),
    ],
)
def test_a_citation_that_leads_nowhere(book, text, says):
    (fault,) = citations.faults(bib.read(book), of(text))
    assert says in fault


def test_two_sources_of_one_name_need_an_id(book):
    twin = (
        BIB[BIB.index("@article") : BIB.index("@misc")].replace("ho2020", "ho2020b").replace("11239", "00000")
    )
    (book / "references.bib").write_text(BIB + "\n" + twin.replace("Denoising", "Other"), encoding="utf-8")
    entries = bib.read(book)
    assert [
        "may be ho2020 or ho2020b" in fault for fault in citations.faults(entries, of("Ho et al. 2020"))
    ] == [1]
    assert [e.key for e in cited(entries, of("Ho et al. 2020, arXiv 2006.11239"))] == ["ho2020"]
    assert not list(citations.faults(entries, of("Ho et al. 2020, arXiv 2006.11239")))


def test_the_page_says_who_what_and_where(book):
    chapter = "# ## Sources\n#\n# - *The Design of Experiments*\n# - *Steps*\n# - Ho et al., 2006.11239\n"
    (book / "ch04_conditioning.py").write_text(chapter, encoding="utf-8")
    (book / "claims").mkdir()
    (book / "claims" / "C01_x.toml").write_text('source = "arXiv 2006.11239"', encoding="utf-8")
    lines = page(book).splitlines()
    assert lines[-2].startswith(
        '- <a id="ho2020"></a>J. Ho, A. Jain and P. Abbeel, *Denoising Diffusion Probabilistic Models*, '
        "2020, arXiv [2006.11239](https://arxiv.org/abs/2006.11239). Chapter [4](ch04_conditioning.ipynb). "
        "Claim [C01](claims.md#c01). In `minidit."
    )
    assert (
        "T. Kynkäänniemi and others, *Steps: How to Make Them*, 1999, [example.org/steps](https" in lines[-1]
    )
    assert lines[-3].endswith("1935, Oliver and Boyd. Chapter [4](ch04_conditioning.ipynb).")


def test_what_is_stale_or_unused_is_told(book, monkeypatch, capsys):
    chapter = book / "ch04_conditioning.py"
    chapter.write_text("# Ho et al. 2020, Fisher 1935\n", encoding="utf-8")
    monkeypatch.setattr("minidit.publish.references.places", lambda folder: places(folder, folder / "none"))
    faults = references_faults(book)
    assert [fault.split(";")[0] for fault in faults] == [
        "references.bib: nothing cites kynkaanniemi1999",
        "references.md is not what references.bib and the texts give. Run `minidit book references`.",
    ]
    assert write_references(book) == 0 and len(references_faults(book)) == 1
    chapter.write_text("# Ho et al. 2020, Fisher 1935, *Steps*\n", encoding="utf-8")
    assert [fault.split(" is")[0] for fault in references_faults(book)] == [PAGE]
    write_references(book)
    (book / "references.bib").write_text(BIB.replace("{2020}", "{2021}"), encoding="utf-8")
    assert "says 2021, and its arXiv id 2006.11239" in " ".join(references_faults(book))


def test_what_cannot_be_read_is_refused(book):
    for broken in (BIB.replace("year = {2020},", "year = 2020,"), BIB.replace("{2020}", "{soon}"), "% empty"):
        (book / "references.bib").write_text(broken, encoding="utf-8")
        if broken == "% empty":
            assert bib.read(book) == []
            continue
        with pytest.raises(MiniditError, match=r"references\.bib"):
            bib.read(book)
    (book / "references.bib").unlink()
    assert references_faults(book) == []
    with pytest.raises(MiniditError, match="There is no"):
        bib.read(book)
    with pytest.raises(MiniditError, match="leave out ch01"):
        write_references(book, ["ch01"])
