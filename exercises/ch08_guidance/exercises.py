# %% [markdown]
# # Exercises to chapter 8
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("8.3")` gives one hint at a
# time, three in all.
#
# Everywhere `c` is the answer of a network that was told the class, `u` its answer without, and `t = 0` is noise.

# %%
from collections.abc import Callable
from itertools import pairwise

import torch

import minidit

# %% [markdown]
# ## 8.1 Guidance in two dialects
#
# *10 minutes, easy.* Combine `u` and `c`. In this book's dialect, "ours", strength 1 is no guidance and 0 is `u`. In the paper of Ho and Salimans, "paper", strength 0 is no guidance: they
# write `(1 + s) c - s u`.


# %%
def combine(u: torch.Tensor, c: torch.Tensor, strength: float, dialect: str) -> torch.Tensor:
    """u, c (batch, channels, h, w); dialect is "ours" or "paper" -> the guided velocity, of the same shape."""
    ### BEGIN SOLUTION
    w = strength if dialect == "ours" else 1 + strength
    return u + w * (c - u)
    ### END SOLUTION


# %%
minidit.check("8.1", combine)

# %% [markdown]
# ## 8.2 Both answers from one call
#
# *15 minutes, medium.* The network `v(x, t, y)` takes images, and a time and a label for each. Labels are 0 to `classes - 1`; the null label, for "no label", is the index `classes`.
# Ask it once, with twice the batch, and return the guided velocity.


# %%
def guided(
    v: Callable, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor, classes: int, w: float
) -> torch.Tensor:
    """x (batch, c, h, w), t (batch,), labels (batch,) -> the guided velocity (batch, c, h, w)."""
    ### BEGIN SOLUTION
    null = torch.full_like(labels, classes)
    c, u = v(torch.cat([x, x]), torch.cat([t, t]), torch.cat([labels, null])).chunk(2)
    return u + w * (c - u)
    ### END SOLUTION


# %%
minidit.check("8.2", guided)

# %% [markdown]
# ## 8.3 Hide some labels
#
# *10 minutes, easy.* One network can give both answers only if it was trained for both: in training a share of the labels is replaced by the null label. Each image has thrown a coin, a number
# between 0 and 1. A label is hidden where its coin is below `share`; a share of 0.1 hides about one label in ten.


# %%
def hide(labels: torch.Tensor, share: float, coins: torch.Tensor, classes: int) -> torch.Tensor:
    """labels (batch,) 0 to classes - 1, coins (batch,) in [0, 1) -> labels (batch,), some replaced."""
    ### BEGIN SOLUTION
    return torch.where(coins < share, classes, labels)
    ### END SOLUTION


# %%
minidit.check("8.3", hide)

# %% [markdown]
# ## 8.4 Guidance in an interval
#
# *15 minutes, medium.* Guide only while `low <= t <= high`, both ends included. At other times the class is still asked for, but nothing is exaggerated. An evaluation that is not used must not be
# paid for. All times of a batch are equal.


# %%
def velocity(
    c: Callable,
    u: Callable,
    x: torch.Tensor,
    t: torch.Tensor,
    y: torch.Tensor,
    w: float,
    low: float,
    high: float,
) -> torch.Tensor:
    """c(x, t, y) and u(x, t) give velocities; x (batch, c, h, w), t and y (batch,) -> (batch, c, h, w)."""
    ### BEGIN SOLUTION
    good = c(x, t, y)
    if not low <= float(t[0]) <= high:
        return good
    bad = u(x, t)
    return bad + w * (good - bad)
    ### END SOLUTION


# %%
minidit.check("8.4", velocity)

# %% [markdown]
# ## 8.5 Keep the contrast
#
# *15 minutes, medium.* Far beyond `c` the numbers of a velocity grow, and colours overshoot. A remedy (Lin et al. 2024): scale each guided velocity so that its standard deviation, over the channels and
# places of one image, is that of its `c`. Then mix: `share` of the rescaled one, and the rest of the guided one as it was.


# %%
def rescaled(guided: torch.Tensor, c: torch.Tensor, share: float) -> torch.Tensor:
    """guided, c (batch, channels, h, w) -> the same shape."""
    ### BEGIN SOLUTION
    ratio = c.std((1, 2, 3), keepdim=True) / guided.std((1, 2, 3), keepdim=True)  # (batch, 1, 1, 1)
    return share * (guided * ratio) + (1 - share) * guided
    ### END SOLUTION


# %%
minidit.check("8.5", rescaled)

# %% [markdown]
# ## 8.6 Autoguidance
#
# *10 minutes, easy.* Walk from the answer of a weak network through that of a strong one, and beyond: with `w = 1` the strong one alone, with which the weak one must not be asked. Both networks
# are told the class.


# %%
def autoguided(
    strong: Callable, weak: Callable, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor, w: float
) -> torch.Tensor:
    """strong(x, t, y) and weak(x, t, y) give velocities (batch, c, h, w) -> the guided velocity."""
    ### BEGIN SOLUTION
    good = strong(x, t, y)
    if w == 1:
        return good
    bad = weak(x, t, y)
    return bad + w * (good - bad)
    ### END SOLUTION


# %%
minidit.check("8.6", autoguided)

# %% [markdown]
# ## 8.7 Spot the bug
#
# *15 minutes, medium.* A sampler that carries both halves along. With `w = 1` its images are right, and its first step is right for any `w`. But with `w = 4` its images are worse than those of a friend, who
# uses the same network:
#
# ```python
# def guided_euler(v, noise, labels, null, w, grid):
#     x = torch.cat([noise, noise])
#     y = torch.cat([labels, torch.full_like(labels, null)])
#     for t, t_next in pairwise(grid.tolist()):
#         c, u = v(x, torch.full((len(x),), t), y).chunk(2)
#         x = x + (t_next - t) * torch.cat([u + w * (c - u), u])
#     return x.chunk(2)[0]
# ```
#
# Find the fault and mend it.


