"""Patches: a round trip is not enough, because a wrong cut passes it with its equally wrong inverse."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minidit import MiniditError
from minidit.model.patch import patchify, unpatchify

sizes = {
    "patch": st.integers(1, 4),
    "rows": st.integers(1, 4),
    "columns": st.integers(1, 4),
    "channels": st.integers(1, 3),
}


@settings(deadline=None, max_examples=40)
@given(**sizes)
def test_round_trip(patch, rows, columns, channels):
    x = torch.randn(2, channels, rows * patch, columns * patch)
    tokens = patchify(x, patch)
    assert tokens.shape == (2, rows * columns, patch * patch * channels)
    assert torch.equal(unpatchify(tokens, patch, rows * patch, columns * patch), x)


@settings(deadline=None, max_examples=40)
@given(**sizes, pick=st.randoms(use_true_random=False))
def test_one_pixel_moves_one_token_in_the_right_slot(patch, rows, columns, channels, pick):
    channel, y, x = pick.randrange(channels), pick.randrange(rows * patch), pick.randrange(columns * patch)
    image = torch.zeros(1, channels, rows * patch, columns * patch)
    image[0, channel, y, x] = 1
    token = (y // patch) * columns + x // patch
    slot = ((y % patch) * patch + x % patch) * channels + channel
    assert patchify(image, patch).nonzero().tolist() == [[0, token, slot]]


def test_a_patch_that_does_not_divide_is_refused():
    with pytest.raises(MiniditError, match="patch of 3 does not divide an image of 8 x 8"):
        patchify(torch.zeros(1, 1, 8, 8), 3)
