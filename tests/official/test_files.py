"""Weights as people have them: training checkpoints, safetensors, diffusers folders, other layouts."""

import argparse
import contextlib
import json
import random
from pathlib import Path

import pytest
import torch
from diffusers import DiTTransformer2DModel, PixArtTransformer2DModel
from safetensors.torch import save_file
from slow.run import distance, read

import minidit.official
from minidit import MiniditError
from minidit.model.position import sincos_2d

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="module")
def sit():
    return read(VECTORS / "sit_sigma.safetensors")


def agrees(published, vector):
    answers = published.as_published(**vector.inputs)
    return all(distance(answers[name], right) < 3e-5 for name, right in vector.outputs.items())


def broken(state):
    return {name: torch.zeros_like(tensor) for name, tensor in state.items()}


@pytest.mark.parametrize("wrap", [
    lambda s: s,
    lambda s: {"model": broken(s), "ema": s, "opt": {"state": {}}, "args": argparse.Namespace(model="SiT")},
    lambda s: {"model": s, "args": argparse.Namespace(lr=1e-4)},
    lambda s: {"ema": {f"module.{name}": tensor for name, tensor in s.items()}},
    lambda s: {"state_dict": {f"ema_denoiser.{n}": t for n, t in s.items()}
               | {f"denoiser.{n}": t for n, t in broken(s).items()} | {"vae.weight": torch.zeros(1)}},
    lambda s: {"model": {f"_orig_mod.{name}": tensor for name, tensor in s.items()}},
], ids=["bare", "ema", "model", "several GPUs", "Lightning", "compiled"])  # fmt: skip
def test_checkpoints(sit, wrap, tmp_path):
    torch.save(wrap(sit.state), tmp_path / "weights.pt")
    assert agrees(minidit.official.load("sit", tmp_path / "weights.pt", sit.config), sit)
    assert agrees(minidit.official.load("sit", wrap(sit.state), sit.config), sit)


def test_safetensors_and_half_precision(sit, tmp_path):
    save_file(sit.state, tmp_path / "weights.safetensors")
    assert agrees(minidit.official.load("sit", str(tmp_path / "weights.safetensors"), sit.config), sit)
    half = {name: tensor.half() for name, tensor in sit.state.items()}
    model = minidit.official.load("sit", half, sit.config).model
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert torch.equal(model.patch.bias, half["x_embedder.proj.bias"].float())


class Harmful:
    """What a file must not be able to do: run code when it is opened."""

    def __reduce__(self):
        return (print, ("this code ran",))


def test_a_file_that_would_run_code_is_not_opened(sit, tmp_path, capsys):
    torch.save({"ema": sit.state, "args": Harmful()}, tmp_path / "harmful.pt")
    with pytest.raises(MiniditError, match=r"harmful\.pt cannot be read as weights alone"):
        minidit.official.load("sit", tmp_path / "harmful.pt", sit.config)
    assert "this code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(("content", "words"), [
    (b"", "cannot be read as weights alone"),
    (b"not weights at all", "cannot be read as weights alone"),
    (None, "There is no file"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["broken.pt", "broken.safetensors"])
def test_what_is_no_file_of_weights(name, content, words, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MiniditError, match=words):
        minidit.official.load("sit", tmp_path / name)


def test_a_folder_without_weights(tmp_path):
    with pytest.raises(MiniditError, match=r"it needs config\.json and diffusion_pytorch_model\.safetensors"):
        minidit.official.load("dit", tmp_path)


def test_a_checkpoint_without_tensors():
    with pytest.raises(MiniditError, match=r"No weights were found.*found epoch, loss"):
        minidit.official.load("dit", {"epoch": 3, "loss": 0.1})


