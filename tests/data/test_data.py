"""Images: where they come from, how they are divided, in which order they are seen."""

import dataclasses

import pytest
import torch
from PIL import Image

import minidit
from minidit import MiniditError, Streams
from minidit.data import DataConfig, load
from minidit.data.folder import read
from minidit.data.images import Images, split
from minidit.data.shapes import (
    CLASS_NAMES,
    RGB,
    SHAPES,
    Factors,
    captions,
    draw_factors,
    painted,
    render,
    signed_distance,
)
from minidit.data.source import outline


def test_digits_are_halved_by_class_and_disjoint(digits):
    assert len(digits.train) == 899 and len(digits.held_out) == 898
    assert digits.train.x.shape[1:] == (1, 8, 8)
    assert digits.train.x.min() == -1 and digits.train.x.max() == 1
    for label in range(10):
        counts = [int((half.labels == label).sum()) for half in digits]
        assert abs(counts[0] - counts[1]) <= 1
    assert torch.cdist(digits.train.x.flatten(1), digits.held_out.x.flatten(1)).min() > 0


def test_every_epoch_sees_every_image_once_in_another_order(digits):
    streams, size = Streams(0), 29  # 899 = 31 * 29
    order = [[digits.train.batch(streams, epoch * 31 + k, size).x for k in range(31)] for epoch in (0, 1)]
    first, second = (torch.cat(epoch) for epoch in order)
    assert not torch.equal(first, second)
    sums = lambda x: x.sum((1, 2, 3)).sort().values  # noqa: E731
    assert torch.equal(sums(first), sums(digits.train.x)) and torch.equal(sums(second), sums(digits.train.x))


def test_a_batch_is_stateless(digits):
    one, again = (digits.train.batch(Streams(1), 123, 16) for _ in range(2))
    assert torch.equal(one.x, again.x)


def broken(digits, **changes):
    return dataclasses.replace(digits.train, **changes)


def test_bad_images_are_refused(digits):
    spoiled = digits.train.x.clone()
    spoiled[17, 0, 3, 3] = float("nan")
    with pytest.raises(
        MiniditError, match=r"Image 17 \(class \d\) holds a value that is not a finite number"
    ):
        broken(digits, x=spoiled)
    with pytest.raises(MiniditError, match="they must lie in"):
        broken(digits, x=digits.train.x * 255)
    with pytest.raises(MiniditError, match="Labels run from 1 to 10, but there are 10 classes"):
        broken(digits, labels=digits.train.labels + 1)
    with pytest.raises(MiniditError, match="larger than the 899"):
        digits.train.batch(Streams(0), 0, 900)


def test_shapes_are_the_same_at_every_call_and_differ_between_the_parts():
    config = DataConfig("shapes", resolution=16, count=64)
    one, again = load(config), load(config)
    assert torch.equal(one.train.x, again.train.x)
    assert one.train.x.shape == (64, 3, 16, 16) and len(one.held_out) == 1024
    assert not torch.equal(one.train.x, one.held_out.x[:64])
    assert one.train.class_names == CLASS_NAMES and len(CLASS_NAMES) == 24


@pytest.mark.parametrize("resolution", [16, 33])
def test_the_picture_shows_its_factors(resolution):
    factors = draw_factors(200, 1, minidit.generator(0, "test"))
    image = render(factors, resolution)
    background = image[0, :, 0, 0] if factors.x[0, 0] > 0.5 else image[0, :, 0, -1]
    for i in range(200):
        column, row = int(factors.x[i, 0] * resolution), int(factors.y[i, 0] * resolution)
        torch.testing.assert_close(image[i, :, row, column], RGB[factors.colour[i, 0]] * 2 - 1)
        ink = (image[i] - background.view(3, 1, 1)).abs().sum(0) > 0.3
        ys = ink.any(1).nonzero().flatten().float()
        middle, height = (ys.min() + ys.max() + 1) / 2 / resolution, (ys.max() - ys.min() + 1) / resolution
        stretch = 0.87 if SHAPES[factors.shape[i, 0]] == "square" else 1
        assert middle == pytest.approx(factors.y[i, 0].item(), abs=1.6 / resolution)
        assert height == pytest.approx(2 * stretch * factors.radius[i, 0].item(), abs=3.2 / resolution)


