"""Make the small vectors in `tests/official/vectors`: networks in miniature, answered by the slow code.

    PYTHONPATH=tests/official python -m slow.make_vectors            # all of them
    PYTHONPATH=tests/official python -m slow.make_vectors dit_sigma  # this one

Every tensor is drawn from a generator seeded by the vector's name and its own, so a vector added or changed
leaves the others as they are. Outputs are computed in float64 and kept in float32. Rebuilding gives the
committed numbers (`tests/official/test_slow.py`). The layout (`slow/run.py`) is that of vectors made with the
official classes, and those prove the slow code itself: `python tests/official/check_slow.py`.

Together they cover: one to four heads, 1 to 32 channels, patch sizes 1, 2 and 3, two or three blocks, grids
from 3x3 to 6x6, QK-norm on and off, sigma learned or not, a trained table of positions, a single
class, several projectors, captions with padding, and guidance on three channels (as published) of 1 to 32.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from slow.parts import State
from slow.run import Vector, answer, family
from slow.weights import normal, quiet_heads, quiet_tokens, weights

FOLDER = Path(__file__).parents[1] / "vectors"


SIZES = ("hidden", "depth", "heads", "input_size", "channels", "patch")


def config(family: str, *sizes: int, **more) -> dict:
    """A configuration in the vocabulary of the official vectors."""
    return {"family": family} | dict(zip(SIZES, sizes, strict=True)) | more


def repa(*sizes: int, **more) -> dict:
    """REPA's configuration says which end of its time is noise."""
    return config("repa", *sizes, **more, time="t=1 is noise")


def pixart(*sizes: int, **more) -> dict:
    """PixArt's configuration says that positions are whole numbers."""
    return config("pixart (diffusers keys)", *sizes, **more, note="interpolation_scale=None")


CONFIGS = {
    # hidden, depth, heads, input size, channels, patch
    "dit_sigma": config("dit", 16, 2, 2, 9, 3, 3, num_classes=7, learn_sigma=True),
    "dit_no_sigma": config("dit", 12, 3, 4, 8, 1, 2, num_classes=3, learn_sigma=False),
    "dit_patch_1": config("dit", 12, 2, 1, 4, 8, 1, num_classes=5, learn_sigma=True),
    "sit_sigma": config("sit", 16, 2, 4, 4, 8, 1, num_classes=6, learn_sigma=True),
    "sit_no_sigma": config("sit", 12, 2, 1, 9, 3, 3, num_classes=1, learn_sigma=False),
    "lightningdit_qk_norm": config("lightningdit", 16, 2, 2, 4, 32, 1, num_classes=4, qk_norm=True),
    "lightningdit_plain": config("lightningdit", 16, 2, 4, 9, 3, 3, num_classes=9, qk_norm=False),
    "lightningdit_odd": config("lightningdit", 20, 2, 1, 6, 1, 2, num_classes=2, qk_norm=True),
    "ddt_patch_1": config("ddt", 12, 3, 1, 4, 8, 1, num_classes=5, encoder_depth=1),
    "ddt_patch_3": config("ddt", 16, 3, 4, 9, 3, 3, num_classes=4, encoder_depth=2),
    "repa_two_teachers": repa(12, 3, 3, 8, 4, 2, num_classes=4, encoder_depth=2, z_dims=[10, 7]),
    "repa_qk_norm": repa(16, 2, 2, 3, 8, 1, num_classes=6, encoder_depth=1, z_dims=[9], qk_norm=True),
    "pixart_same_channels": pixart(12, 3, 1, 6, 3, 1, out_channels=3, caption_channels=11),
    "pixart_masked": pixart(16, 2, 4, 9, 1, 3, out_channels=2, caption_channels=13),
}
# small numbers come to a norm, so that its eps shows: to the first of all, or to those of q and k
QUIET_TOKENS = {"dit_no_sigma", "lightningdit_odd", "ddt_patch_3"}
QUIET_HEADS = {"lightningdit_odd", "ddt_patch_3", "repa_qk_norm"}
GUIDED = {"dit", "sit", "lightningdit"}


def whole(seed: str, below: int, count: int) -> Tensor:
    """Labels or steps: whole numbers from 0 to below - 1, equally likely."""
    uniform = 0.5 * (1 + torch.erf(normal(seed, count) / 2**0.5))
    return (uniform * below).long().clamp(0, below - 1)


def times(seed: str, kind: str, count: int) -> Tensor:
    """Steps 0..999 (DiT keeps them as floats), or numbers in [0, 1] whose first is an end of the interval."""
    if kind in ("dit", "pixart"):
        steps = whole(seed, 1000, count)
        return steps if kind == "pixart" else steps.float()
    inside = torch.sigmoid(normal(seed, count)).float()
    inside[0] = inside[0].round()
    return inside


def inputs(name: str, kind: str, setup: dict) -> State:
    """Two images with labels, one of them null, or captions; a doubled batch where there is guidance."""
    square = (setup["channels"], setup["input_size"], setup["input_size"])
    given = {"x": normal(f"{name} x", 2, *square).float(), "t": times(f"{name} t", kind, 2)}
    if kind == "pixart":
        given["caption"] = normal(f"{name} caption", 2, 6, setup["caption_channels"]).float()
        if name == "pixart_masked":
            # a caption of four words, and one of two that do not come first
            given["caption_mask"] = torch.tensor([[1, 1, 1, 1, 0, 0], [0, 0, 1, 0, 1, 0]])
        return given
    null = setup["num_classes"]
    given["y"] = torch.cat([whole(f"{name} y", null, 1), torch.tensor([null])])
    if kind in GUIDED:
        # the second half of the images differs from the first, and the publisher does not look at it
        given["cfg_x"] = normal(f"{name} cfg_x", 4, *square).float()
        given["cfg_t"] = times(f"{name} cfg_t", kind, 2).repeat(2)
        given["cfg_y"] = torch.cat([whole(f"{name} cfg_y", null, 2), torch.tensor([null, null])])
    return given


def build(name: str) -> Vector:
    """One vector: random weights, random inputs, and what the slow code answers, in float32."""
    setup = CONFIGS[name]
    kind = family(setup)
    state, given = weights(name, kind, setup), inputs(name, kind, setup)
    if name in QUIET_TOKENS:
        state |= quiet_tokens(name, state)
    if name in QUIET_HEADS:
        state |= quiet_heads(state, setup["hidden"])
    with torch.no_grad():
        outputs = {key: value.float() for key, value in answer(setup, state, given).items()}
    return Vector(setup, state, given, outputs)


def save(name: str) -> None:
    """Build one vector and write it."""
    vector = build(name)
    parts = {"state": vector.state, "in": vector.inputs, "out": vector.outputs}
    tensors = {f"{p}.{k}": v.contiguous() for p, part in parts.items() for k, v in part.items()}
    path = FOLDER / f"{name}.safetensors"
    save_file(tensors, path, metadata={"config": json.dumps(vector.config)})
    print(f"{path.stem:24} {path.stat().st_size / 1024:6.1f} KiB")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or CONFIGS:
        save(wanted)
