"""The book in JupyterLab, as a reader meets it: double click, run, move a slider."""

from pathlib import Path

import jupytext
import nbformat
import pytest

from minidit.publish.source import read_source

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

TOY = """\
# %% [markdown]
# # Chapter 1: A toy

# %%
import ipywidgets
import matplotlib.pyplot as plt

from minidit import teach

# %%
print("tokens", 4 * 4)


# %%
def bar(height):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.bar([0], [height])
    axes.set_ylim(0, 3)
    return figure


teach.Frames([bar(1), bar(2), bar(3)], ["one", "two", "three"], "height", "A bar that grows.", still=1)

# %%
slider, words = ipywidgets.IntSlider(description="n"), ipywidgets.Label("not moved")
slider.observe(lambda change: setattr(words, "value", f"n squared is {change.new**2}"), "value")
ipywidgets.VBox([slider, words])
"""


def write(cells, path):
    """A notebook as the builder writes it; without the name of its kernel JupyterLab would ask for one."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.fixture(scope="module")
def toy(repository) -> Path:
    """A pair in the copied book: the source, and a notebook that was never run."""
    source = repository / "book" / "ch01_toy.py"
    source.write_text(TOY)
    write(jupytext.reads(TOY, fmt="py:percent").cells, source.with_suffix(".ipynb"))
    return source


@pytest.mark.parametrize("suffix", [".ipynb", ".py"])
def test_a_double_click_opens_a_chapter_that_runs_and_reacts(toy, lab, suffix):
    lab.double_click(toy.stem + suffix)
    outputs = lab.run_all()
    assert not [out for cell in outputs for out in cell if out["output_type"] == "error"]
    assert outputs[1][0]["text"] == "tokens 16\n"
    still = outputs[2][0]["data"]["image/png"].replace("\n", "")
    assert lab.picture() == still
    lab.press("ArrowRight")
    lab.see("three")
    assert lab.picture() != still
    lab.press("ArrowRight", slider=1)
    lab.see("n squared is 1")  # Python answered
    lab.widget("w => w.context.save()")
    assert toy.read_text() == TOY
    assert "tokens 16" in toy.with_suffix(".ipynb").read_text()
    # without a kernel the frames still move
    lab.widget("w => w.sessionContext.shutdown()")
    lab.press("ArrowLeft")
    lab.see("two")
    assert lab.picture() == still


def test_the_slider_of_chapter_1_moves(repository, lab):
    """Its cell as it stands in the book, on flat pictures: a trained network would take half a minute."""
    chapter = read_source(ROOT / "book" / "ch01_first_model.py")
    names = ("import torch", "experiment = teach.settings", "data = load(", "teach.Frames(")
    cells = [cell for cell in chapter.cells if any(name in cell.source for name in names)]
    assert len(cells) == len(names), f"chapter 1 has changed; this test looks for the cells with {names}"
    flat = "state, sample = None, lambda state, labels, w, steps: torch.full((len(labels), 1, 8, 8), w / 5)\n"
    cells[-1].source = flat + cells[-1].source
    write([nbformat.v4.new_markdown_cell("# Frames"), *cells], repository / "book" / "frames.ipynb")
    lab.double_click("frames.ipynb")
    outputs = lab.run_all()
    still = outputs[-1][0]["data"]["image/png"].replace("\n", "")
    assert lab.picture() == still
    lab.press("ArrowRight")
    lab.see("w = 3")
    assert lab.picture() != still


def test_the_dial_of_chapter_6_works_as_it_was_saved(repository, lab):
    """Its cell and the stored widgets, nothing run and no kernel: slider and buttons move all the same."""
    chapter = nbformat.read(ROOT / "book" / "ch06_predictions.ipynb", as_version=4)
    (dial,) = [cell for cell in chapter.cells if "teach.RuledFrames(" in cell.source]
    chapter.cells = [nbformat.v4.new_markdown_cell("# A dial"), dial]
    nbformat.write(chapter, repository / "book" / "dial.ipynb")
    lab.double_click("dial.ipynb")
    lab.widget("w => w.content.widgets.forEach(cell => { cell.model.trusted = true })")
    lab.see("t = 0.4, answers data - noise")  # read from the file: the kernel has run nothing
    lab.widget("w => w.sessionContext.shutdown()")
    picture, ruler = lab.pictures()
    lab.choose("SD3")
    lab.see("600 of 1000, answers noise - data")
    assert lab.pictures()[0] == picture and lab.pictures()[1] != ruler
    lab.press("ArrowRight")
    lab.see("500 of 1000, answers noise - data")
    assert lab.pictures()[0] != picture
    lab.choose("EDM")
    lab.see("sigma = 1, image x 2.00, answers data")


PAGE = """\
import matplotlib.pyplot as plt

from minidit import teach

teach.Page("field", plt.figure(figsize=(2, 1)), "Arrows to three targets.", t=0.25)"""


def test_a_page_runs_when_trusted_and_is_a_still_when_not(repository, lab):
    """A notebook that somebody else ran shows the still; run here, the page lives, and needs no kernel."""
    cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell(PAGE)]
    write(cells, repository / "book" / "page.ipynb")
    lab.double_click("page.ipynb")
    outputs = lab.run_all()
    assert set(outputs[-1][0]["data"]) == {"text/html", "image/png", "text/plain"}
    lab.widget("w => w.sessionContext.shutdown()")
    page = lab.page.frame_locator(".jp-OutputArea-output iframe")
    page.locator("#clock", has_text="t = 0.25").wait_for()
    page.get_by_role("slider").press("ArrowRight")
    page.locator("#clock", has_text="t = 0.26").wait_for()
    still = lab.page.locator(".jp-OutputArea-output img")
    assert still.count() == 0
    lab.widget("w => w.context.save()")
    # the same file as it comes to a reader: nobody's signature is on it
    stranger = nbformat.read(repository / "book" / "page.ipynb", as_version=4)
    stranger.cells[1].source += "  # not what was signed"
    nbformat.write(stranger, repository / "book" / "stranger.ipynb")
    lab.end_kernels()
    lab.widget("w => w.close()")
    lab.double_click("stranger.ipynb")
    still.wait_for()
    assert still.get_attribute("alt") == "Arrows to three targets." and still.bounding_box()["height"] > 50
    assert lab.page.locator(".jp-OutputArea-output iframe").count() == 0
    assert "DOCTYPE" not in lab.page.locator(".jp-OutputArea-output").inner_text().upper()