def test_two_objects_stand_apart_and_the_caption_tells_which_is_left():
    factors = draw_factors(300, 2, minidit.generator(0, "test"))
    gap = (factors.x[:, 0] - factors.x[:, 1]).abs() - factors.radius.sum(1)
    assert gap.min() >= 0
    for i, caption in enumerate(captions(factors)):
        left = int(factors.x[i, 0] > factors.x[i, 1])
        before, after = caption.split(" left of ")
        assert before.endswith(SHAPES[factors.shape[i, left]])
        assert after.endswith(SHAPES[factors.shape[i, 1 - left]])


def test_a_caption_in_full():
    one = lambda value: torch.tensor([[value]])  # noqa: E731
    factors = Factors(shape=one(0), colour=one(5), radius=one(0.39), x=one(0.3), y=one(0.7))
    assert captions(factors) == ["a large orange circle at the bottom left"]
    assert factors.labels.tolist() == [CLASS_NAMES.index("orange circle")]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"source": "mnist"}, "must be digits, shapes, folder:PATH .* or hub:OWNER/NAME"),
        ({"source": "digits", "resolution": 16}, "The digits are 8 x 8"),
        ({"source": "shapes", "resolution": 2}, "at least 4 pixels"),
        ({"source": "shapes", "objects": 3}, "1 or 2 objects"),
    ],
)
def test_impossible_sources_are_refused(config, words):
    with pytest.raises(MiniditError, match=words):
        DataConfig(**config)


def picture_folder(path, count=12):
    for name, colour in (("cats", "red"), ("dogs", "blue")):
        (path / name).mkdir()
        for i in range(count):
            Image.new("RGB", (30 + i, 20), colour).save(path / name / f"{i:02}.png")
    return path


def test_a_folder_of_ones_own_pictures(tmp_path, capsys):
    folder = picture_folder(tmp_path)
    (folder / "dogs" / "broken.png").write_bytes(b"no picture")
    data = load(DataConfig(f"folder:{folder}", resolution=8))
    assert data.train.class_names == ("cats", "dogs")
    assert len(data.train) + len(data.held_out) == 24
    red = data.train.x[data.train.labels == 0]
    torch.testing.assert_close(red, torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand_as(red))
    assert "skipped" in (said := capsys.readouterr().err) and "broken.png" in said
    experiment = minidit.experiment(f"folder:{folder}")
    assert experiment.model.num_classes == 2 and experiment.data.resolution == 32


def test_the_path_of_a_folder_may_name_a_variable(tmp_path, monkeypatch):
    (tmp_path / "pets").mkdir()
    picture_folder(tmp_path / "pets")
    monkeypatch.setenv("PICTURES", str(tmp_path))
    data = load(DataConfig("folder:$PICTURES/pets", resolution=8))
    assert data.train.class_names == ("cats", "dogs")
    monkeypatch.delenv("PICTURES")
    with pytest.raises(MiniditError, match=r"folder that PICTURES names, and PICTURES is not set"):
        outline(DataConfig("folder:$PICTURES/pets"))
    (tmp_path / "a$b").mkdir()  # a dollar may be one of the name
    with pytest.raises(MiniditError, match="holds no pictures"):
        load(DataConfig(f"folder:{tmp_path}/a$b"))


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(MiniditError, match="holds no pictures"):
        load(DataConfig(f"folder:{tmp_path}"))
    with pytest.raises(MiniditError, match="There is no folder"):
        load(DataConfig(f"folder:{tmp_path / 'none'}"))
    picture_folder(tmp_path, count=3)
    with pytest.raises(MiniditError, match="at least 20"):
        load(DataConfig(f"folder:{tmp_path}"))


def test_the_order_of_the_images_depends_on_the_seed(digits):
    one, two = (digits.train.batch(Streams(seed), 0, 64).x for seed in (0, 1))
    assert not torch.equal(one, two)


def test_the_split_is_shuffled():
    x = torch.linspace(-1, 1, 200).view(200, 1, 1, 1)
    data = split(Images(x, torch.zeros(200).long(), ("a",)), held_out=0.5)
    assert abs(data.held_out.x.mean()) < 0.25  # the first half would have a mean of -0.5