@pytest.fixture(scope="module")
def diffusers_dit():
    """diffusers' DiT with the two constants in which it departs from the official one set right."""
    model = DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2,
        sample_size=8, num_embeds_ada_norm=10, norm_eps=1e-6,
    )  # fmt: skip
    first = model.transformer_blocks[0].norm1.emb
    for index, block in enumerate(model.transformer_blocks):
        block.norm1.emb.time_proj.downscale_freq_shift = 0
        if index:
            block.norm1.emb.load_state_dict(first.state_dict())
    for number, parameter in enumerate(model.parameters()):
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=minidit.generator(0, "test", number))
    for block in model.transformer_blocks:
        block.norm1.emb.load_state_dict(first.state_dict())
    return model.eval()


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "bin"])
def test_a_diffusers_folder_of_dit(diffusers_dit, safe, tmp_path):
    diffusers_dit.save_pretrained(tmp_path / "transformer", safe_serialization=safe)
    published = minidit.official.load("dit", tmp_path)  # the heads stand in config.json
    x = torch.randn(3, 4, 8, 8, generator=minidit.generator(0, "x"))
    t, y = torch.tensor([0, 37, 999]), torch.tensor([0, 9, 10])
    with torch.no_grad():
        right = diffusers_dit(x, timestep=t, class_labels=y).sample
    assert distance(published.as_published(x=x, t=t, y=y)["y"], right) < 3e-5


def test_a_folder_in_several_files(diffusers_dit, tmp_path):
    diffusers_dit.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    published = minidit.official.load("dit", tmp_path)
    key = diffusers_dit.transformer_blocks[1].attn1.to_k.weight
    assert torch.equal(published.model.blocks[1].attention.qkv.weight[16:32], key)


def test_diffusers_blocks_that_were_trained_apart_are_refused(diffusers_dit):
    state = {name: tensor.clone() for name, tensor in diffusers_dit.state_dict().items()}
    state["transformer_blocks.1.norm1.emb.timestep_embedder.linear_1.bias"] += 1
    with pytest.raises(MiniditError, match=r"different copies of timestep_embedder\.linear_1"):
        minidit.official.load("dit", state, {"heads": 2})


def small_pixart(**more):
    model = PixArtTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2,
        sample_size=8, cross_attention_dim=16, caption_channels=12, use_additional_conditions=False, **more,
    )  # fmt: skip
    for number, parameter in enumerate(model.parameters()):
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=minidit.generator(1, "test", number))
    return model.eval()


@pytest.mark.parametrize("name", ["PixArtTransformer2DModel", "Transformer2DModel"])  # now, and as published
@pytest.mark.parametrize("scale", [None, 0.5, 2])
def test_a_diffusers_folder_of_pixart(scale, name, tmp_path):
    model = small_pixart(interpolation_scale=scale)
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"_class_name": name}))
    published = minidit.official.load("pixart", tmp_path)
    x = torch.randn(2, 4, 8, 8, generator=minidit.generator(0, "x"))
    caption = torch.randn(2, 5, 12, generator=minidit.generator(0, "caption"))
    mask, t = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]), torch.tensor([3, 800])
    micro = {"resolution": None, "aspect_ratio": None}
    with torch.no_grad():
        right = model(x, caption, timestep=t, added_cond_kwargs=micro, encoder_attention_mask=mask).sample
    answer = published.as_published(x=x, t=t, caption=caption, caption_mask=mask)
    assert distance(answer["y"], right) < 3e-5


def test_pixart_for_1024_pixels_is_refused(tmp_path):
    model = small_pixart()
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"use_additional_conditions": True}))
    with pytest.raises(MiniditError, match="take PixArt-XL-2-256x256"):
        minidit.official.load("pixart", tmp_path)