# %%
def guided_euler(
    v: Callable, noise: torch.Tensor, labels: torch.Tensor, null: int, w: float, grid: torch.Tensor
) -> torch.Tensor:
    """noise (batch, c, h, w), labels (batch,), grid (steps + 1,) of times -> the images at the last time."""
    ### BEGIN SOLUTION
    x = torch.cat([noise, noise])
    y = torch.cat([labels, torch.full_like(labels, null)])
    for t, t_next in pairwise(grid.tolist()):
        c, u = v(x, torch.full((len(x),), t), y).chunk(2)
        mixed = u + w * (c - u)
        x = x + (t_next - t) * torch.cat([mixed, mixed])
    return x.chunk(2)[0]
    ### END SOLUTION


# %%
minidit.check("8.7", guided_euler)

# %% [markdown]
# ## 8.8 Write the test
#
# *20 minutes, hard.* Somebody hands you a function `guided(v, x, t, labels, classes, w)` as in 8.2. Write a test that raises `AssertionError` when it is wrong. It must accept the right function, and
# refuse seven wrong ones that you will not see. Choose your own `v(x, t, y)`, images, labels and `w`: which choices are blind to which faults?


# %%
def try_guided(guided: Callable) -> None:
    """Raise AssertionError unless guided(v, x, t, labels, classes, w) is the guided velocity."""
    ### BEGIN SOLUTION
    x, t, labels = torch.randn(2, 1, 2, 2), torch.tensor([0.2, 0.7]), torch.tensor([0, 2])

    def v(x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (y + 1 + t).view(-1, 1, 1, 1) * x

    c, u = v(x, t, labels), (6 + t).view(-1, 1, 1, 1) * x  # the null label of 5 classes is 5
    assert torch.allclose(guided(v, x, t, labels, 5, 3.0), u + 3 * (c - u), atol=1e-5)
    ### END SOLUTION


# %%
minidit.check("8.8", try_guided)
