# %% [markdown]
# # Exercises to chapter 5
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("5.3")` gives one hint at a
# time, three in all.

# %%
import math
from collections.abc import Callable

import torch
from scipy.optimize import linear_sum_assignment

import minidit

# %% [markdown]
# ## 5.1 A line of another path
#
# *10 minutes, easy.* On the quarter circle the shares are `alpha = sin(pi t / 2)` for the data and `sigma = cos(pi t / 2)` for the noise. For images, noise, and one time for each
# image, return the mixture `x_t` and its velocity, the derivative of `x_t` by `t`.


# %%
def arc(x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x and noise (batch, c, h, w), t (batch,) -> x_t and v, both (batch, c, h, w)."""
    ### BEGIN SOLUTION
    angle = (math.pi / 2 * t).view(-1, 1, 1, 1)
    velocity = math.pi / 2 * (angle.cos() * x - angle.sin() * noise)
    return angle.sin() * x + angle.cos() * noise, velocity
    ### END SOLUTION


# %%
minidit.check("5.1", arc)

# %% [markdown]
# ## 5.2 The mean velocity at a place
#
# *20 minutes, medium.* Suppose the data are just these `points`, each as likely as another, and the path is the straight one. Many lines may pass through `x` at time `t`, one for each
# point. How probable is each? Return the mean of their velocities, for every place in `x`.


# %%
def field(x: torch.Tensor, t: float, points: torch.Tensor) -> torch.Tensor:
    """x (batch, dim), t in 0 to 1 (without 1), points (n, dim) -> velocities (batch, dim)."""
    ### BEGIN SOLUTION
    away = x[:, None] - t * points  # (batch, n, dim): the noise of each line, times 1 - t
    weight = (-away.square().sum(2) / (2 * (1 - t) ** 2)).softmax(1)  # (batch, n)
    return (weight @ points - x) / (1 - t)
    ### END SOLUTION


# %%
minidit.check("5.2", field)

# %% [markdown]
# ## 5.3 The loss of one batch
#
# *10 minutes, easy.* The network `f(x, t)` answers with the velocity of the straight path; it wants one time for each image. All chance was drawn for you. Return the mean squared error over all images and pixels, so
# that it can be descended.


# %%
def loss(f: Callable, x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """x and noise (batch, c, h, w), t (batch,) -> a scalar."""
    ### BEGIN SOLUTION
    w = t.view(-1, 1, 1, 1)
    return (f(w * x + (1 - w) * noise, t) - (x - noise)).square().mean()
    ### END SOLUTION


# %%
minidit.check("5.3", loss)

# %% [markdown]
# ## 5.4 The floor of the loss
#
# *20 minutes, medium.* The data are single numbers, normal with mean 0 and standard deviation `b`; the path is the straight one, pairs are made by chance. No network can bring the squared error at
# time `t` below the variance that `x_1 - noise` has among lines that meet at one place. How large is it?


# %%
def floor(b: float, t: float) -> float:
    """The least squared error at time t, for data of standard deviation b."""
    ### BEGIN SOLUTION
    return b**2 / (t**2 * b**2 + (1 - t) ** 2)
    ### END SOLUTION


# %%
minidit.check("5.4", floor)

# %% [markdown]
# ## 5.5 The bend
#
# *15 minutes, medium.* A sampler walked in equal steps from t = 0 to t = 1; `x` holds every place it came to. Return the bend: the mean, over steps and paths, of the squared distance between the
# velocity of a step and the velocity of the straight line from the path's start to its end, divided by the mean squared length of those lines.


# %%
def bend(x: torch.Tensor) -> torch.Tensor:
    """x (steps + 1, batch, dim) -> a scalar, 0 where all paths are straight and walked evenly."""
    ### BEGIN SOLUTION
    velocity = (x[1:] - x[:-1]) * (len(x) - 1)
    line = x[-1] - x[0]
    return (velocity - line).square().sum(2).mean() / line.square().sum(1).mean()
    ### END SOLUTION


# %%
minidit.check("5.5", bend)

# %% [markdown]
# ## 5.6 Spot the bug
#
# *10 minutes, easy.* A colleague pairs the noise of a batch with its images by the shortest lines, and then trains a network that is told the labels:
#
# ```python
# def couple(noise, x, labels):
#     squares = torch.cdist(noise.flatten(1), x.flatten(1)).square()
#     _, order = linear_sum_assignment(squares)  # noise i goes with image order[i]
#     return noise, x[order], labels
# ```
#
# The loss falls as it should. But whatever digit is asked for, the network draws all ten. Find the fault and mend it.


# %%
def couple(
    noise: torch.Tensor, x: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """noise and x (batch, c, h, w), labels (batch,) -> the same three, in pairs of shortest lines."""
    ### BEGIN SOLUTION
    squares = torch.cdist(noise.flatten(1), x.flatten(1)).square()
    _, order = linear_sum_assignment(squares)
    return noise, x[order], labels[order]
    ### END SOLUTION


# %%
minidit.check("5.6", couple)

# %% [markdown]
# ## 5.7 Write the test
#
# *20 minutes, hard.* Somebody hands you a function `examples(x, generator)` that makes one training example of each image `x` (batch, c, h, w), on the straight path, with times uniform in 0 to 1 and pairs by chance. It
# draws from `generator` and returns `x_t`, `t` (batch,), and the target. Write a test that raises `AssertionError` when it is wrong. It must accept the right function, in whichever order that draws, and refuse six wrong ones
# that you will not see.


# %%
def try_examples(examples: Callable) -> None:
    """Raise AssertionError unless examples(x, generator) makes right training examples."""
    ### BEGIN SOLUTION
    x = torch.randn(1000, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    x_t, t, target = examples(x, torch.Generator().manual_seed(1))
    noise = x - target
    assert torch.allclose(x_t + (1 - t).view(-1, 1, 1, 1) * target, x, atol=1e-4)
    assert 0.9 < noise.std() < 1.1 and not torch.allclose(noise[0], noise[1])
    assert t.min() < 0.1 and t.max() > 0.9 and t.std() > 0.2
    ### END SOLUTION


# %%
minidit.check("5.7", try_examples)
