# %% [markdown]
# # Exercises to chapter 9
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("9.3")` gives one hint at a
# time, three in all.

# %%
from collections.abc import Callable
from statistics import mean

import torch
from torch import nn

import minidit

# %% [markdown]
# ## 9.1 Where the norm stands, by experiment
#
# *20 minutes, medium.* You are handed a block: a function from tokens to tokens. Say where its norm stands, by feeding it tokens. Answer "post" if a norm stands
# *on the stream*, anywhere in the block; "sandwich" if none does, and what the branch adds is normed before it is added, perhaps with a gate after that, which is one number; else "pre".
# By this definition `four` is post: its line begins behind the norm. Here is what the blocks look like inside. `norm` has no gain and no bias, `f` is a small MLP of random weights, large or small.
#
# ```python
# def one(x):  # "The branch is added to x, and the sum is normed."
#     return x + f(norm(x))
#
# def two(x):  # "Norms first, then adds the branch."
#     return x + f(norm(x))          # f may be far larger than x
#
# def three(x):  # "Adds the branch, then norms."
#     return norm(x + f(x))
#
# def four(x):  # "Norms first, then adds the branch to what it was given."
#     h = norm(x)
#     return h + f(h)
#
# def five(x):  # "A norm on either side of the branch."
#     return x + norm(f(norm(x)))
#
# def six(x):  # "Norms, a branch, a gate."
#     return x + 0.1 * norm(f(norm(x)))
# ```
#
# The first is how a famous tutorial, The Annotated Transformer, does it (here in our own words and code): its prose gives the formula of 2017, with the norm after the sum; its code norms first, to keep the code short, and one line of comment says so.
# Who reads the prose alone is misled. Your function must not read; it must try.


