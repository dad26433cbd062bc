"""The slow code and its vectors belong together, and every tensor of a vector shows in the outputs."""

import ast
import sys

import pytest
import torch
from slow import make_vectors, run

FILES = sorted(make_vectors.FOLDER.glob("*.safetensors"))
KIB = 1024


def test_every_configuration_has_its_file_and_every_file_its_configuration():
    assert {path.stem for path in FILES} == set(make_vectors.CONFIGS)
    assert {run.family(config) for config in make_vectors.CONFIGS.values()} == set(run.FAMILIES)


def test_the_slow_code_owes_nothing_to_minidit():
    allowed = {"slow", "torch", "safetensors"} | sys.stdlib_module_names
    for path in make_vectors.FOLDER.parent.joinpath("slow").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                assert {name.split(".")[0] for name in names} <= allowed, path.name


def test_the_vectors_are_small():
    sizes = [path.stat().st_size for path in FILES]
    assert max(sizes) <= 120 * KIB and sum(sizes) <= 1024 * KIB


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rebuilding_gives_the_committed_numbers(path):
    kept, built = run.read(path), make_vectors.build(path.stem)
    assert kept.config == built.config
    for part in ("state", "inputs", "outputs"):
        torch.testing.assert_close(getattr(built, part), getattr(kept, part), rtol=1e-6, atol=1e-6)


def shares(vector):
    """What a change of each tensor, as large as the tensor, does to the outputs (to first order)."""
    state = {key: value.double().requires_grad_() for key, value in vector.state.items()}
    outputs = run.answer(vector.config, state, vector.inputs)
    total = sum((out * make_vectors.normal(key, *out.shape)).sum() for key, out in outputs.items())
    gradients = torch.autograd.grad(total, list(state.values()), allow_unused=True)
    size = sum(out.detach().square().sum() for out in outputs.values()).sqrt()
    return {
        key: 0.0 if slope is None else (slope.norm() * state[key].detach().norm() / size).item()
        for key, slope in zip(state, gradients, strict=True)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_tensor_is_idle(path):
    # what is added to all keys alike is lost in the softmax (unless RoPE follows); RoPE's tables are not read
    silent = ("to_k.bias", "k_norm.bias", "feat_rope.freqs_cos", "feat_rope.freqs_sin")
    found = {key: share for key, share in shares(run.read(path)).items() if not key.endswith(silent)}
    # a loader is held to 1e-4: what it forgets must show twenty times as much
    assert min(found.values()) > 2e-3, min(found, key=found.get)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_outputs_are_of_a_size_that_a_relative_error_can_be_read_from(path):
    for name, out in run.read(path).outputs.items():
        assert out.isfinite().all() and 0.05 < out.std() < 20, name


def test_guidance_leaves_other_channels_and_the_second_half_of_the_images_alone():
    vector = run.read(make_vectors.FOLDER / "sit_sigma.safetensors")
    state, given = run.double(vector.state), run.double(vector.inputs)
    x, t, y = given["cfg_x"], given["cfg_t"], given["cfg_y"]
    out = run.guided(vector.config, state, x, t, y)
    doubled = torch.cat([x[:2], x[:2]])
    plain = run.FAMILIES["sit"](state, vector.config, doubled, t, y)["y"]
    assert torch.equal(out[:, 3:], plain[:, 3:])
    assert torch.equal(out[:2, :3], out[2:, :3])
    torch.testing.assert_close(out[:2, :3], 3 * plain[:2, :3] - 2 * plain[2:, :3])


def test_masked_words_are_not_read():
    vector = run.read(make_vectors.FOLDER / "pixart_masked.safetensors")
    masked = vector.inputs["caption_mask"] == 0
    caption = vector.inputs["caption"].clone()
    caption[masked] = 7.0
    out = run.answer(vector.config, vector.state, vector.inputs | {"caption": caption})["y"]
    assert run.distance(out, vector.outputs["y"]) < 1e-6
    caption[~masked] = 7.0
    out = run.answer(vector.config, vector.state, vector.inputs | {"caption": caption})["y"]
    assert run.distance(out, vector.outputs["y"]) > 0.01
