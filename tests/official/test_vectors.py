"""minidit against the independent slow code, on small networks of every family."""

from pathlib import Path

import pytest
import torch
from slow.run import FAMILIES, distance, family, read

import minidit.official
from minidit import MiniditError

FILES = sorted((Path(__file__).parent / "vectors").glob("*.safetensors"))


def loaded(path):
    vector = read(path)
    return vector, minidit.official.load(family(vector.config), vector.state, vector.config)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_answers_as_published(path):
    vector, published = loaded(path)
    answers = published.as_published(**vector.inputs)
    assert answers.keys() == vector.outputs.keys()
    for name, right in vector.outputs.items():
        assert distance(answers[name], right) < 3e-5, name  # 1e-4 is asked; a wrong GELU shows by 2e-4


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_writes_back_what_it_read(path, tmp_path):
    vector, published = loaded(path)
    bare = minidit.official.save(published.model, published.family)
    state = minidit.official.save(published, published.family, tmp_path / "back.safetensors")
    assert state.keys() == vector.state.keys() == bare.keys()
    for name, tensor in vector.state.items():
        assert torch.equal(state[name], tensor) and state[name].dtype == tensor.dtype, name
        assert torch.equal(bare[name], tensor), name
    again = minidit.official.load(published.family, tmp_path / "back.safetensors", vector.config)
    for name, tensor in published.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor), name


def test_every_family_has_vectors():
    found = {family(read(path).config) for path in FILES}
    assert found == set(FAMILIES) == set(minidit.official.load.__globals__["FAMILIES"])


def clock(name, t):
    """The publisher's time as ours."""
    return {"dit": 1 - (t.double() + 1) / 1000, "pixart": 1 - (t.double() + 1) / 1000, "repa": 1 - t}.get(
        name, t
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_model_speaks_our_conventions(path):
    """t = 1 is data, a velocity points to the data, the null label is dropped labels, all in one call."""
    vector, published = loaded(path)
    x, t, given = vector.inputs["x"], vector.inputs["t"], vector.inputs
    if published.family == "pixart":
        mask = given["caption_mask"].bool() if "caption_mask" in given else None
        condition = minidit.Condition(text=given["caption"], text_mask=mask)
    else:
        condition = given["y"]
    with torch.no_grad():
        ours = published.model(x, clock(published.family, t), condition)
    sign = -1 if published.family == "repa" else 1
    right = vector.outputs["y"]
    assert distance(sign * ours[:, : right.shape[1]], right) < 3e-5
    assert published.flow.prediction == ("noise" if published.family in ("dit", "pixart") else "velocity")


@pytest.mark.parametrize("name", ["dit_sigma", "sit_sigma", "lightningdit_plain"])
def test_guidance_of_all_channels_differs_from_the_published_three(name):
    vector, published = loaded(next(path for path in FILES if path.stem == name))
    channels = vector.config["channels"]
    x, t, y = (vector.inputs[f"cfg_{part}"].chunk(2)[0] for part in "xty")

    def f(*given):
        return published.model(*given)[:, :channels]

    three = minidit.flow.guide(f, 3.0, channels=3)(x, clock(published.family, t), y)
    assert distance(three, vector.outputs["cfg3"].chunk(2)[0][:, :channels]) < 3e-5
    every = minidit.flow.guide(f, 3.0)(x, clock(published.family, t), y)
    assert torch.equal(every[:, :3], three[:, :3])
    if channels > 3:
        assert distance(every[:, 3:], three[:, 3:]) > 0.01


def test_as_published_names_what_it_takes():
    vector, published = loaded(next(path for path in FILES if path.stem == "repa_qk_norm"))
    x, t, y = (vector.inputs[name] for name in "xty")
    with pytest.raises(MiniditError, match=r"repa takes x, t, y; it got x, t\."):
        published.as_published(x=x, t=t)
    with pytest.raises(MiniditError, match="repa takes no guidance inputs"):
        published.as_published(cfg_x=x, cfg_t=t, cfg_y=y)
    with pytest.raises(MiniditError, match="got nothing"):
        published.as_published()
