# %% [markdown]
# # Exercises to chapter 10
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("10.3")` gives one hint at a
# time, three in all.

# %%
import hashlib

import torch

import minidit

# %% [markdown]
# ## 10.1 Attention's share of the update
#
# *10 minutes, easy.* A block adds `gate_1 * attention` and then `gate_2 * mlp` to its tokens. The size of a tensor is the root of the mean of its squares, over all its values. Return
# attention's share: the size of its update as a part of both sizes together.


# %%
def share(
    gate_1: torch.Tensor, attention: torch.Tensor, gate_2: torch.Tensor, mlp: torch.Tensor
) -> torch.Tensor:
    """Gates (batch, 1, dim), branches (batch, tokens, dim) -> a number from 0 to 1."""
    ### BEGIN SOLUTION
    sizes = [(gate * out).square().mean().sqrt() for gate, out in ((gate_1, attention), (gate_2, mlp))]
    return sizes[0] / (sizes[0] + sizes[1])
    ### END SOLUTION


# %%
minidit.check("10.1", share)

# %% [markdown]
# ## 10.2 An interval from resampled seeds
#
# *15 minutes, medium.* Two arms were trained with the same seeds; `a` and `b` are their errors, in the order of the seeds. The bootstrap plays the trial again and again with seeds drawn from
# those that there are. The draws are handed in: each row of `picks` names the seeds of one round, by their positions, some twice and some not at all. Return the interval that
# holds the middle 95 % of the rounds' mean differences a - b: its lower end and its upper end. (`Tensor.quantile` finds them.)


# %%
def interval(a: torch.Tensor, b: torch.Tensor, picks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Errors a, b (seeds,), picks (rounds, seeds) -> (lower end, upper end) of the mean of a - b."""
    ### BEGIN SOLUTION
    means = (a - b)[picks].mean(dim=1)  # (rounds, seeds) -> (rounds,)
    return means.quantile(0.025), means.quantile(0.975)
    ### END SOLUTION


# %%
minidit.check("10.2", interval)

# %% [markdown]
# ## 10.3 The roulette of one seed
#
# *15 minutes, medium.* Again errors of two arms by seed. The better arm is the one with the lower mean over all seeds. Somebody has computing time for one run of each arm, and picks the arm
# whose one run came out lower. How often is that the wrong arm? Unpaired: the seed of `a` and the seed of `b` are drawn apart, and each pair is equally likely. Paired: both arms get the same seed. A tie
# is decided by a coin. (The two means are never equal here.)


# %%
def roulette(a: torch.Tensor, b: torch.Tensor) -> tuple[float, float]:
    """Errors a, b (seeds,) -> how often one run each picks the wrong arm: (unpaired, paired)."""
    ### BEGIN SOLUTION
    good, bad = (a, b) if a.mean() < b.mean() else (b, a)

    def wins(one: torch.Tensor, other: torch.Tensor) -> float:
        return ((one < other).double() + 0.5 * (one == other).double()).mean().item()

    return wins(bad[None], good[:, None]), wins(bad, good)  # (1, n) beside (n, 1), and (n,) beside (n,)
    ### END SOLUTION


# %%
minidit.check("10.3", roulette)

# %% [markdown]
# ## 10.4 Streams that do not shift
#
# *15 minutes, medium.* Somebody compares two networks with this program:
#
# ```python
# def run(sizes, steps, seed):
#     draw = torch.Generator().manual_seed(seed)
#     weights = {name: torch.randn(size, generator=draw) for name, size in sizes.items()}
#     for step in range(steps):
#         noise = torch.randn(16, 3, 16, 16, generator=draw)
#         ...
# ```
#
# One network has a layer more. From its draw on everything is shifted: the weights behind it, and the noise of every step. The two runs share nothing but the seed's name. Mend it: write a function that
# returns a fresh generator for each draw, decided by the seed, the draw's name and the step, and by nothing else. Its draws must be the same in another process, and no two different triples may
# share theirs, as far as that can be arranged: the number that you hand to `manual_seed` should have 32 bits at least, and may have 64 at most. (`hashlib` is imported.)


