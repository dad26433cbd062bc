# %% [markdown]
# # Exercises to chapter 1
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("1.3")` gives one hint at a
# time, three in all; `minidit.hint("1.3", 1)` reads the first one again.

# %%
import torch

import minidit

# %% [markdown]
# ## 1.1 Parameters by part
#
# *10 minutes, easy.* How many trainable parameters has each part of a model? A part is a child of the model, as
# `model.named_children()` lists them. Return a dictionary from the part's name to the number. Weights that are frozen
# (`requires_grad` is false) do not count, and buffers are no parameters.


# %%
def count(model: torch.nn.Module) -> dict[str, int]:
    """Trainable parameters of each part of `model`."""
    ### BEGIN SOLUTION
    return {
        name: sum(p.numel() for p in part.parameters() if p.requires_grad)
        for name, part in model.named_children()
    }
    ### END SOLUTION


# %%
minidit.check("1.1", count)

# %% [markdown]
# ## 1.2 The loss of a constant
#
# *15 minutes, medium.* Before you can say that a network has learned something, you need the loss of one that has learned nothing. Take a
# network that ignores its input and always returns the same image. The target is `x - noise`, with `noise` standard normal and
# independent of `x`. Which constant image is best, and what is its expected loss, the mean over all pixels of the squared error? Compute it from the images alone.


# %%
def constant_loss(x: torch.Tensor) -> float:
    """Expected velocity error of the best constant image, for images x (n, c, h, w)."""
    ### BEGIN SOLUTION
    return (x.var(0, unbiased=False).mean() + 1).item()
    ### END SOLUTION


# %%
minidit.check("1.2", constant_loss)

# %% [markdown]
# ## 1.3 Interpolate, and its velocity
#
# *10 minutes, easy.* The heart of the training loop. For images, noise, and one time for each image, return the mixture `x_t` and its
# velocity. In this book t = 0 is noise and t = 1 is data.


# %%
def interpolate(x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x and noise (batch, c, h, w), t (batch,) -> x_t and v, both (batch, c, h, w)."""
    ### BEGIN SOLUTION
    w = t.view(-1, 1, 1, 1)
    return w * x + (1 - w) * noise, x - noise
    ### END SOLUTION


# %%
minidit.check("1.3", interpolate)

# %% [markdown]
# ## 1.4 Euler's method
#
# *10 minutes, easy.* Follow a velocity from noise at t = 0 to data at t = 1, in `steps` equal steps. `v(x, t)` wants one time for each image.


# %%
def euler(v, noise: torch.Tensor, steps: int) -> torch.Tensor:
    """The images at t = 1, for v(x, t) with x (batch, c, h, w) and t (batch,)."""
    ### BEGIN SOLUTION
    x = noise
    for k in range(steps):
        x = x + v(x, torch.full((len(x),), k / steps, dtype=x.dtype)) / steps
    return x
    ### END SOLUTION


# %%
minidit.check("1.4", euler)

# %% [markdown]
# ## 1.5 Dropping labels
#
# *5 minutes, easy.* One network learns both velocities, with and without the label, because some labels are hidden in training. Replace each
# label by `null` with probability `p`. The chance is handed in: `keys` are uniform in 0 to 1, one for each label. Do not change
# the labels you are given.


# %%
def drop_labels(labels: torch.Tensor, keys: torch.Tensor, p: float, null: int) -> torch.Tensor:
    """labels and keys (batch,) -> labels (batch,), a share p of them replaced by null."""
    ### BEGIN SOLUTION
    return torch.where(keys < p, null, labels)
    ### END SOLUTION


# %%
minidit.check("1.5", drop_labels)

# %% [markdown]
# ## 1.6 Spot the bug
#
# *15 minutes, medium.* A colleague doubles the batch to get both velocities in one call, and guides. It runs, the pictures look
# odd, and no error is raised:
#
# ```python
# def guided(v, x, t, labels, null, w):
#     both = torch.cat([labels, torch.full_like(labels, null)])
#     u, c = v(x.repeat(2, 1, 1, 1), t.repeat(2), both).chunk(2)
#     return u + w * (c - u)
# ```
#
# At which w does the fault not show at all? Find it, and write the function as it should be, still with one call of `v`.


# %%
def guided(v, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor, null: int, w: float) -> torch.Tensor:
    """The guided velocity u + w (c - u), for v(x, t, labels)."""
    ### BEGIN SOLUTION
    both = torch.cat([labels, torch.full_like(labels, null)])
    c, u = v(x.repeat(2, 1, 1, 1), t.repeat(2), both).chunk(2)
    return u + w * (c - u)
    ### END SOLUTION


# %%
minidit.check("1.6", guided)

# %% [markdown]
# ## 1.7 Write the test
#
# *15 minutes, medium.* Somebody hands you a function `interpolate(x, noise, t)` that returns `(x_t, v)`, as in 1.3. Write a test that raises
# `AssertionError` when it is wrong. It must accept the right function, and refuse four wrong ones that you will not see.


# %%
def try_interpolate(interpolate) -> None:
    """Raise AssertionError unless interpolate(x, noise, t) is right."""
    ### BEGIN SOLUTION
    x, noise, t = torch.randn(2, 1, 2, 2), torch.randn(2, 1, 2, 2), torch.tensor([0.25, 0.9])
    x_t, v = interpolate(x, noise, t)
    for i in range(2):
        assert torch.allclose(x_t[i], t[i] * x[i] + (1 - t[i]) * noise[i], atol=1e-5)
    assert torch.allclose(v, x - noise, atol=1e-5)
    ### END SOLUTION


# %%
minidit.check("1.7", try_interpolate)