# %%
def where(block: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> str:
    """Where the norm of `block` stands; x (tokens, dim) are some tokens of ordinary size."""
    ### BEGIN SOLUTION
    large = 1e6 * x
    if block(2 * large).norm() < 1.5 * block(large).norm():
        return "post"
    size = (block(x) - x).norm(dim=-1)
    return "sandwich" if size.std() < 1e-3 * size.mean() else "pre"
    ### END SOLUTION


# %%
minidit.check("9.1", where)

# %% [markdown]
# ## 9.2 What is left of the input
#
# *15 minutes, easy.* A stream starts with variance 1. Each *block* has two branches, attention and the MLP, and each branch adds `s` times something of variance 1 that has nothing to do with the stream.
# Return the variance of the stream behind the last block, and the share of that variance which is still the input. With "post" a norm stands behind every sum.
# `s` may be a gate, or a *residual scale*: a constant before every branch.


# %%
def stream(placement: str, blocks: int, s: float) -> tuple[float, float]:
    """placement "pre", "post" or "sandwich" -> (variance, share of the input in it)."""
    ### BEGIN SOLUTION
    branches = 2 * blocks
    if placement == "post":
        return 1.0, (1 + s**2) ** -branches
    variance = 1 + branches * s**2
    return variance, 1 / variance
    ### END SOLUTION


# %%
minidit.check("9.2", stream)

# %% [markdown]
# ## 9.3 Gradients, block by block, or none
#
# *20 minutes, medium.* A small network: `y = x`, then `y = block(y)` for each block, then `head(y)`. The loss is the mean square of `head(y) - target`. Return the size of the loss's gradient in each block, from the
# first to the last: the 2-norm over *all* parameters of the block. If the head's weight is zero, the reading says nothing about the blocks: return None. Small gradients are a reading, and so are zeros where the answer happens to meet the target. Asked twice, answer the same.


# %%
def gradient_norms(
    blocks: nn.ModuleList, head: nn.Linear, x: torch.Tensor, target: torch.Tensor
) -> list[float] | None:
    """x (n, dim), target (n, out) -> a number for each block, or None where a zero head silences all."""
    ### BEGIN SOLUTION
    if not head.weight.any():
        return None
    y = x
    for block in blocks:
        y = block(y)
    loss = (head(y) - target).square().mean()
    own = [list(block.parameters()) for block in blocks]
    found = iter(torch.autograd.grad(loss, [p for part in own for p in part]))
    return [sum(next(found).square().sum() for _ in part).sqrt().item() for part in own]
    ### END SOLUTION


# %%
minidit.check("9.3", gradient_norms)

# %% [markdown]
# ## 9.4 Merge gain and bias into the next layer
#
# *10 minutes, easy.* A norm gives $y$, multiplies it by a gain and adds a bias (here `shift`); a linear layer follows. Return weight and bias of a linear layer that does the same to the bare $y$. Then the norm needs neither.


# %%
def merge(
    gain: torch.Tensor, shift: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """gain, shift (in,), weight (out, in), bias (out,) -> the new weight and the new bias."""
    ### BEGIN SOLUTION
    return weight * gain, bias + weight @ shift
    ### END SOLUTION


# %%
minidit.check("9.4", merge)

# %% [markdown]
# ## 9.5 Merge gain and bias into adaLN
#
# *20 minutes, hard.* In DiT something stands between the norm and the next layer: $(1 + s)\,y + h$, with shift $h$ and scale $s$ made from the condition $c$ by adaLN's linear layer, `h, s = (weight @ c + bias).chunk(2)`. So a gain $g$ and a bias $b$ of the norm give
# $(1 + s)(g y + b) + h$. They cannot go into the next layer as in 9.4: the bias arrives there as $(1 + s)\,b$, which depends on the condition. Put them into adaLN's own layer.


# %%
def into_adaln(
    gain: torch.Tensor, shift: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """gain, shift (dim,), weight (2 dim, told), bias (2 dim,) -> adaLN's new weight and new bias."""
    ### BEGIN SOLUTION
    upper, lower = weight.chunk(2)
    h, s = bias.chunk(2)
    new = torch.cat([upper + shift[:, None] * lower, gain[:, None] * lower])
    return new, torch.cat([h + shift * (1 + s), gain * (1 + s) - 1])
    ### END SOLUTION


# %%
minidit.check("9.5", into_adaln)

# %% [markdown]
# ## 9.6 Read learning-rate curves honestly
#
# *20 minutes, medium.* Two arms ran at several rates. `tuning` and `deciding` hold errors as `{(arm, rate, seed): error}`, for different seeds. Choose each arm's rate by the mean of its tuning seeds, of two that tie the smaller. Then compare on the deciding
# seeds, at these rates: by how many percent is the arm's error above the base's, seed by seed, in the mean? And say whether either rate stands at an end of the grid. (You are given every rate for the deciding seeds too. In a real trial they would not have been run.)


# %%
def honest(tuning: dict, deciding: dict, arm: str, base: str) -> tuple[float, bool]:
    """Errors by (arm, rate, seed) -> (the mean difference in percent, whether a chosen rate is at an edge)."""
    ### BEGIN SOLUTION
    rates = sorted({rate for _, rate, _ in tuning})

    def best(name):
        return min(
            rates, key=lambda r: mean(e for (a, rate, _), e in tuning.items() if (a, rate) == (name, r))
        )

    one, other = best(arm), best(base)
    seeds = {seed for _, _, seed in deciding}
    percent = mean(100 * (deciding[arm, one, s] / deciding[base, other, s] - 1) for s in seeds)
    return percent, one in (rates[0], rates[-1]) or other in (rates[0], rates[-1])
    ### END SOLUTION


# %%
minidit.check("9.6", honest)

# %% [markdown]
# ## 9.7 Write the test
#
# *20 minutes, medium.* Somebody hands you a function `place(x, f, norm, gate)` that should be pre-norm with a gate: x + gate * f(norm(x)). Write a test that raises `AssertionError` when it is not. It must accept the right function, and refuse six
# wrong ones that you will not see: some stand elsewhere, some lose the gate, and all run without an error. You choose `x`, `f`, `norm` and `gate`.


# %%
def try_place(place) -> None:
    """Raise AssertionError unless place(x, f, norm, gate) is pre-norm with a gate."""
    ### BEGIN SOLUTION
    x, gate = 3 + 2 * torch.randn(2, 5, 8), 0.2 + torch.rand(8)

    def norm(y):
        return (y - y.mean(-1, keepdim=True)) / y.std(-1, keepdim=True)

    def f(y):
        return y.flip(-1) ** 2 + 1

    assert torch.allclose(place(x, f, norm, gate), x + gate * f(norm(x)), atol=1e-4)
    assert torch.equal(place(x, f, norm, 0 * gate), x)
    ### END SOLUTION


# %%
minidit.check("9.7", try_place)
