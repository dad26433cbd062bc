# %% [markdown]
# # Exercises to chapter 3
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("3.3")` gives one hint at a
# time, three in all.

# %%
import torch
import torch.nn.functional as F

import minidit

# %% [markdown]
# ## 3.1 Attention by einsum
#
# *10 minutes, easy.* Write attention without a loop: scores of all pairs of tokens, softmax, weighted mean of the values, for a whole batch
# and all heads at once. `F.scaled_dot_product_attention` would do it, but then you could not look inside.


# %%
def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """q, k, v (batch, heads, tokens, head_dim) -> (batch, heads, tokens, head_dim)."""
    ### BEGIN SOLUTION
    scores = torch.einsum("bhid,bhjd->bhij", q, k) / q.shape[-1] ** 0.5
    return torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), v)
    ### END SOLUTION


# %%
minidit.check("3.1", attend)

# %% [markdown]
# ## 3.2 Split into heads
#
# *10 minutes, easy.* The numbers of a token lie head after head: first those of head 1, then those of head 2. Bring the tokens into the form
# that attention wants.


# %%
def split(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(batch, tokens, heads * head_dim) -> (batch, heads, tokens, head_dim)."""
    ### BEGIN SOLUTION
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)  # (b, n, h*d) -> (b, n, h, d) -> (b, h, n, d)
    ### END SOLUTION


# %%
minidit.check("3.2", split)

# %% [markdown]
# ## 3.3 QK-norm
#
# *15 minutes, medium.* Return the scores (before the softmax) of queries and keys that were brought to a root mean square of 1, each head
# and each token by itself. Add 1e-6 to the mean square, so that nothing is divided by zero. There is no learned gain here. How large can a score
# be now?


# %%
def normed_scores(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """q and k (batch, heads, tokens, head_dim) -> scores (batch, heads, tokens, tokens)."""
    ### BEGIN SOLUTION
    q, k = (y / (y.square().mean(-1, keepdim=True) + 1e-6).sqrt() for y in (q, k))
    return q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    ### END SOLUTION


# %%
minidit.check("3.3", normed_scores)

# %% [markdown]
# ## 3.4 Spot the bug
#
# *10 minutes, medium.* A colleague adds dropout to the attention map. In training each weight is set to 0 with probability p, and the others are
# divided by 1 - p. It trains. But two samples from the same noise differ, and nobody knows why:
#
# ```python
# def attend(q, k, v, p, training):
#     a = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
#     a = F.dropout(a, p)
#     return a @ v
# ```
#
# Mend it. (This is the one place of the book where chance may come from PyTorch's global generator.)


# %%
def dropped(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, p: float, training: bool) -> torch.Tensor:
    """Attention (batch, heads, tokens, head_dim) with dropout of its map, in training alone."""
    ### BEGIN SOLUTION
    a = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    return F.dropout(a, p, training=training) @ v
    ### END SOLUTION


# %%
minidit.check("3.4", dropped)

# %% [markdown]
# ## 3.5 SwiGLU at equal parameters
#
# *10 minutes, medium.* An MLP of width `dim` has `ratio * dim` hidden units. How many may SwiGLU have, so that it has as many weights or just
# below? Return that number, the weights of the MLP, and those of SwiGLU. Biases are not counted.


# %%
def equal(dim: int, ratio: int) -> tuple[int, int, int]:
    """Hidden units of SwiGLU, weights of the MLP, weights of SwiGLU."""
    ### BEGIN SOLUTION
    hidden = 2 * ratio * dim // 3
    return hidden, 2 * dim * ratio * dim, 3 * dim * hidden
    ### END SOLUTION


# %%
minidit.check("3.5", equal)

# %% [markdown]
# ## 3.6 How far attention looks
#
# *15 minutes, medium.* The tokens of an image stand on a grid, row by row. For each head, how many patches away is the token that is looked
# at, on average? Weigh the straight distance between two tokens by attention; the mean runs over the images and over the tokens that ask.


# %%
def look(a: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Maps a (batch, heads, rows * columns, rows * columns) -> mean distance in patches (heads,)."""
    ### BEGIN SOLUTION
    place = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).float()  # (tokens, 2)
    return (a * torch.cdist(place, place)).sum(-1).mean((0, 2))
    ### END SOLUTION


# %%
minidit.check("3.6", look)

# %% [markdown]
# ## 3.7 Keys that do not count
#
# *10 minutes, medium.* Captions have different lengths and are padded to one. Nobody may listen to the padding. `mask` is True at the tokens that
# count and False at padding, for each image of the batch. The weights of the others must still sum to 1.


# %%
def masked(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """q, k, v (batch, heads, tokens, head_dim), mask (batch, tokens) bool -> like q."""
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1) @ v
    ### END SOLUTION


# %%
minidit.check("3.7", masked)
