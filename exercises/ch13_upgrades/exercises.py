# %% [markdown]
# # Exercises to chapter 13
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("13.4")` gives one hint at a
# time, three in all.

# %%
import torch

import minidit

# %% [markdown]
# ## 13.1 RMSNorm
#
# *10 minutes, easy.* Divide each token by its root mean square, then multiply channel by channel by the gain:
#
# $$ y = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \epsilon}} \; g . $$
#
# The mean runs over the channels of one token. Write it out; do not call PyTorch's own.


# %%
def rms(x: torch.Tensor, gain: torch.Tensor, eps: float) -> torch.Tensor:
    """x (batch, tokens, dim), gain (dim,) -> (batch, tokens, dim)."""
    ### BEGIN SOLUTION
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * gain
    ### END SOLUTION


# %%
minidit.check("13.1", rms)

# %% [markdown]
# ## 13.2 SwiGLU at equal parameters
#
# *10 minutes, easy.* An MLP has a matrix from `dim` to `hidden` and one back. A SwiGLU makes a gate and a value of each token, both of the same width, multiplies the two, and goes back to `dim`. Biases are left out here.
# Return the largest number of hidden units at which the SwiGLU has no more weights than the MLP.


# %%
def width(dim: int, hidden: int) -> int:
    """The hidden units of a SwiGLU beside an MLP that has `hidden` of them, at the same `dim`."""
    ### BEGIN SOLUTION
    return 2 * hidden // 3
    ### END SOLUTION


# %%
minidit.check("13.2", width)

# %% [markdown]
# ## 13.3 RoPE for tokens that were kept
#
# *20 minutes, hard.* An image is cut into rows and columns of tokens, read row by row from 0. Some of its tokens were skipped, as routing does (chapter 11). You are given the queries, keys and values of the others, for one head, and `kept`: where each of them stands in
# the image, as a number from 0. Turn what RoPE turns, and return all three.
#
# With d the width of the head, take neighbours as pairs: (0, 1), (2, 3), and so on, d / 2 pairs in all. The first half of the pairs turns with the row, the second half with the column. Each half has p = d / 4 pairs, and pair i of a half turns by the angle
# $\text{place} \cdot 10000^{-i/p}$, i = 0 to p - 1. A pair (a, b) turned by the angle $\theta$ is $(a \cos\theta - b \sin\theta,\; a \sin\theta + b \cos\theta)$. Rows and columns count from 0.


# %%
def turn(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, kept: torch.Tensor, columns: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """q, k, v (tokens, d), kept (tokens,) whole numbers, columns of the image -> the three for attention."""
    ### BEGIN SOLUTION
    pairs = q.shape[-1] // 4
    speeds = 10_000.0 ** (-torch.arange(pairs) / pairs)
    row, column = kept // columns, kept % columns
    angle = torch.cat([row[:, None] * speeds, column[:, None] * speeds], dim=1)  # (tokens, d/2)

    def turned(x: torch.Tensor) -> torch.Tensor:
        a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # (n, d) -> (n, d/2, 2) -> (n, d/2) each
        pair = a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()
        return torch.stack(pair, dim=-1).flatten(-2)  # (n, d/2, 2) -> (n, d)

    return turned(q), turned(k), v
    ### END SOLUTION


# %%
minidit.check("13.3", turn)

# %% [markdown]
# ## 13.4 A main effect, an interaction
#
# *15 minutes, medium.* A design is a table of signs: a row a run, a column a factor, +1 where the upgrade is there and -1 where it is not. `y` holds the error of each run. `factors` names one column or two.
#
# For one, return its main effect: the mean of y over the runs with the upgrade, less the mean over the runs without. For two, return their interaction: half the difference of one's effect where the other is there and where it is not. (In every design here each pair of columns has all four combinations
# of signs equally often.)


# %%
def effect(signs: torch.Tensor, y: torch.Tensor, factors: tuple[int, ...]) -> torch.Tensor:
    """signs (runs, k) of +1 and -1, y (runs,), one or two different columns -> a number."""
    ### BEGIN SOLUTION
    side = signs[:, list(factors)].prod(1)
    return y[side > 0].mean() - y[side < 0].mean()
    ### END SOLUTION


# %%
minidit.check("13.4", effect)

# %% [markdown]
# ## 13.5 Aliases of a half
#
# *10 minutes, medium.* Factors are called A to E. `word` is some of these letters, such as "ABCDE". So is an effect, such as "AB"; its column is the product of its letters' columns. The half keeps the runs in which the columns of `word` multiply to one fixed sign. There the column of any effect equals, up to a sign, that of one other. Return that other: its letters
# in alphabetical order. The effect without any letters, the mean, is "".


# %%
def alias(effect: str, word: str) -> str:
    """Letters of an effect and of the defining word -> letters of the effect's partner."""
    ### BEGIN SOLUTION
    return "".join(sorted(set(effect) ^ set(word)))
    ### END SOLUTION


# %%
minidit.check("13.5", alias)

# %% [markdown]
# ## 13.6 Holm on five effects
#
# *15 minutes, medium.* Five effects were tested, and each has a p-value. Decide by Holm's procedure at the level `alpha`: the smallest of m p-values must be below alpha / m, the next below alpha / (m - 1), and so on; at the first that fails you stop. Return a truth value for each effect, in the order in
# which they were given.


# %%
def holm(p: list[float], alpha: float) -> list[bool]:
    """p-values, level -> for each whether it is decided."""
    ### BEGIN SOLUTION
    decided = [False] * len(p)
    for k, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[place] >= alpha / (len(p) - k):
            break
        decided[place] = True
    return decided
    ### END SOLUTION


# %%
minidit.check("13.6", holm)

# %% [markdown]
# ## 13.7 Steps for equal time
#
# *10 minutes, easy.* `seconds` holds what a step of each arm took, in several rounds; row 0 is the base. All arms were measured on one machine, in turns, and sometimes it was busy with something else: so take the median of each arm's rounds. The base trains for `base_steps` steps. Return for every arm, the base too, the number of steps, whole and at least 1, that comes
# nearest to the base's time.


# %%
def steps(seconds: torch.Tensor, base_steps: int) -> list[int]:
    """seconds (arms, rounds) -> as many whole numbers as arms."""
    ### BEGIN SOLUTION
    typical = seconds.quantile(0.5, dim=1)
    return [max(1, round(base_steps * (typical[0] / one).item())) for one in typical]
    ### END SOLUTION


# %%
minidit.check("13.7", steps)
