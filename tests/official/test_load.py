"""What loading and writing refuse, in sentences that name the fault; and settings found from shapes."""

from pathlib import Path

import pytest
import torch
from slow.run import distance, read

import minidit
import minidit.official
from minidit import MiniditError
from minidit.official.families import FAMILIES
from minidit.official.settings import settle

VECTORS = Path(__file__).parent / "vectors"
NAMES = {"dit": "dit_sigma", "sit": "sit_sigma", "lightningdit": "lightningdit_plain", "ddt": "ddt_patch_1",
         "repa": "repa_qk_norm", "pixart": "pixart_masked"}  # fmt: skip


@pytest.fixture(scope="module")
def vectors():
    return {name: read(VECTORS / f"{file}.safetensors") for name, file in NAMES.items()}


@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize("given", NAMES)
def test_the_wrong_family_is_told_and_the_right_one_guessed(vectors, asked, given):
    alike = {"dit", "sit"}  # the same names and shapes: nothing in the weights tells them apart
    if asked == given or {asked, given} == alike or (asked == "repa" and given in alike):
        assert asked == given or FAMILIES[given].fits(vectors[given].state)
        return
    with pytest.raises(MiniditError) as error:
        minidit.official.load(asked, vectors[given].state)
    assert f"not of the family {asked}" in str(error.value)
    guess = str(error.value).split("They look like ")[1]
    assert given in guess.replace("lightningdit", "LIGHTNING" if given != "lightningdit" else "lightningdit")


@pytest.mark.parametrize("family", NAMES)
def test_every_missing_name_is_told(vectors, family):
    vector = vectors[family]
    for name in vector.state:
        if name.startswith("projectors.0.4"):
            continue  # how many teachers there are is read from these
        less = {other: tensor for other, tensor in vector.state.items() if other != name}
        with pytest.raises(MiniditError) as error:
            minidit.official.load(family, less, vector.config)
        assert name in str(error.value), name


@pytest.mark.parametrize("family", NAMES)
def test_a_surplus_name_is_told(vectors, family):
    more = vectors[family].state | {"blocks.0.extra.weight": torch.zeros(1)}
    with pytest.raises(MiniditError, match=r"surplus: blocks\.0\.extra\.weight"):
        minidit.official.load(family, more, vectors[family].config)


@pytest.mark.parametrize("family", NAMES)
def test_a_wrong_shape_is_told_and_nothing_is_copied(vectors, family):
    vector = vectors[family]
    for name, tensor in vector.state.items():
        other = torch.zeros(*tensor.shape[:-1], tensor.shape[-1] + 4)
        with pytest.raises(MiniditError):
            minidit.official.load(family, vector.state | {name: other}, vector.config)
    name = next(name for name in vector.state if name.endswith(("attn.proj.weight", "attn1.to_out.0.weight")))
    wide = torch.zeros(3, 5)
    with pytest.raises(MiniditError, match=rf"{name} \(3, 5\) instead of \(\d+, \d+\)"):
        minidit.official.load(family, vector.state | {name: wide}, vector.config)


@pytest.mark.parametrize(("config", "words"), [
    ({}, "do not tell heads.*give config="),
    ({"head": 2}, "no setting 'head'. Did you mean heads"),
    ({"heads": 2, "hidden": 99}, "config says hidden = 99, but the weights have hidden = "),
    ({"heads": 2, "family": "ddt"}, "config is of the family 'ddt', but 'dit' was asked for"),
    ({"heads": 5}, "does not divide"),
])  # fmt: skip
def test_a_config_that_does_not_fit(vectors, config, words):
    with pytest.raises(MiniditError, match=words):
        minidit.official.load("dit", vectors["dit"].state, config)


def test_an_unknown_family_names_the_nearest(vectors):
    with pytest.raises(MiniditError, match=r"no family 'lightning'.*Did you mean lightningdit"):
        minidit.official.load("lightning", vectors["dit"].state)


PUBLISHED = {"dit": "DiT-{}/2", "sit": "SiT-{}/2", "lightningdit": "LightningDiT-{}/1", "ddt": "DDT-{}/2",
             "repa": "SiT-{}/2", "pixart": "PixArt-{}/2"}  # fmt: skip


