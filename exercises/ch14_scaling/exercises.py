# %% [markdown]
# # Exercises to chapter 14
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("14.3")` gives one hint at a
# time, three in all.

# %%
import torch
from scipy.optimize import nnls

import minidit

# %% [markdown]
# ## 14.1 A slope in logarithms
#
# *10 minutes, easy.* Networks of several sizes were trained. You are given what one image costs each of them, in GFLOPs, and the error of each. Return the slope of the line of least squares of log(error) on log(compute).


# %%
def slope(compute: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
    """compute (sizes,), error (sizes,) -> the slope, a scalar."""
    ### BEGIN SOLUTION
    x, y = compute.log(), error.log()
    x = x - x.mean()
    return (x * (y - y.mean())).sum() / (x * x).sum()
    ### END SOLUTION


# %%
minidit.check("14.1", slope)

# %% [markdown]
# ## 14.2 Steps at equal compute
#
# *20 minutes, medium.* Some networks are to be compared at equal compute: each may spend the same budget of FLOPs on its training. Each is given as (dim, depth, tokens). Count the blocks alone. In a block of DiT every token goes through linear layers that have $4d^2$ weights in attention and
# $8d^2$ in the MLP. Attention's two products meet each token with each, $n^2 d$ MACs for each product. And adaLN's linear layer, from $d$ to $6d$, sees the condition: one vector an image. A MAC is two FLOPs. A step of training goes forward once, and backward, which costs as much as two forward passes. Return how many whole steps each
# network may train, with `batch` images a step.


# %%
def steps(networks: list[tuple[int, int, int]], batch: int, budget: float) -> list[int]:
    """Networks (dim, depth, tokens), a batch, a budget of FLOPs for each network -> whole steps of each."""
    ### BEGIN SOLUTION
    macs = [depth * (12 * n * dim**2 + 2 * n**2 * dim + 6 * dim**2) for dim, depth, n in networks]
    return [int(budget // (2 * 3 * one * batch)) for one in macs]
    ### END SOLUTION


# %%
minidit.check("14.2", steps)

# %% [markdown]
# ## 14.3 A law with a floor
#
# *20 minutes, medium.* Fit error = floor + a (C / unit)^-b, where the unit is the geometric mean of the computes. The exponents to try are handed in. Find the law with the smallest sum of squared *relative* misses, (law - error) / error, in which neither floor nor a is
# below 0. (`nnls(A, y)` gives the x of 0 or more for which A x is nearest to y, and how near; it wants arrays.)


# %%
def law(compute: torch.Tensor, error: torch.Tensor, exponents: torch.Tensor) -> tuple[float, float, float]:
    """compute (sizes,), error (sizes,), exponents (tries,) -> floor, a, b."""
    ### BEGIN SOLUTION
    u = compute / compute.log().mean().exp()
    found = []
    for b in exponents.tolist():
        columns = torch.stack([torch.ones_like(u), u**-b], dim=1) / error[:, None]  # (sizes, 2)
        (floor, a), miss = nnls(columns.numpy(), torch.ones_like(u).numpy())
        found.append((miss, floor, a, b))
    return min(found)[1:]
    ### END SOLUTION


# %%
minidit.check("14.3", law)

# %% [markdown]
# ## 14.4 An interval of an extrapolation
#
# *20 minutes, medium.* Each row of `errors` is a seed, with its errors at all sizes. A seed decides images, order and noise at every size. The bootstrap plays the study again and again with seeds drawn from those that there are. The draws are handed in: each row of `picks` names the seeds of one round, some twice and
# some not at all. In each round take the mean error at each size, draw the line of least squares through them in logarithms, and read the error that it promises at the compute `at`. Return the lower and the upper end of the middle 95 % of these promises. (`Tensor.quantile` finds them.)


# %%
def interval(
    compute: torch.Tensor, errors: torch.Tensor, picks: torch.Tensor, at: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """compute (sizes,), errors (seeds, sizes), picks (rounds, seeds) -> lower end, upper end."""
    ### BEGIN SOLUTION
    x, y = compute.log(), errors[picks].mean(dim=1).log()  # (rounds, seeds, sizes) -> (rounds, sizes)
    away = x - x.mean()
    slopes = (y * away).sum(dim=1) / (away * away).sum()
    said = (y.mean(dim=1) + slopes * (torch.tensor(at).double().log() - x.mean())).exp()
    return said.quantile(0.025), said.quantile(0.975)
    ### END SOLUTION


# %%
minidit.check("14.4", interval)

# %% [markdown]
# ## 14.5 The floor of a task
#
# *20 minutes, hard.* The numbers of an image are independent here, and normal: number i has the deviation s[i]. On the straight path $x_t = t\,x_1 + (1 - t)\,\epsilon$ a network is asked for the velocity $x_1 - \epsilon$. It sees $x_t$ and $t$, and no more. Return the least mean squared error that any network can have, as a mean over the
# given times and over the numbers of an image. (All times lie below 1.)


# %%
def floor(s: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Deviations s (d,), times (n,) -> the least error, a scalar."""
    ### BEGIN SOLUTION
    t = times[:, None]  # (n,) -> (n, 1)
    return (s**2 / (t**2 * s**2 + (1 - t) ** 2)).mean()
    ### END SOLUTION


# %%
minidit.check("14.5", floor)

# %% [markdown]
# ## 14.6 Foretell one run
#
# *15 minutes, medium.* Seeds were drawn again, and a law was fitted in each round: a row of `laws` is (floor, a, b), for error = floor + a (C / unit)^-b. A larger network of compute `at` will be run *once*. A single run differs from the mean of many by a share of that mean, with standard deviation `spread`; round k uses law k and `z[k]`.
# The draws are handed in: `z` holds a normal number for each round. Return the interval that holds the middle 95 % of where the one run may come out.


# %%
def foretell(
    laws: torch.Tensor, unit: float, at: float, spread: float, z: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """laws (rounds, 3), z (rounds,) -> lower end, upper end."""
    ### BEGIN SOLUTION
    floor, a, b = laws.T
    runs = (floor + a * (at / unit) ** -b) * (1 + spread * z)
    return runs.quantile(0.025), runs.quantile(0.975)
    ### END SOLUTION


# %%
minidit.check("14.6", foretell)

# %% [markdown]
# ## 14.7 Does it level off?
#
# *20 minutes, medium.* An odd number of networks, from the smallest to the largest, and the FID of each. Real images beside other real images have an FID too, `real`: the metric's own floor, which no network is to blame for. Only what lies above it can fall. Take it off. Then fit two lines of least squares in logarithms: one through the
# sizes up to the middle one, and one from the middle one on (it belongs to both). Return what is left of the slope, the upper one divided by the lower one, and whether that is less than a half. That is our rule for "levels off".


# %%
def levels(compute: torch.Tensor, fid: torch.Tensor, real: float) -> tuple[torch.Tensor, bool]:
    """compute (sizes,), fid (sizes,), the metric's floor -> what is left of the slope, is it less than half?"""
    ### BEGIN SOLUTION
    x, y, middle = compute.log(), (fid - real).log(), len(compute) // 2

    def slope(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = x - x.mean()
        return (x * y).sum() / (x * x).sum()

    left = slope(x[middle:], y[middle:]) / slope(x[: middle + 1], y[: middle + 1])
    return left, bool(left < 0.5)
    ### END SOLUTION


# %%
minidit.check("14.7", levels)
