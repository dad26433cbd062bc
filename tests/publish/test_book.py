import os

import pytest

from minidit.errors import MiniditError
from minidit.publish import book


@pytest.fixture
def folder(tmp_path):
    for name in ("ch02_b.py", "ch01_a.py", "helper.py"):
        (tmp_path / name).write_text("# %%\nprint(1)\n")
    return tmp_path


def stems(paths) -> list[str]:
    return [path.stem for path in paths]


def test_chapters_by_name(folder, monkeypatch):
    assert stems(book.chapters(folder)) == ["ch01_a", "ch02_b"]
    assert stems(book.chapters(folder, ["ch02", "ch01_a", "ch02_b"])) == ["ch02_b", "ch01_a"]
    assert stems(book.chapters(folder, [str(folder / "ch01_a.ipynb")])) == ["ch01_a"]
    monkeypatch.chdir(folder)
    assert stems(book.chapters(folder, [f".{os.sep}ch02_b.py"])) == ["ch02_b"]


@pytest.mark.parametrize("name", ["ch07", "ch1", "a", "helper.py", "elsewhere/ch01_a.py", ""])
def test_unknown_chapter_lists_what_there_is(folder, name):
    with pytest.raises(MiniditError, match=r"There are: ch01_a, ch02_b\."):
        book.chapters(folder, [name])


def test_folder_without_chapters(tmp_path):
    with pytest.raises(MiniditError, match="There is no chapter"):
        book.chapters(tmp_path)


def test_check_book(built, toy, capsys):
    assert book.check_book(built.parent) == 0
    assert capsys.readouterr().out == "checked 1 chapter: no faults\n"
    toy.with_suffix(".ipynb").unlink()
    assert book.check_book(toy.parent) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "checked 1 chapter: 1 fault"


def test_build_book_stops_at_the_first_failure(folder, capsys):
    (folder / "ch01_a.py").write_text("# %%\n1 / 0\n")
    with pytest.raises(MiniditError, match="ch01_a, cell 1: ZeroDivisionError"):
        book.build_book(folder)
    assert not list(folder.glob("*.ipynb"))
    assert book.build_book(folder, ["ch02"]) == 0
    assert capsys.readouterr().out == "ch02_b: built, 1 KiB\n"


def test_test_book_is_the_replay(monkeypatch, folder):
    monkeypatch.setattr(book, "test", lambda sources: len(sources))
    assert book.test_book(folder, ["ch02"]) == 1
