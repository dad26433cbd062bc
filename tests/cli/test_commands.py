"""The command line, as a person uses it: what it makes, and what it says when something is wrong."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import save_file

import minidit
from minidit.cli.main import main
from minidit.cli.train import _health, _recorded
from minidit.training import Record

SMALL = [
    "digits",
    "model.dim=16",
    "model.depth=1",
    "model.heads=2",
    "training.steps=4",
    "training.batch_size=4",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "digits"
    assert main(["train", *SMALL, "--out", str(folder)]) == 0
    return folder


def test_train_leaves_a_picture_numbers_a_checkpoint_and_advice(finished, tmp_path, capsys):
    assert {p.name for p in finished.iterdir()} >= {"samples.png", "metrics.json", "checkpoint.safetensors"}
    assert (finished / "samples.png").read_bytes().startswith(b"\x89PNG")
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["training"]["steps"] == 4 and metrics["environment"]["threads"] == 1
    for w in ("1", "2"):
        values = metrics["samples"]["guidance"][w]
        assert set(values["neighbours"]) == {"samples_to_train", "held_out_to_train", "copied"}
        assert 0 <= values["accuracy"] <= 1 and values["frechet_floor"] > 0


def test_a_finished_run_says_so_and_changes_nothing(finished, capsys):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    assert main(["train", *SMALL, "--out", str(finished)]) == 0
    assert "This run is finished: 4 steps" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


def test_a_run_that_lost_its_picture_is_judged_again_without_training(finished, tmp_path, capsys):
    folder = shutil.copytree(finished, tmp_path / "copy")
    (folder / "samples.png").unlink()
    assert main(["train", *SMALL, "--out", str(folder)]) == 0
    assert (folder / "samples.png").is_file()


def test_sample_draws_what_was_asked(finished, tmp_path, capsys):
    picture = tmp_path / "drawn.png"
    command = ["sample", str(finished), "--labels", "3", "1", "4", "--steps", "2", "--out", str(picture)]
    assert main(command) == 0
    assert "3 drawn" in capsys.readouterr().out and picture.is_file()


def test_evaluate_prints_a_table(finished, capsys):
    assert main(["evaluate", str(finished), "--count", "20", "--steps", "2", "--w", "1.5"]) == 0
    out = capsys.readouterr().out
    assert "recognised" in out and "1.5" in out and "20 samples (Euler, 2 steps)" in out
    said = " ".join(out.split())
    read = re.search(r"real (\d+\.\d%)", said).group(1)  # of held-out images, by what makes the features
    assert "by a small classifier, trained here on the same training images" in said
    assert f"the classifier reads {read} of them right, and the Frechet distance there is the floor" in said


def test_doctor_finds_what_is_here(capsys):
    assert main(["doctor"]) in (0, 1)
    out = capsys.readouterr().out
    assert "Python 3" in out and "torch" in out and "a kernel for notebooks" in out


def failure(capsys, *arguments):
    """Run a command that must fail with one sentence: status 2, and no traceback."""
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("minidit: ") and "Traceback" not in said.err and said.err.count("\n") == 1
    return said.err


def test_wrong_words_get_a_sentence(capsys, tmp_path):
    out = ["--out", tmp_path / "run"]
    assert "Did you mean digits" in failure(capsys, "train", "digit", *out)
    assert "Did you mean model.depth" in failure(capsys, "train", "digits", "model.deph=3", *out)
    assert "does not divide" in failure(capsys, "train", "digits", "model.patch_size=3", *out)
    assert "holds no pictures" in failure(capsys, "train", f"folder:{tmp_path}", *out)
    assert "--device is xpu" in failure(capsys, "train", "--device", "xpu", *out)
    assert "save_every is 0" in failure(
        capsys, "train", *SMALL, "--save-every", "0", "--out", tmp_path / "zero"
    )
    assert "--jobs is 0" in failure(capsys, "evidence", "--jobs", "0")
    assert "weight_decay is -1" in failure(capsys, "train", "digits", "training.weight_decay=-1", *out)
    assert "--threads is 0" in failure(capsys, "train", "--threads", "0", *out)
    assert not (tmp_path / "run").exists()


def test_images_that_do_not_fit_the_network(capsys, tmp_path):
    words = failure(capsys, "train", "digits", "model.input_size=16", "--out", tmp_path / "run")
    assert "model.input_size is 16, but the images of digits need 8: add model.input_size=8" in words


def test_an_output_under_a_file(capsys, tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        assert "a file is in the way" in failure(capsys, "train", *SMALL, "--out", out)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_with_another_run_is_left_alone_and_the_difference_shown(finished, capsys):
    before = (finished / "checkpoint.safetensors").read_bytes()
    words = failure(capsys, "train", *SMALL, "training.lr=0.5", "--seed", "3", "--out", finished)
    assert "training.lr: 0.5 here, 0.004 there; seed: 3 here, 0 there" in words
    assert (finished / "checkpoint.safetensors").read_bytes() == before


def test_damaged_and_foreign_checkpoints(finished, capsys, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    path = folder / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    for command in (["train", *SMALL, "--out", folder], ["sample", folder]):
        assert "is damaged or is no safetensors file" in failure(capsys, *command)
    assert path.stat().st_size == 5000
    save_file({"weight": torch.zeros(2)}, path)
    assert "was not written by this version" in failure(capsys, "train", *SMALL, "--out", folder)


def test_labels_out_of_range(finished, capsys):
    assert "Label 12 is not known; this model draws 0 to 9" in failure(
        capsys, "sample", finished, "--labels", "3", "12"
    )
    assert "Label -1 is not known" in failure(capsys, "sample", finished, "--labels", "-1")


def test_impossible_sampling(finished, capsys):
    assert "asked for 0 steps" in failure(capsys, "sample", finished, "--steps", "0")
    for w in ("-1", "nan"):
        assert "must be 0 or more" in failure(capsys, "sample", finished, "--w", w)
    assert "--w needs at least one number" in failure(capsys, "evaluate", finished, "--w")
    assert "There is no trained model" in failure(capsys, "sample", finished / "none")
    assert "at least 2 samples" in failure(capsys, "evaluate", finished, "--count", "1")


def test_a_loss_that_is_not_finite(capsys, tmp_path):
    words = failure(
        capsys, "train", *SMALL, "training.lr=1e30", "training.steps=40", "--out", tmp_path / "run"
    )
    assert "training has diverged" in words


def test_help_is_short_and_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert all(
        name in out
        for name in ("train", "sample", "evaluate", "vae", "ledger", "doctor", "evidence", "claims", "book")
    )
    assert len(out.splitlines()) <= 33


def test_the_band_belongs_to_one_experiment_and_tells_health():
    chosen = minidit.experiment("digits")
    evidence = _recorded("digits", chosen)
    assert evidence is not None
    assert _recorded("digits", chosen.override({"training.lr": 0.1})) is None
    assert _recorded("shapes", minidit.experiment("shapes")) is None
    low, high = evidence.loss_bands[100]
    record = Record(120, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert "(healthy " in _health(record, [9.0] * 50 + [(low + high) / 2] * 50 + [9.0] * 20, evidence)
    assert "(OUTSIDE " in _health(record, [low] * 50 + [high + 0.1] * 50 + [low] * 20, evidence)
    assert _health(record, [0.5] * 120, None) == "loss 0.500"
