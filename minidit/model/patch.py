"""Images become tokens, and tokens become images again."""

from einops import rearrange
from torch import Tensor

from minidit.errors import MiniditError


def patchify(x: Tensor, patch_size: int) -> Tensor:
    """Cut images into square patches, one token each.

    Args:
        x: (batch, channels, height, width).
        patch_size: side p of a patch in pixels; it must divide height and width.

    Returns:
        (batch, tokens, p * p * channels). Tokens run row by row over the image; inside a token the order
        is (row, column, channel), as in the output layer of DiT (Peebles and Xie 2022, section 3.2).

    Raises:
        MiniditError: the patch does not divide the image.
    """
    height, width = x.shape[-2:]
    if height % patch_size or width % patch_size:
        raise MiniditError(
            f"A patch of {patch_size} does not divide an image of {height} x {width} pixels: "
            "choose a patch_size that divides both sides."
        )
    # (b, c, h*p, w*q) -> (b, h*w, p*q*c)
    return rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)", p=patch_size, q=patch_size)


def unpatchify(tokens: Tensor, patch_size: int, height: int, width: int) -> Tensor:
    """The inverse of `patchify`: (batch, tokens, p * p * channels) -> (batch, channels, height, width)."""
    rows, columns = height // patch_size, width // patch_size
    # (b, h*w, p*q*c) -> (b, c, h*p, w*q)
    return rearrange(
        tokens, "b (h w) (p q c) -> b c (h p) (w q)", h=rows, w=columns, p=patch_size, q=patch_size
    )
