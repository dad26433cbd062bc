"""The count of bytes before a run equals what a run keeps."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

import minidit
from minidit import MiniditError
from minidit.measure import kept_for_backward, memory_estimate
from minidit.model import draw_keys

SMALL = minidit.ModelConfig(in_channels=3, input_size=16, dim=32, depth=3, heads=2, num_classes=5)
ARMS = [
    {},
    {"mlp": "swiglu", "norm": "rms", "qk_norm": True, "rope": "axial"},
    {"modulation": "shared"},
    {"route": "2-3@0.5"},
    {"mask": 0.5, "decoder_dim": 32, "decoder_heads": 2, "decoder_depth": 2},
    {"encoder_depth": 2},
]


def really_kept(config, batch, bf16):
    """Bytes of all storages that a real forward pass keeps, the weights' own left out."""
    model = minidit.build(config)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor  # what is held keeps its address
        return tensor

    keys = draw_keys(config, batch, minidit.Streams(0), 0)
    with saved_tensors_hooks(keep, lambda held: held), torch.autocast("cpu", torch.bfloat16, bf16):
        model(torch.randn(batch, 3, 16, 16), torch.rand(batch), keys=keys)
    for own in (*model.parameters(), *model.buffers()):
        kept.pop(own.untyped_storage().data_ptr(), None)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("arm", ARMS, ids=str)
def test_activations_are_those_of_a_real_pass(arm, bf16):
    config = minidit.build(SMALL, **arm).config
    counted = kept_for_backward(config, 4, "bf16" if bf16 else "fp32")
    assert sum(counted.values()) == really_kept(config, 4, bf16)


def test_twenty_bytes_a_parameter_and_activations_that_grow_with_the_batch():
    parameters = sum(p.numel() for p in minidit.build(SMALL).parameters())
    small, large = (memory_estimate(SMALL, batch) for batch in (4, 8))
    assert small.total - small.activations == large.total - large.activations == 20 * parameters
    assert large.activations == pytest.approx(2 * small.activations, rel=0.02)


def test_precision_recomputing_and_shards_each_spare_their_part():
    plain = memory_estimate(SMALL, 4)
    half = memory_estimate(SMALL, 4, precision="bf16")
    again = memory_estimate(SMALL, 4, recompute=True)
    eighth = memory_estimate(SMALL, 4, shards=8)
    assert half.activations < 0.8 * plain.activations and half.weights == plain.weights
    kept = kept_for_backward(SMALL, 4)
    tokens = 4 * SMALL.tokens * SMALL.dim * 4  # float32
    assert again.activations == kept["outside the blocks"] + 3 * tokens + kept["block 1"]
    assert eighth.optimizer == pytest.approx(plain.optimizer / 8, abs=8)
    assert eighth.activations == plain.activations


def test_dit_xl_with_256_images_fits_40_gb_only_when_blocks_are_computed_again():
    """And nothing is allocated to know it."""
    config = minidit.PRESETS["DiT-XL/2"]
    assert memory_estimate(config, 256, precision="bf16").total > 80e9
    assert memory_estimate(config, 256, precision="bf16", recompute=True).total < 40e9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"precision": "fp16"}, "precision is 'fp16'; it must be one of: fp32, bf16"),
        ({"shards": 0}, "at least 1"),
    ],
)
def test_wrong_questions_get_a_sentence(wrong, words):
    with pytest.raises(MiniditError, match=words):
        memory_estimate(SMALL, 4, **wrong)
