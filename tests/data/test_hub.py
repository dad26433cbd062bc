"""Data sets of the hub: what columns mean, how a set is divided, what is said where something is missing."""

import io
import os
import socket
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Value
from PIL import Image

import minidit
from minidit import MiniditError
from minidit.cli.options import default_folder
from minidit.data import DataConfig, load
from minidit.data.fetch import opened
from minidit.data.images import Images, split
from minidit.data.source import outline
from minidit.data.table import channels_of, columns_of, groups_of, read_rows

SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = Path(os.environ.get("MINIDIT_DATA", SHARED))
CATS = ClassLabel(names=["cat", "dog"])


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing here may even look up a name; what datasets would swallow is counted."""
    asked = []

    def ask(*where, **_):
        asked.append(where)
        raise OSError("a test asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(socket.socket, "connect", ask)
    yield
    assert not asked


def picture(value, mode="L", size=(8, 8)):
    file = io.BytesIO()
    Image.new(mode, size, value).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


def write(folder, split="train", image="image", pictures=None, features=None, **columns):
    """A shard of a split as the hub lays it out; 30 grey pictures unless given, a column for each keyword."""
    folder.mkdir(exist_ok=True)
    pictures = [picture(i) for i in range(30)] if pictures is None else pictures
    kinds = features or {}
    kinds = {name: kinds.get(name, Value("string")) for name in columns}
    kinds = {image: datasets.Image()} | kinds if image else kinds
    columns = {image: pictures} | columns if image else columns
    Dataset.from_dict(columns, Features(kinds)).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return f"folder:{folder}"


def labelled(folder, split="train", count=30, label="label", **more):
    return write(folder, split, features={label: CATS}, **{label: [i % 2 for i in range(count)]}, **more)


def bytes_of(x):
    return ((x + 1) * 127.5).round().int()


def test_a_grey_set_with_both_splits_and_named_labels(tmp_path):
    labelled(tmp_path)
    source = labelled(tmp_path, "test", pictures=[picture(200)] * 4, count=4)
    data = load(DataConfig(source, resolution=8))
    assert data.train.x.shape == (30, 1, 8, 8) and data.held_out.x.shape == (4, 1, 8, 8)
    assert data.train.class_names == ("cat", "dog") and data.train.labels.tolist() == [0, 1] * 15
    assert bytes_of(data.train.x[:, 0, 3, 3]).tolist() == list(range(30))
    assert (bytes_of(data.held_out.x) == 200).all() and data.train.x.is_contiguous()
    assert outline(DataConfig(source)) == (1, 2)


@pytest.mark.parametrize("held_out", ["test", "validation"])
def test_test_goes_before_validation(tmp_path, held_out):
    for name in {"validation", held_out}:
        labelled(tmp_path, name, pictures=[picture(1 if name == "test" else 2)] * 4, count=4)
    data = load(DataConfig(labelled(tmp_path), resolution=8))
    assert bytes_of(data.held_out.x).unique().tolist() == [1 if held_out == "test" else 2]


def test_a_set_without_a_second_split_is_divided_like_a_folder(tmp_path):
    source = labelled(tmp_path, "full", label="labels", image="img")
    data = load(DataConfig(source, resolution=8))
    assert len(data.train) == 26 and len(data.held_out) == 4  # 15 of each class, of which 2
    assert data.held_out.labels.tolist().count(0) == 2
    again = load(DataConfig(source, resolution=8))
    assert torch.equal(data.held_out.x, again.held_out.x)


def test_one_colour_picture_makes_the_set_rgb_and_transparent_parts_white(tmp_path):
    pictures = [picture(7)] * 28 + [picture((10, 20, 30), "RGB"), picture((10, 20, 30, 0), "RGBA")]
    labelled(tmp_path, "test", pictures=pictures)
    source = labelled(tmp_path)
    data = load(DataConfig(source, resolution=4))
    assert data.train.x.shape == (30, 3, 4, 4)
    assert bytes_of(data.train.x[9]).unique().tolist() == [9]
    assert [bytes_of(data.held_out.x[i, :, 0, 0]).tolist() for i in (0, 28, 29)] == [
        [7] * 3,
        [10, 20, 30],
        [255] * 3,
    ]
    assert outline(DataConfig(source)) == (3, 2)


def test_a_grey_that_is_transparent_is_laid_on_white(tmp_path):
    file = io.BytesIO()
    Image.new("L", (8, 8), 5).save(file, "PNG", transparency=5)
    source = labelled(tmp_path, pictures=[{"bytes": file.getvalue(), "path": None}] * 30)
    assert (load(DataConfig(source, resolution=8)).train.x == 1).all()


def test_pictures_are_cropped_and_resized(tmp_path):
    wide = Image.new("L", (30, 10), 255)
    wide.paste(0, (10, 0, 15, 10))  # the left half of the centre square
    wide.save(tmp_path / "wide.png")
    cell = {"bytes": (tmp_path / "wide.png").read_bytes(), "path": None}
    x = load(DataConfig(labelled(tmp_path / "set", pictures=[cell] * 30), resolution=4)).train.x
    assert x[0, 0, 0].tolist() == [-1, -1, 1, 1]


def test_broken_pictures_and_rows_without_a_class_are_named_and_skipped(tmp_path, capsys):
    pictures = [picture(i) for i in range(30)]
    pictures[3] = {"bytes": b"no picture", "path": None}
    pictures[5] = {"bytes": pictures[5]["bytes"][:-30], "path": None}  # the file is cut short
    pictures[9] = None
    labels = [i % 2 for i in range(29)] + [None]
    source = write(tmp_path / "set", pictures=pictures, features={"label": CATS}, label=labels)
    labelled(tmp_path / "set", "test")
    data = load(DataConfig(source, resolution=8))
    kept = [i for i in range(29) if i not in (3, 5, 9)]
    assert bytes_of(data.train.x[:, 0, 0, 0]).tolist() == kept
    assert data.train.labels.tolist() == [i % 2 for i in kept]
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("minidit")]
    assert [line.split(":")[1] for line in said] == [f" skipped train {i}" for i in (3, 5, 9, 29)]
    assert "not a readable picture (its kind is unknown)" in said[0] and "it has no class" in said[-1]


def test_a_picture_may_lie_in_a_file_beside_the_rows(tmp_path, capsys):
    Image.new("L", (8, 8), 3).save(tmp_path / "three.png")
    cells = [{"bytes": None, "path": str(tmp_path / name)} for name in ("three.png", "none.png")]
    rows = Dataset.from_dict({"image": cells}, Features({"image": datasets.Image()}))
    found = read_rows(rows, "train", columns_of({"train": rows}, "files"), (1, 8))
    assert bytes_of(found.x).unique().tolist() == [3] and found.places.tolist() == [0]
    assert "skipped train 1" in capsys.readouterr().err


def test_classes_may_be_words_and_a_set_may_have_none(tmp_path):
    words = ["tree", "bird", "tree"] * 10
    data = load(DataConfig(write(tmp_path / "words", group=words, caption=["a"] * 30), resolution=8))
    assert data.train.class_names == ("bird", "tree")
    assert sum(int((half.labels == 0).sum()) for half in data) == 10
    numbers = write(tmp_path / "numbers", features={"label": Value("int64")}, label=[7, 3, 7] * 10)
    assert load(DataConfig(numbers, resolution=8)).train.class_names == ("3", "7")
    alone = load(DataConfig(write(tmp_path / "alone", caption=["a"] * 30), resolution=8))
    assert alone.train.class_names == ("alone",) and outline(DataConfig(f"folder:{tmp_path / 'alone'}")) == (
        1,
        1,
    )
    fine = {"coarse": Value("float32"), "fine_label": CATS}
    odd = write(tmp_path / "odd", features=fine, coarse=[0.5] * 30, fine_label=[1] * 30)
    assert load(DataConfig(odd, resolution=8)).train.class_names == ("cat", "dog")


def test_pictures_of_one_thing_stay_on_one_side(tmp_path):
    things = [f"1F6{i // 3:02}" for i in range(90)]  # each in three styles
    groups = ["animals" if i < 45 else "food" for i in range(90)]
    pictures = [picture(i) for i in range(90)]
    pictures[0] = {"bytes": b"", "path": None}  # what is skipped must not shift the others
    source = write(tmp_path, pictures=pictures, group=groups, codepoints=things)
    data = load(DataConfig(source, resolution=8))
    train, held_out = ({things[i] for i in bytes_of(half.x[:, 0, 0, 0]).tolist()} for half in data)
    assert not train & held_out and len(train | held_out) == 30
    assert len(held_out) == 4 and data.held_out.labels.tolist().count(0) == 6


def test_a_split_by_groups_of_one_is_the_plain_split():
    images = Images(torch.linspace(-1, 1, 200).view(200, 1, 1, 1), torch.arange(200) % 3, ("a", "b", "c"))
    plain, grouped = split(images, 0.1), split(images, 0.1, group_by=torch.arange(200) * 7)
    assert all(torch.equal(one.x, other.x) for one, other in zip(plain, grouped, strict=True))
    assert len(plain.held_out) == 21  # a tenth of 67, 67 and 66


def test_reading_is_watched(tmp_path):
    labelled(tmp_path, "test")
    source = labelled(tmp_path, pictures=[picture(1)] * 250, count=250)
    seen = []
    load(DataConfig(source, resolution=8), watch=lambda items: seen.append(items) or items)
    assert seen == [[0, 100, 200], [0]]


def test_the_set_decides_the_network(tmp_path, monkeypatch):
    labelled(tmp_path / "pets")
    monkeypatch.setenv("MINIDIT_DATA", str(tmp_path))
    experiment = minidit.experiment("hub:someone/pets", ("training.steps=3",))
    assert (experiment.model.in_channels, experiment.model.num_classes) == (1, 2)
    assert experiment.data == DataConfig("hub:someone/pets", resolution=32)
    experiment.check(load(experiment.data))
    assert minidit.experiment(f"folder:{tmp_path / 'pets'}").model.in_channels == 1
    assert default_folder("hub:someone/pets") == Path("runs/pets")


def test_a_set_that_is_not_here_is_asked_of_the_hub_by_its_name(tmp_path, monkeypatch):
    labelled(tmp_path / "pets")
    asked = []
    with opened(f"folder:{tmp_path / 'pets'}") as parts:
        monkeypatch.setattr(datasets, "load_dataset", lambda name: asked.append(name) or parts)
        monkeypatch.setenv("MINIDIT_DATA", str(tmp_path / "elsewhere"))
        assert outline(DataConfig("hub:someone/pets")) == (1, 2)
        monkeypatch.delenv("MINIDIT_DATA")
        assert outline(DataConfig("hub:someone/pets")) == (1, 2)
    assert asked == ["someone/pets"] * 2


def test_the_progress_lines_of_datasets_are_left_as_they_were(tmp_path, capfd):
    source = labelled(tmp_path)
    capfd.readouterr()
    datasets.enable_progress_bars()
    outline(DataConfig(source))
    assert not datasets.are_progress_bars_disabled() and capfd.readouterr().err == ""
    datasets.disable_progress_bars()
    outline(DataConfig(source))
    assert datasets.are_progress_bars_disabled()
    datasets.enable_progress_bars()


@pytest.mark.parametrize("source", ["hub:cifar10", "hub:", "hub:a/b/c", "hub:../x", "hub:a/.."])
def test_a_name_without_its_owner_is_refused(source):
    with pytest.raises(MiniditError, match="is named with its owner, as in hub:uoft-cs/cifar10"):
        DataConfig(source)


def test_without_datasets_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MiniditError, match=r'not installed: pip install .* -e "\.\[hub\]"'):
        load(DataConfig("hub:someone/pets"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionError("no route"),
            r"could not be reached for hub:someone/pets \(no route\). .*MINIDIT_DATA",
        ),
        (datasets.exceptions.DatasetNotFoundError("x"), "no data set someone/pets that is open to all"),
        (
            ValueError("Config name is missing.\nPlease pick one"),
            "hub: Config name is missing. Please pick one",
        ),
    ],
)
def test_what_the_hub_refuses_is_told(monkeypatch, error, words):
    def refuse(name):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    monkeypatch.delenv("MINIDIT_DATA", raising=False)
    with pytest.raises(MiniditError, match=words):
        load(DataConfig("hub:someone/pets"))


def test_a_folder_that_is_no_data_set_is_told(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("MINIDIT_DATA", str(tmp_path))
    with pytest.raises(MiniditError, match=r"empty holds no data set: put its \*.parquet shards there"):
        load(DataConfig("hub:someone/empty"))
    (tmp_path / "empty" / "train.parquet").write_bytes(b"no parquet")
    with pytest.raises(MiniditError, match=r"could not be read as a data set of the hub: .*[Pp]arquet"):
        load(DataConfig("hub:someone/empty"))
    words = write(tmp_path / "words", image=None, text=["a"] * 30, page=["b"] * 30)
    with pytest.raises(MiniditError, match=r"words has no column of pictures .*: text, page"):
        load(DataConfig(words))
    with pytest.raises(MiniditError, match=r"none could not be read .* no data"):
        load(DataConfig(write(tmp_path / "none", pictures=[])))
    with pytest.raises(
        MiniditError, match=r"too few readable pictures with a class \(19 in train\); at least 20"
    ):
        load(DataConfig(labelled(tmp_path / "few", pictures=[picture(1)] * 19, count=19)))
    labelled(tmp_path / "half", "test", pictures=[{"bytes": b"", "path": None}] * 3, count=3)
    with pytest.raises(MiniditError, match="30 in train, 0 in test"):
        load(DataConfig(labelled(tmp_path / "half")))
    labelled(tmp_path / "parts", "test")
    with pytest.raises(MiniditError, match="has no split called train; it has: validation, test"):
        load(DataConfig(labelled(tmp_path / "parts", "validation")))


# ---- the sets themselves, where they are


def real(folder):
    if not (REAL / folder).is_dir():
        pytest.skip(f"there is no folder {REAL / folder}")
    return opened(f"folder:{REAL / folder}")


def first(parts, columns, side, channels):
    """The first ten rows of a set's training split: pixels as bytes, and classes."""
    rows = parts["train"].select(range(10))
    found = read_rows(rows, "train", columns, (channels, side))
    return bytes_of(found.x), [columns.class_names[label] for label in found.labels]