@pytest.mark.parametrize("size", ["B", "L", "XL"])
@pytest.mark.parametrize("family", NAMES)
def test_published_sizes_are_recognised_from_their_shapes(family, size):
    """On the meta device: 675 million parameters without a byte."""
    name = PUBLISHED[family].format(size)
    if name not in minidit.PRESETS:
        assert family == "pixart" and size != "XL"
        return
    model = minidit.build(name, device="meta", **({"learn_sigma": False} if family == "repa" else {}))
    state = {theirs: torch.empty(shape, device="meta") for theirs, shape in _their_shapes(family, model)}
    config = FAMILIES[family].config(settle(family, FAMILIES[family], state, {}))
    for field in ("dim", "depth", "heads", "in_channels", "input_size", "patch_size", "encoder_depth", "mlp"):
        assert getattr(config, field) == getattr(model.config, field), field


def _their_shapes(family, model):
    from minidit.official.match import row_of, targets

    for name, tensor in targets(FAMILIES[family], model, torch.nn.ModuleList()).items():
        if name != "text.null":
            theirs, row = row_of(family, FAMILIES[family], name)
            parts = row.write(tensor, model.config)
            yield from zip(theirs, (part.shape for part in parts), strict=True)


def test_sits_weights_are_not_taken_for_dits(vectors):
    state = {name: tensor.clone() for name, tensor in vectors["sit"].state.items()}
    head, channels = state["final_layer.linear.weight"], vectors["sit"].config["channels"]
    head.view(-1, 2, channels, head.shape[1])[:, 1] = (
        0  # what training leaves of the half that SiT never reads
    )
    with pytest.raises(MiniditError, match='load them as "sit"'):
        minidit.official.load("dit", state, vectors["sit"].config | {"family": "dit"})
    minidit.official.load("sit", state, vectors["sit"].config)


def test_angles_are_computed_where_a_file_has_none(vectors):
    vector = vectors["lightningdit"]
    bare = {name: tensor for name, tensor in vector.state.items() if not name.startswith("feat_rope.")}
    published = minidit.official.load("lightningdit", bare, vector.config)
    answer = published.as_published(**{name: vector.inputs[name] for name in "xty"})
    assert distance(answer["y"], vector.outputs["y"]) < 3e-5


def test_what_cannot_be_written(vectors, tmp_path):
    published = minidit.official.load("pixart", vectors["pixart"].state, vectors["pixart"].config)
    with pytest.raises(MiniditError, match=r"Weights are written as safetensors: name .*x\.pt"):
        minidit.official.save(published, "pixart", tmp_path / "x.pt")
    with pytest.raises(MiniditError, match="AveragedModel wraps a network"):
        minidit.official.save(torch.optim.swa_utils.AveragedModel(published.model), "pixart")
    published.model.text.null.data += 1
    with pytest.raises(MiniditError, match=r"no place for this network's null caption"):
        minidit.official.save(published, "pixart")


def test_saving_makes_the_folder(vectors, tmp_path):
    published = minidit.official.load("ddt", vectors["ddt"].state, vectors["ddt"].config)
    minidit.official.save(published, "ddt", tmp_path / "new" / "weights.safetensors")
    assert (tmp_path / "new" / "weights.safetensors").is_file()


def test_loading_draws_nothing_from_the_global_stream(vectors):
    before = torch.random.get_rng_state()
    for family, vector in vectors.items():
        minidit.official.load(family, vector.state, vector.config)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("source", "words"), [
    (torch.nn.Linear(1, 1), r"a Linear was given\. Give its state_dict\(\)"),
    (3, "a int was given"),
])  # fmt: skip
def test_what_is_neither_weights_nor_a_path(source, words):
    with pytest.raises(MiniditError, match=words):
        minidit.official.load("dit", source)


def test_a_network_of_our_own_settings_is_not_written_as_published():
    model = minidit.build("DiT-S/8", dim=16, depth=1, heads=2, num_classes=3)
    with pytest.raises(MiniditError, match=r"not a dit: time_scale is 1000\.0, there -1000\.0"):
        minidit.official.save(model, "dit")
    with pytest.raises(MiniditError, match="not a lightningdit"):
        minidit.official.save(model, "lightningdit")


def test_a_network_trained_here_can_be_published(tmp_path):
    model = minidit.build("SiT-B/2", dim=16, depth=2, heads=2, num_classes=3, input_size=8, route="2-2@0.5")
    state = minidit.official.save(model, "sit", tmp_path / "mine.safetensors")
    again = minidit.official.load("sit", tmp_path / "mine.safetensors", {"heads": 2})
    assert torch.equal(again.model.blocks[1].mlp.up.weight, model.blocks[1].mlp.up.weight)
    assert state["pos_embed"].shape == (1, 16, 16)
