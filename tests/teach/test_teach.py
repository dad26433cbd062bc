"""What a chapter imports."""

import sys

import matplotlib.pyplot as plt
import pytest
import torch

from minidit import MiniditError
from minidit.measure.evidence import Evidence, Run
from minidit.teach import Frames, compare, curves, device, grid, live, predict, progress, rows, settings, show
from minidit.teach.show import png
from minidit.training import Record

CHOICES = {"a": "few", "b": "many"}


@pytest.fixture
def displayed(monkeypatch):
    calls = []
    module = sys.modules["minidit.teach.show"]  # the name minidit.teach.show is the function
    monkeypatch.setattr(module, "display", lambda bundle, **more: calls.append((bundle, more)))
    return calls


def figure():
    return plt.subplots(figsize=(1, 1))[0]


def test_show_carries_the_words_in_two_places_and_closes_the_figure(displayed):
    show(figure(), alt="A circle.")
    bundle, more = displayed[0]
    assert bundle["text/plain"] == "A circle." and bundle["image/png"].startswith(b"\x89PNG")
    assert more["metadata"] == {"image/png": {"alt": "A circle."}}
    assert not plt.get_fignums()


def test_a_figure_without_words_is_refused():
    with pytest.raises(MiniditError, match="needs words"):
        show(figure(), alt=" ")


def test_equal_figures_are_equal_bytes():
    x, labels = torch.zeros(4, 1, 8, 8), torch.tensor([0, 1, 1, 1])
    assert png(grid(x, labels, "01")) == png(grid(x, labels, "01"))
    plt.close("all")


def test_the_grid_has_a_column_for_each_class_that_occurs():
    made = grid(
        torch.zeros(4, 3, 8, 8), torch.tensor([0, 2, 2, 2]), ("red circle", "none", "blue cross"), "title"
    )
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in made.axes]
    assert [t for t in titles if t] == ["red circle", "blue cross"] and len(made.axes) == 6
    plt.close("all")


def test_rows_may_be_of_unequal_length():
    made = rows({"one": torch.zeros(3, 1, 8, 8), "two": torch.zeros(1, 1, 8, 8)}, columns=("a", "b", "c"))
    assert len(made.axes) == 6
    plt.close("all")


def test_live_passes_every_record_on_and_shows_one_picture(displayed):
    records = [Record(k, 1 / k, 1.0, 0.1, 0.0, 0.0) for k in range(1, 121)]
    run = Run(0, [50, 100], [0.1, 0.02], {}, 1.0, 1.0)
    evidence = Evidence("toy", "cpu", {}, {}, "", (run, run, run))
    assert list(live(records, evidence)) == records
    assert len(displayed) == 1 and "recorded seeds" in displayed[0][0]["text/plain"]


def test_curves_without_evidence():
    assert len(curves([1.0] * 100).axes[0].lines) == 1
    plt.close("all")


def test_a_prediction_is_written_down_once(capsys):
    predict("q", "How many?", CHOICES)
    assert "Commit yourself" in capsys.readouterr().out
    compare("q", "b", "because.")
    assert "You made no prediction" in capsys.readouterr().out
    predict("q", "How many?", CHOICES, guess="a")
    predict("q", "How many?", CHOICES, guess="b")
    assert "Your first prediction, a, stands." in capsys.readouterr().out
    compare("q", "b", "because.")
    assert "You predicted a. What did you think" in capsys.readouterr().out
    compare("q", "a", "because.")
    assert "You predicted a: right." in capsys.readouterr().out


def test_an_impossible_guess_is_refused():
    with pytest.raises(MiniditError, match="must be one of a, b"):
        predict("q", "How many?", CHOICES, guess="c")


def test_frames_link_a_slider_to_pictures_and_carry_a_still():
    frames = Frames([figure(), figure()], ["1", "2"], "w", alt="More guidance, clearer digits.", still=1)
    bundle, metadata = frames._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["image/png"] == frames.pictures[1] and bundle["text/plain"] == frames.alt
    assert metadata["image/png"]["alt"] == frames.alt


def test_frames_are_bounded(monkeypatch):
    with pytest.raises(MiniditError, match="2 figures for 1 values"):
        Frames([figure(), figure()], ["1"], "w", alt="x")
    monkeypatch.setattr("minidit.teach.frames.LIMIT", 100)
    with pytest.raises(MiniditError, match="draw smaller or fewer"):
        Frames([figure()], ["1"], "w", alt="x")


def test_progress_is_silent_when_asked_and_speaks_otherwise(capsys, monkeypatch):
    assert list(progress(range(3), "work")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("MINIDIT_QUIET")
    list(progress(range(3), "work"))
    assert "| 3/3 |" in capsys.readouterr().err


def test_both_settings_stand_side_by_side(monkeypatch):
    assert settings(cpu=1, a100=2) == 1 and device() == "cpu"
    monkeypatch.setenv("MINIDIT_SCALE", "a100")
    assert settings(cpu=1, a100=2) == 2
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(MiniditError, match="PyTorch sees no GPU here"):
        device()
    monkeypatch.setenv("MINIDIT_SCALE", "h200")
    with pytest.raises(MiniditError, match="must be cpu or a100"):
        settings(cpu=1, a100=2)


def test_live_redraws_one_picture_and_leaves_the_last_with_words(displayed, monkeypatch):
    monkeypatch.delenv("MINIDIT_QUIET")
    module, seen = sys.modules["minidit.teach.live"], []

    class Handle:
        def display(self, bundle, **more):
            seen.append(("display", bundle["text/plain"], more))

        def update(self, bundle, **more):
            seen.append(("update", bundle["text/plain"], more))

    monkeypatch.setattr(module, "DisplayHandle", Handle)
    monkeypatch.setattr(module, "REDRAW_SECONDS", 0.0)
    records = [Record(k, 1 / k, 1.0, 0.1, 0.0, 0.0) for k in range(1, 54)]
    assert list(live(records, total=60)) == records
    assert not displayed and [kind for kind, _, _ in seen] == [
        "display",
        "update",
        "update",
        "update",
        "update",
    ]
    assert seen[0][1].startswith("step 50 of 60, ") and seen[0][1].endswith(" s left")
    assert (
        seen[-1][2]["metadata"]["image/png"]["alt"]
        == seen[-1][1]
        == "The loss of this run falls steeply, then slowly."
    )
    plt.close("all")