def test_no_held_out_shape_is_in_the_training_set():
    data = load(DataConfig("shapes", resolution=8, count=1024))
    together = torch.cat([data.train.x, data.held_out.x]).flatten(1)
    assert len(together.unique(dim=0)) == len(together)


@pytest.mark.parametrize(
    ("shape", "inside", "outside"),
    [  # in units of the radius, x to the right and y downwards
        ("circle", [(0.9, 0.0), (0.6, 0.6)], [(0.8, 0.8)]),
        ("square", [(0.8, 0.8), (-0.8, 0.8)], [(0.95, 0.0)]),
        ("triangle", [(0.0, -0.8), (0.8, 0.9), (-0.8, 0.9)], [(0.5, -0.5), (-0.5, -0.5)]),
        ("cross", [(0.9, 0.0), (0.0, -0.9)], [(0.6, 0.6), (-0.6, 0.6)]),
    ],
)
def test_each_name_is_its_shape(shape, inside, outside):
    def distance(point):
        x, y = (torch.tensor(value).view(1, 1, 1) for value in point)
        return signed_distance(torch.full((1, 1, 1), SHAPES.index(shape)), x, y, torch.ones(1, 1, 1)).item()

    assert max(map(distance, inside)) < 0 < min(map(distance, outside))


def test_two_objects_lie_in_the_picture_in_either_order():
    factors = draw_factors(300, 2, minidit.generator(0, "test"))
    gap = (factors.x[:, 0] - factors.x[:, 1]).abs() - factors.radius.sum(1)
    assert gap.min() >= 0
    for centre in (factors.x, factors.y):
        assert (centre - factors.radius).min() >= 0 and (centre + factors.radius).max() <= 1
    assert 0.4 < (factors.x[:, 0] < factors.x[:, 1]).float().mean() < 0.6


def test_a_picture_is_cropped_to_its_centre_and_laid_on_white(tmp_path):
    wide = Image.new("RGBA", (30, 10), "red")
    wide.paste((0, 0, 255, 255), (10, 0, 20, 10))
    wide.putpixel((15, 5), (0, 0, 0, 0))
    wide.save(tmp_path / "wide.png")
    x = read(tmp_path / "wide.png", 10)
    assert x[:, 5, 5].tolist() == [1, 1, 1]
    assert x[:, 0, 0].tolist() == x[:, 9, 9].tolist() == [-1, -1, 1]


def test_what_was_painted_can_be_read_off():
    factors = draw_factors(480, 1, torch.Generator().manual_seed(0))
    x = render(factors, 16)
    found = painted(x, factors.labels)
    assert (found.x - factors.x[:, 0]).abs().max() < 0.01
    # a triangle's centre of mass lies a third of its radius below the middle of its height
    below = factors.radius[:, 0] / 3 * (factors.shape[:, 0] == SHAPES.index("triangle"))
    assert (found.y - factors.y[:, 0] - below).abs().max() < 0.02
    torch.testing.assert_close(found.rgb, RGB[factors.colour[:, 0]], atol=0.02, rtol=0)
    circle = factors.shape[:, 0] == SHAPES.index("circle")
    expected = torch.pi * factors.radius[:, 0].square()
    torch.testing.assert_close(found.area[circle], expected[circle], atol=0.01, rtol=0)
    empty = painted(torch.full((1, 3, 16, 16), 2 * 0.92 - 1), torch.zeros(1, dtype=torch.long))
    assert float(empty.area) == 0 and bool(empty.x.isnan() & empty.y.isnan())


def test_a_colour_that_overshoots_covers_no_more_and_is_seen():
    factors = draw_factors(64, 1, torch.Generator().manual_seed(1))
    x, ground = render(factors, 16), 2 * 0.92 - 1
    plain, strong = painted(x, factors.labels), painted(ground + 1.2 * (x - ground), factors.labels)
    torch.testing.assert_close(strong.area, plain.area, atol=0.03, rtol=0)
    farther = (strong.rgb - 0.92).norm(dim=1) / (plain.rgb - 0.92).norm(dim=1)
    assert 1.1 < farther.min() and farther.max() < 1.21