def native_pixart(state):
    """PixArt's own names for weights in diffusers' names, written out by hand."""
    native = {"y_embedder.y_embedding": torch.zeros(120, 4096)}
    simple = [
        ("adaln_single.emb.timestep_embedder.linear_1", "t_embedder.mlp.0"),
        ("adaln_single.emb.timestep_embedder.linear_2", "t_embedder.mlp.2"),
        ("adaln_single.linear", "t_block.1"),
        ("pos_embed.proj", "x_embedder.proj"),
        ("caption_projection.linear_1", "y_embedder.y_proj.fc1"),
        ("caption_projection.linear_2", "y_embedder.y_proj.fc2"),
        ("attn1.to_out.0", "attn.proj"),
        ("attn2.to_out.0", "cross_attn.proj"),
        ("attn2.to_q", "cross_attn.q_linear"),
        ("ff.net.0.proj", "mlp.fc1"),
        ("ff.net.2", "mlp.fc2"),
        ("proj_out", "final_layer.linear"),
        ("transformer_blocks.", "blocks."),
    ]
    for name, tensor in state.items():
        if any(part in name for part in ("attn1.to_k", "attn1.to_v", "attn2.to_v")):
            continue
        new = "final_layer.scale_shift_table" if name == "scale_shift_table" else name
        for old, short in simple:
            new = new.replace(old, short)
        if "attn1.to_q" in name:
            tensor = torch.cat([state[name.replace("to_q", f"to_{part}")] for part in "qkv"])
        if "attn2.to_k" in name:
            tensor = torch.cat([state[name.replace("to_k", f"to_{part}")] for part in "kv"])
        native[new.replace("attn1.to_q", "attn.qkv").replace("attn2.to_k", "cross_attn.kv_linear")] = tensor
    return native


def test_pixart_in_its_own_layout():
    vector = read(VECTORS / "pixart_masked.safetensors")
    native = native_pixart(vector.state)
    assert not set(native) & set(vector.state)
    config = {name: vector.config[name] for name in ("heads",)}  # the position table tells the size
    side, dim = vector.config["input_size"] // vector.config["patch"], vector.config["hidden"]
    table = sincos_2d(side, side, dim)[None]
    published = minidit.official.load("pixart", {"state_dict": native | {"pos_embed": table}}, config)
    assert agrees(published, vector)
    other = minidit.official.load("pixart", {"state_dict": native | {"pos_embed": 2 * table}}, config)
    assert torch.equal(other.model.position, 2 * table[0])


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_config(diffusers_dit, content, tmp_path):
    diffusers_dit.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(MiniditError, match="is not the configuration of a network"):
        minidit.official.load("dit", tmp_path)


def test_damaged_files_are_told_in_a_sentence(sit, tmp_path):
    torch.save(sit.state, tmp_path / "weights.pt")
    whole, pick = (tmp_path / "weights.pt").read_bytes(), random.Random(0)
    for _ in range(60):
        broken = bytearray(whole)
        for place in pick.sample(range(min(len(whole), 4000)), 40):
            broken[place] = pick.randrange(256)
        (tmp_path / "weights.pt").write_bytes(broken)
        with contextlib.suppress(MiniditError):
            minidit.official.load("sit", tmp_path / "weights.pt", sit.config)


def test_repas_first_files_count_the_blocks_behind_the_projector_by_themselves():
    vector = read(VECTORS / "repa_two_teachers.safetensors")
    deep = {}
    for number in range(10):  # ten equal blocks: eight, and two behind
        old = f"blocks.{number}." if number < 8 else f"decoder_blocks.{number - 8}."
        deep |= {
            old + k.removeprefix("blocks.0."): v + number for k, v in vector.state.items() if "blocks.0." in k
        }
    rest = {name: tensor for name, tensor in vector.state.items() if not name.startswith("blocks.")}
    config = {k: v for k, v in vector.config.items() if k != "encoder_depth"} | {
        "depth": 10,
        "encoder_depth": 8,
    }
    model = minidit.official.load("repa", rest | deep, config).model
    bias = vector.state["blocks.0.attn.proj.bias"]
    assert all(torch.equal(block.attention.out.bias, bias + n) for n, block in enumerate(model.blocks))
