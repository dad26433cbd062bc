# %% [markdown]
# # Exercises to chapter 7
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("7.3")` gives one hint at a
# time, three in all.

# %%
from collections.abc import Callable
from itertools import pairwise

import torch

import minidit

# %% [markdown]
# ## 7.1 Heun's method
#
# *15 minutes, medium.* Follow the velocity `v(x, t)` along a grid of times: an Euler step to look ahead, then walk with the mean of the velocities
# at both ends. The grid need not be even. `v` wants one time for each image.


# %%
def heun(v: Callable, noise: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """noise (batch, c, h, w), grid (steps + 1,) of times -> the images at the last time."""
    ### BEGIN SOLUTION
    x, at = noise, lambda t: torch.full((len(noise),), float(t), dtype=noise.dtype)
    for t, t_next in pairwise(grid):
        start = v(x, at(t))
        end = v(x + (t_next - t) * start, at(t_next))
        x = x + (t_next - t) * (start + end) / 2
    return x
    ### END SOLUTION


# %%
minidit.check("7.1", heun)

# %% [markdown]
# ## 7.2 The order of a method
#
# *10 minutes, easy.* You ran a method with `first`, 2 `first`, 4 `first`, ... steps and measured its error each time. If the method is of order p, the error
# falls like `steps ** -p`. What is p, measured over the whole range, from the first error to the last?


# %%
def order(errors: torch.Tensor) -> float:
    """errors (k,), each with twice the steps of the one before -> the order p, from first to last."""
    ### BEGIN SOLUTION
    return float((errors[0] / errors[-1]).log2()) / (len(errors) - 1)
    ### END SOLUTION


# %%
minidit.check("7.2", order)

# %% [markdown]
# ## 7.3 A shifted grid
#
# *10 minutes, easy.* Make the times of `steps` steps from 0 (noise) to 1 (data). An even grid is put through `t / (t + shift (1 - t))`, so that `shift > 1` gives short
# steps near the noise.


# %%
def shifted(steps: int, shift: float) -> torch.Tensor:
    """The times at which the steps begin and end: (steps + 1,), rising from 0 to 1."""
    ### BEGIN SOLUTION
    t = torch.linspace(0, 1, steps + 1)
    return t / (t + shift * (1 - t))
    ### END SOLUTION


# %%
minidit.check("7.3", shifted)

# %% [markdown]
# ## 7.4 DDIM's step
#
# *15 minutes, medium.* A network looked at the noisy image `x = alpha * data + sigma * noise` and guessed the noise in it: `eps`. Go to the next noise level, where the proportions are
# `alpha_next` and `sigma_next`, along the same noise. The proportions are anybody's: do not assume the straight path.


# %%
def ddim_step(
    x: torch.Tensor, eps: torch.Tensor, alpha: float, sigma: float, alpha_next: float, sigma_next: float
) -> torch.Tensor:
    """x and eps (batch, c, h, w) -> the image at the next noise level."""
    ### BEGIN SOLUTION
    data = (x - sigma * eps) / alpha
    return alpha_next * data + sigma_next * eps
    ### END SOLUTION


# %%
minidit.check("7.4", ddim_step)

# %% [markdown]
# ## 7.5 Noise on the way
#
# *15 minutes, medium.* One step of Euler and Maruyama on the straight path, from time `t` to `t + dt`, for the SDE `dX = [v + w s] dt + sqrt(2 w) dW`. You are given the
# velocity `v` at `(x, t)`, the amount of noise `w`, and standard normal numbers `z` of the shape of `x`. The score `s` follows from `x` and `v`.


# %%
def sde_step(
    x: torch.Tensor, v: torch.Tensor, t: float, dt: float, w: float, z: torch.Tensor
) -> torch.Tensor:
    """x, v, z (batch, c, h, w) -> the images at t + dt."""
    ### BEGIN SOLUTION
    score = -(x - t * v) / (1 - t)
    return x + (v + w * score) * dt + (2 * w * dt) ** 0.5 * z
    ### END SOLUTION


# %%
minidit.check("7.5", sde_step)

# %% [markdown]
# ## 7.6 Spot the bug
#
# *15 minutes, medium.* DDPM walks back by drawing each cleaner image from a normal distribution. `mean(x, k)` is its mean at step k, `beta[k]` its variance; k counts down from
# `len(beta) - 1` (noise) to 0, the step that ends at the data. `draws[k]` is the standard normal noise for step k. This code is much like that of a public tutorial:
#
# ```python
# def ancestral(mean, x, beta, draws):
#     for k in reversed(range(len(beta))):
#         x = mean(x, k) + beta[k].sqrt() * draws[k]
#     return x
# ```
#
# Its images are a little grainy. Nobody minds, for `beta[0]` is small. Find the fault and mend it.


# %%
def ancestral(mean: Callable, x: torch.Tensor, beta: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """x (batch, c, h, w) noise, beta (steps,), draws (steps, batch, c, h, w) -> images."""
    ### BEGIN SOLUTION
    for k in reversed(range(len(beta))):
        x = mean(x, k)
        if k > 0:
            x = x + beta[k].sqrt() * draws[k]
    return x
    ### END SOLUTION


# %%
minidit.check("7.6", ancestral)

# %% [markdown]
# ## 7.7 Write the test
#
# *20 minutes, hard.* Somebody hands you a function `heun(v, noise, grid)` as in 7.1. Write a test that raises `AssertionError` when it is wrong. It must accept the
# right function, and refuse five wrong ones that you will not see. Choose your own `v(x, t)`: which fields are blind to which faults?


# %%
def try_heun(heun: Callable) -> None:
    """Raise AssertionError unless heun(v, noise, grid) is Heun's method."""
    ### BEGIN SOLUTION
    noise, grid = torch.randn(2, 1, 2, 2), torch.tensor([0.0, 0.3, 1.0])

    def v(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return (1 + t).view(-1, 1, 1, 1) * x

    x = noise
    for t, dt in ((0.0, 0.3), (0.3, 0.7)):
        start = (1 + t) * x
        end = (1 + t + dt) * (x + dt * start)
        x = x + dt * (start + end) / 2
    assert torch.allclose(heun(v, noise, grid), x, atol=1e-5)
    ### END SOLUTION


# %%
minidit.check("7.7", try_heun)
