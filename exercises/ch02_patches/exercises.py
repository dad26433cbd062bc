# %% [markdown]
# # Exercises to chapter 2
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("2.3")` gives one hint at a
# time, three in all.

# %%
import torch

import minidit

# %% [markdown]
# ## 2.1 Patchify
#
# *15 minutes, easy.* Cut images into square patches of `p` by `p` pixels, a token each. The tokens run along the rows of the image. Inside
# a token the order is (row, column, channel). Use tensors only, no einops.
#
# Beware of the usual test. "Put it together again and compare" also passes for a single `reshape`, whose inverse is a single
# `reshape`: two wrongs that undo each other. The check looks at where each pixel went.


# %%
def patchify(x: torch.Tensor, p: int) -> torch.Tensor:
    """(batch, channels, height, width) -> (batch, tokens, p * p * channels)."""
    ### BEGIN SOLUTION
    b, c, h, w = x.shape
    split = x.reshape(b, c, h // p, p, w // p, p)  # (b, c, row, i, column, j)
    return split.permute(0, 2, 4, 3, 5, 1).reshape(b, (h // p) * (w // p), p * p * c)
    ### END SOLUTION


# %%
minidit.check("2.1", patchify)

# %% [markdown]
# ## 2.2 The table of sines and cosines
#
# *20 minutes, medium.* Make DiT's table for a grid of tokens. The first half of a vector encodes the column, the second half the row. A
# half has dim/4 speeds, `10000 ** (-k / (dim / 4))` for k = 0, 1, ...; it holds all sines, then all cosines, of place times speed. Tokens
# run along the rows, and the grid need not be square. `dim` is a multiple of 4.


# %%
def table(rows: int, columns: int, dim: int) -> torch.Tensor:
    """(rows * columns, dim)."""
    ### BEGIN SOLUTION
    speeds = 10_000.0 ** (-torch.arange(dim // 4) / (dim // 4))
    places = torch.arange(columns).repeat(rows), torch.arange(rows).repeat_interleave(columns)
    angles = [place[:, None] * speeds for place in places]  # (n, dim/4) each
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)
    ### END SOLUTION


# %%
minidit.check("2.2", table)

# %% [markdown]
# ## 2.3 RoPE in two dimensions
#
# *25 minutes, hard.* Given are queries, keys and values of one layer, for a grid of tokens. Return all three, turned where they should be.
# The d numbers of a head are d/2 pairs of neighbours, (0, 1), (2, 3) and so on. The first d/4 pairs turn by row times speed, the others by
# column times speed, with the speeds `10000 ** (-k / (d / 4))`. To turn (a, b) by an angle gives (a cos - b sin, a sin + b cos).
#
# Test yourself before the check does: the length of each query stays, and the product of a query at m and a key at n depends on m - n only.


# %%
def turn(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, rows: int, columns: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """q, k and v (batch, heads, rows * columns, d) -> the same three, turned where they should be."""
    ### BEGIN SOLUTION
    quarter = q.shape[-1] // 4
    speeds = 10_000.0 ** (-torch.arange(quarter) / quarter)
    row = torch.arange(rows).repeat_interleave(columns)[:, None]
    column = torch.arange(columns).repeat(rows)[:, None]
    angle = torch.cat([row * speeds, column * speeds], dim=1)  # (n, d/2)

    def turned(x: torch.Tensor) -> torch.Tensor:
        a, b = x[..., 0::2], x[..., 1::2]
        pairs = a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()
        return torch.stack(pairs, dim=-1).flatten(-2)

    return turned(q), turned(k), v
    ### END SOLUTION


# %%
minidit.check("2.3", turn)

# %% [markdown]
# ## 2.4 What a network costs
#
# *20 minutes, medium.* How many multiplications with an addition (MACs) does a DiT need for one square image? Count matrix products
# only, to within 2 % of minidit's ledger. The network:
#
# - a linear layer from the p * p * channels values of a token to `dim`;
# - `depth` blocks: attention (queries, keys, values, the output layer, and the two products in which tokens meet), an MLP of two layers with
#   4 * dim numbers between them, and adaLN, a linear layer that makes 6 * dim numbers from one vector;
# - a last adaLN that makes 2 * dim numbers, and a linear layer back to p * p * channels values;
# - the embedding of the time: linear layers from 256 to dim and from dim to dim. Looking up a label costs nothing.


# %%
def macs(side: int, p: int, channels: int, dim: int, depth: int) -> float:
    """MACs of a forward pass with one image of `side` by `side` pixels, cut into patches of p by p."""
    ### BEGIN SOLUTION
    n, values = (side // p) ** 2, p * p * channels
    block = 4 * n * dim**2 + 2 * n**2 * dim + 8 * n * dim**2 + 6 * dim**2
    return depth * block + 2 * n * values * dim + 2 * dim**2 + 256 * dim + dim**2
    ### END SOLUTION


# %%
minidit.check("2.4", macs)

# %% [markdown]
# ## 2.5 Write the test: positions
#
# *20 minutes, medium.* Somebody forgot to add the positions. The loss still falls, and no shape is wrong. Write the test that would have
# found it. You get a function `network(x)` from tokens (batch, rows * columns, dim) to tokens of the same shape, in float64. Raise
# `AssertionError` unless it can tell both the row and the column of a token. The test must accept right networks, whichever
# way they tell places, and refuse four wrong ones that you will not see.


# %%
def try_positions(network, rows: int, columns: int, dim: int) -> None:
    """Raise AssertionError unless network(x), x (batch, rows * columns, dim), knows where its tokens are."""
    ### BEGIN SOLUTION
    x = torch.randn(1, rows * columns, dim)
    for other in (1, columns):  # the right neighbour of token 0, and the one below it
        order = torch.arange(rows * columns)
        order[0], order[other] = other, 0
        assert not torch.allclose(network(x[:, order]), network(x)[:, order])
    ### END SOLUTION


# %%
minidit.check("2.5", try_positions)

# %% [markdown]
# ## 2.6 Unpatchify, also where the image is not square
#
# *10 minutes, easy.* The way back: tokens as 2.1 makes them become images of `height` by `width` pixels. DiT's own code takes the square root of the number
# of tokens for the side of the grid. Yours must not.


# %%
def unpatchify(tokens: torch.Tensor, p: int, height: int, width: int) -> torch.Tensor:
    """(batch, tokens, p * p * channels) -> (batch, channels, height, width)."""
    ### BEGIN SOLUTION
    b, h, w = len(tokens), height // p, width // p
    split = tokens.reshape(b, h, w, p, p, -1)  # (b, row, column, i, j, c)
    return split.permute(0, 5, 1, 3, 2, 4).reshape(b, -1, height, width)
    ### END SOLUTION


# %%
minidit.check("2.6", unpatchify)

# %% [markdown]
# ## 2.7 Spot the bug: some tokens enter
#
# *10 minutes, medium.* To save time, a colleague lets only some tokens of each image into the network, as masked training does.
# `places` (batch, kept) says which:
#
# ```python
# def enter(tokens, position, places):
#     index = places[:, :, None].expand(-1, -1, tokens.shape[-1])
#     kept = tokens.gather(1, index)
#     return kept + position[: kept.shape[1]]
# ```
#
# It runs, and training gets worse than it should. Why is no error raised? Write it as it should be.


# %%
def enter(tokens: torch.Tensor, position: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """tokens (batch, n, dim), position (n, dim), places (batch, kept) -> (batch, kept, dim)."""
    ### BEGIN SOLUTION
    index = places[:, :, None].expand(-1, -1, tokens.shape[-1])  # (b, kept) -> (b, kept, dim)
    return tokens.gather(1, index) + position[places]
    ### END SOLUTION


# %%
minidit.check("2.7", enter)
