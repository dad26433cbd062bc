# %% [markdown]
# # Exercises to chapter 6
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("6.3")` gives one hint at a
# time, three in all.

# %%
import torch

import minidit

# %% [markdown]
# ## 6.1 The data from any answer
#
# *15 minutes, medium.* The chapter read answers on the straight path. Do it on any path: `alpha` and `sigma` are the shares of image and noise in x,
# one pair for each image of the batch. `kind` is "data", "noise" or "score". Return the clean image that the answer implies.


# %%
def clean(
    kind: str, answer: torch.Tensor, x: torch.Tensor, alpha: torch.Tensor, sigma: torch.Tensor
) -> torch.Tensor:
    """answer and x (batch, c, h, w), alpha and sigma (batch,) -> the data (batch, c, h, w)."""
    ### BEGIN SOLUTION
    if kind == "data":
        return answer
    a, s = alpha.view(-1, 1, 1, 1), sigma.view(-1, 1, 1, 1)
    noise = answer if kind == "noise" else -s * answer
    return (x - s * noise) / a
    ### END SOLUTION


# %%
minidit.check("6.1", clean)

# %% [markdown]
# ## 6.2 What a loss weighs
#
# *10 minutes, medium.* On the straight path. A plain squared error of one answer is a weighted squared error of each other. Return that weight at the times t: how
# many squared errors of `unit` does one make when the loss is that of `answer`? Both are "velocity", "noise" or "data". (In the chapter's table the unit was the velocity.)


# %%
def weight(answer: str, unit: str, t: torch.Tensor) -> torch.Tensor:
    """The weight (n,) that the plain loss of `answer` gives to a squared error of `unit` at times t (n,)."""
    ### BEGIN SOLUTION
    size = {"velocity": torch.ones_like(t), "noise": t, "data": 1 - t}
    return (size[answer] / size[unit]) ** 2
    ### END SOLUTION


# %%
minidit.check("6.2", weight)

# %% [markdown]
# ## 6.3 Compare fairly
#
# *10 minutes, medium.* A colleague sends you the squared errors of a network, one for each held-out image, and their times. The network answers with `kind`, on the
# straight path. Return the mean squared error of its *velocity*, so that you can compare it with yours.


# %%
def velocity_loss(errors: torch.Tensor, t: torch.Tensor, kind: str) -> torch.Tensor:
    """Squared errors (n,) of an answer at times t (n,) -> the mean squared velocity error, a scalar."""
    ### BEGIN SOLUTION
    size = {"velocity": torch.ones_like(t), "noise": t, "data": 1 - t}[kind]
    return (errors / size**2).mean()
    ### END SOLUTION


# %%
minidit.check("6.3", velocity_loss)

# %% [markdown]
# ## 6.4 Logit-normal times, with a shift
#
# *10 minutes, easy.* A time is drawn as the sigmoid of a normal number. Large images need more of the times near the noise. SD3 shifts its times by
#
# $$ s \leftarrow \frac{b\,s}{1 + (b - 1)\,s} , $$
#
# with $s = 1$ at the *noise* and $b > 1$. Write it for this book's t. The normal numbers are handed in.


# %%
def times(n: torch.Tensor, by: float) -> torch.Tensor:
    """Normal numbers n (batch,) -> times (batch,), shifted towards the noise by `by`."""
    ### BEGIN SOLUTION
    t = n.sigmoid()
    return t / (t + by * (1 - t))
    ### END SOLUTION


# %%
minidit.check("6.4", times)

# %% [markdown]
# ## 6.5 Our time for a step of DDPM
#
# *15 minutes, medium.* An image comes from DDPM: $x = \sqrt{\bar\alpha}\,x_1 + \sqrt{1 - \bar\alpha}\,\varepsilon$. Your network was trained on the straight path. At which t do you ask it,
# and what do you show it?


# %%
def from_ddpm(x: torch.Tensor, abar: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x (batch, c, h, w), abar (batch,) -> t (batch,), and the image on the straight path, like x."""
    ### BEGIN SOLUTION
    t = 1 / (1 + ((1 - abar) / abar).sqrt())
    return t, x * (t / abar.sqrt()).view(-1, 1, 1, 1)
    ### END SOLUTION


# %%
minidit.check("6.5", from_ddpm)

# %% [markdown]
# ## 6.6 Spot the bug
#
# *10 minutes, medium.* Somebody ports a network of SD3's kind. It is told 1000 at the noise and 0 at the data, and answers `noise - data`. No error is
# raised, and the samples are noise:
#
# ```python
# def ported(f, x, t):
#     return f(x, 1000 * (1 - t))
# ```
#
# What does Euler's method do with it, starting from noise? Find the fault, and write the function as it should be.


# %%
def ported(f, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Our velocity at x (batch, c, h, w) and our times t (batch,), from their network f(x, s)."""
    ### BEGIN SOLUTION
    return -f(x, 1000 * (1 - t))
    ### END SOLUTION


# %%
minidit.check("6.6", ported)

# %% [markdown]
# ## 6.7 Write the test
#
# *15 minutes, medium.* Somebody hands you a function `read(v, x, t)` that returns the data and the noise which a velocity implies, on the straight path. Write a test
# that raises `AssertionError` when it is wrong. It must accept the right function, and refuse four wrong ones that you will not see.


# %%
def try_read(read) -> None:
    """Raise AssertionError unless read(v, x, t) returns the right (data, noise)."""
    ### BEGIN SOLUTION
    data, noise = torch.randn(2, 2, 1, 2, 2)
    t = torch.tensor([0.2, 0.7])
    w = t.view(-1, 1, 1, 1)
    got = read(data - noise, w * data + (1 - w) * noise, t)
    assert torch.allclose(got[0], data, atol=1e-4)
    assert torch.allclose(got[1], noise, atol=1e-4)
    ### END SOLUTION


# %%
minidit.check("6.7", try_read)