def test_fashion_mnist():
    with real("fashion_mnist") as parts:
        columns = columns_of(parts, "fashion_mnist")
        assert {name: len(rows) for name, rows in parts.items()} == {"train": 60_000, "test": 10_000}
        assert len(columns.class_names) == 10
        x, names = first(parts, columns, 28, 1)
        assert names[:4] == ["Ankle boot", "T-shirt/top", "T-shirt/top", "Dress"]
        assert x.shape == (10, 1, 28, 28) and x[0, 0, :3].sum() == 0 and x.max() == 255
        assert channels_of([parts["test"].select(range(500))], columns.image) == 1


def test_cifar10():
    with real("cifar10") as parts:
        columns = columns_of(parts, "cifar10")
        assert {name: len(rows) for name, rows in parts.items()} == {"train": 50_000, "test": 10_000}
        x, names = first(parts, columns, 32, 3)
        assert names[:4] == ["frog", "truck", "truck", "deer"]
        assert x[0, :, 0, 0].tolist() == [59, 62, 63]
        assert channels_of(parts.values(), columns.image) == 3


def test_no_emoji_has_a_twin_on_the_other_side():
    with real("emoji") as parts:
        columns = columns_of(parts, "emoji")
        group, style = (np.array(parts["train"][name][:]) for name in ("group", "style"))
        together = groups_of(parts["train"], columns)
    assert len(together) == 5097 and columns.class_names == tuple(sorted(set(group)))
    assert len(set(style)) == 3
    number = torch.arange(5097).view(-1, 1, 1, 1) / 5097
    labels = torch.tensor([columns.classes[name] for name in group])
    data = split(Images(number, labels, columns.class_names), held_out=0.1, group_by=together)
    train, held_out = ({int(together[round(i * 5097)]) for i in half.x.flatten().tolist()} for half in data)
    assert not train & held_out and 480 < len(data.held_out) < 540