# %%
def stream(seed: int, name: str, step: int) -> torch.Generator:
    """A fresh generator: the same for the same seed, name and step, another for any other three."""
    ### BEGIN SOLUTION
    digest = hashlib.blake2b(f"{seed}/{name}/{step}".encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))
    ### END SOLUTION


# %%
minidit.check("10.4", stream)

# %% [markdown]
# ## 10.5 Write the test
#
# *15 minutes, medium.* `see(arm, seed, step)` tells what an arm is shown in a step: the places of its images in the data (4,), and its noise (4, 2). The arms are "base" and "other". In a paired trial both see the same at
# the same seed and step, and they see something else at another seed and at another step. Write a test that raises `AssertionError` when that does not hold. It must accept the right function at any seeds (two steps may share an image by chance), and refuse six wrong
# ones that you will not see.


# %%
def try_arms(see) -> None:
    """Raise AssertionError unless see(arm, seed, step) is the same for both arms, and for nothing else."""
    ### BEGIN SOLUTION
    for seed in (0, 1):
        for step in (0, 1, 2):
            for one, other in zip(see("base", seed, step), see("other", seed, step), strict=True):
                assert torch.equal(one, other), "the arms see different things"
    first, next_seed, next_step = see("base", 0, 0), see("base", 1, 0), see("base", 0, 1)
    for part in (0, 1):
        assert not torch.equal(first[part], next_seed[part]), "two seeds see the same"
        assert not torch.equal(first[part], next_step[part]), "two steps see the same"
    ### END SOLUTION


# %%
minidit.check("10.5", try_arms)

# %% [markdown]
# ## 10.6 Which shift does attention see?
#
# *20 minutes, hard.* One head, no biases: queries, keys and values of tokens x are `x @ wq`, `x @ wk` and `x @ wv`. Token i gives key j the weight $\mathrm{softmax}_j(q_i \cdot k_j / \sqrt d)$, where $d$ is the width of queries and keys. Add
# the same vector h to all tokens. What attention then returns can be written with the old queries, keys and values, and two things more:
#
# $$ \sum_j \mathrm{softmax}_j\!\left(\frac{q_i \cdot k_j}{\sqrt d} + b_j\right) v_j \; + \; c . $$
#
# Return b, one number for each key, and c, one vector. (b is settled up to one number for all keys. Any will do; the check takes the mean off.)


# %%
def seen(
    x: torch.Tensor, h: torch.Tensor, wq: torch.Tensor, wk: torch.Tensor, wv: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """x (n, dim), h (dim,), weights (dim, d) -> b (n,), c (d,)."""
    ### BEGIN SOLUTION
    bias = (x @ wk) @ (h @ wq) / wk.shape[1] ** 0.5
    return bias, h @ wv
    ### END SOLUTION


# %%
minidit.check("10.6", seen)

# %% [markdown]
# ## 10.7 Equal parameters
#
# *20 minutes, medium.* A network with adaLN-Zero has `depth` blocks of width `dim`, and an MLP of `old * dim` hidden units in each. In each block a linear layer makes six vectors of the condition, and the last layer has
# one that makes two. Its rival is told by tokens: it has none of these layers, and in each block two learned gates that depend on nothing, one vector each. All else is equal: time and label become vectors in the same way, an MLP is
# two linear layers, and every linear layer has a bias. Return the MLP ratio at which the rival has as many parameters. Count exactly; the ratio need not be whole.


# %%
def ratio(dim: int, depth: int, old: float) -> float:
    """The mlp_ratio of the tokens' network, where adaLN-Zero's has the ratio `old`."""
    ### BEGIN SOLUTION
    more = depth * (6 * dim**2 + 6 * dim - 2 * dim) + 2 * dim**2 + 2 * dim
    return old + more / (depth * (2 * dim**2 + dim))
    ### END SOLUTION


# %%
minidit.check("10.7", ratio)
