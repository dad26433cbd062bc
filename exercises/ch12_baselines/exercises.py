# %% [markdown]
# # Exercises to chapter 12
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("12.3")` gives one hint at a
# time, three in all.

# %%
import torch
from scipy import stats

import minidit

# %% [markdown]
# ## 12.1 One yardstick
#
# *15 minutes, medium.* Two networks print two losses, one of the data, one of the velocity. Which is better? Read both as a guess of the *noise*. You are given the squared errors of one answer at some
# times, and there the shares alpha and sigma of $x = \alpha\,\mathrm{data} + \sigma\,\varepsilon$, and the *turn* $D = \dot\alpha\sigma - \alpha\dot\sigma$ (1 on the straight path). An error of the noise by $e$ is one of the data by
# $-e\,\sigma/\alpha$, one of the score $-\varepsilon/\sigma$ by $-e/\sigma$, and one of the velocity by $-e\,D/\alpha$. Return the mean squared error of the noise.


# %%
def noise_error(
    kind: str, errors: torch.Tensor, alpha: torch.Tensor, sigma: torch.Tensor, turn: torch.Tensor
) -> torch.Tensor:
    """Squared errors (n,) of a "noise", "data", "score" or "velocity" -> the noise's mean squared error."""
    ### BEGIN SOLUTION
    ratios = {
        "noise": torch.ones_like(alpha),
        "data": alpha / sigma,
        "score": sigma,
        "velocity": alpha / turn,
    }
    return (errors * ratios[kind] ** 2).mean()
    ### END SOLUTION


# %%
minidit.check("12.1", noise_error)

# %% [markdown]
# ## 12.2 A step of DDPM
#
# *20 minutes, medium.* In step k noise of variance `betas[k]` was added, and $\bar\alpha_k = \prod_{j \le k}(1 - \beta_j)$ is what is left of the data's variance: $x_k = \sqrt{\bar\alpha_k}\,\mathrm{data} + \sqrt{1 - \bar\alpha_k}\,\varepsilon$. The network
# guessed the noise. Were the guess right, the cleaner image would be normal, with
#
# $$ \mathrm{mean} = \frac{\beta_k \sqrt{\bar\alpha_{k-1}}\;\mathrm{data} + (1 - \bar\alpha_{k-1})\sqrt{1 - \beta_k}\;x_k}{1 - \bar\alpha_k}, \qquad \mathrm{variance} = \beta_k\,\frac{1 - \bar\alpha_{k-1}}{1 - \bar\alpha_k} . $$
#
# Before step 0 all of the data is there: $\bar\alpha_{-1} = 1$. Return the cleaner image, with `z` as the fresh noise.


# %%
def step(x: torch.Tensor, noise: torch.Tensor, z: torch.Tensor, k: int, betas: torch.Tensor) -> torch.Tensor:
    """x_k, a guess of its noise, fresh noise z, k from 0, betas (K,) -> x_{k-1}, like x."""
    ### BEGIN SOLUTION
    abar = (1 - betas).cumprod(0)
    now, before = abar[k], abar[k - 1] if k else torch.ones_like(abar[0])
    data = (x - (1 - now).sqrt() * noise) / now.sqrt()
    mean = (betas[k] * before.sqrt() * data + (1 - before) * (1 - betas[k]).sqrt() * x) / (1 - now)
    return mean + (betas[k] * (1 - before) / (1 - now)).sqrt() * z
    ### END SOLUTION


# %%
minidit.check("12.2", step)

# %% [markdown]
# ## 12.3 One network through two clocks
#
# *20 minutes, hard.* Somebody trained a network `f(x, s)` on the quarter circle: there, at the place $\tau$, the shares are $\alpha = \sin(\pi\tau/2)$ and $\sigma = \cos(\pi\tau/2)$. It answers with the noise, and it is told $s = 1000\,(1 - \tau)$, so 1000 at the noise. You walk on the
# straight path, where the shares are $t$ and $1 - t$. Return the velocity on your path, from noise to data, at your `x` and `t`. (`torch.atan2(a, b)` is the angle of the point that lies b to the right and a up.)


# %%
def velocity(f, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """x (batch, c, h, w) on the straight path at t (batch,) -> its velocity, like x."""
    ### BEGIN SOLUTION
    size = (t**2 + (1 - t) ** 2).sqrt().view(-1, 1, 1, 1)  # (b,) -> (b, 1, 1, 1)
    noise = f(x / size, 1000 * (1 - torch.atan2(t, 1 - t) * 2 / torch.pi))
    return (x - noise) / t.view(-1, 1, 1, 1)
    ### END SOLUTION


# %%
minidit.check("12.3", velocity)

# %% [markdown]
# ## 12.4 Log-SNR of three paths
#
# *10 minutes, easy.* SNR is the data's variance in x over that of the noise, where the data have variance 1: $\alpha^2/\sigma^2$. Return its natural logarithm at our times t (noise at 0). The paths are "linear", with shares t and 1 - t; "gvp", with
# $\sin(\pi t/2)$ and $\cos(\pi t/2)$; and "vp", with $\alpha^2 + \sigma^2 = 1$ and $\log \alpha = -\tfrac12\,(0.1\,u + 19.9\,u^2/2)$ at $u = 1 - t$.


# %%
def log_snr(path: str, t: torch.Tensor) -> torch.Tensor:
    """Times (n,) strictly between 0 and 1 -> log SNR (n,)."""
    ### BEGIN SOLUTION
    if path == "linear":
        alpha, sigma = t, 1 - t
    elif path == "gvp":
        alpha, sigma = torch.sin(torch.pi * t / 2), torch.cos(torch.pi * t / 2)
    else:
        u = 1 - t
        alpha = (-(0.1 * u + 19.9 * u**2 / 2) / 2).exp()
        sigma = (1 - alpha**2).sqrt()
    return 2 * (alpha / sigma).log()
    ### END SOLUTION


# %%
minidit.check("12.4", log_snr)

# %% [markdown]
# ## 12.5 Equal evaluations
#
# *10 minutes, easy.* Samplers are compared at equal cost: so many evaluations of the network per image. How many steps does each get? The samplers are "euler"; "euler-maruyama", its sibling with noise, which reads the score from the velocity; "heun"; and
# "mended heun", chapter 7's, whose last step is Euler's. With guidance each question is asked twice, once with the label and once without.


# %%
def steps(sampler: str, budget: int, guided: bool) -> int:
    """The most steps that `budget` evaluations pay for."""
    ### BEGIN SOLUTION
    questions = budget // 2 if guided else budget
    if sampler == "heun":
        return questions // 2
    return (questions + 1) // 2 if sampler == "mended heun" else questions
    ### END SOLUTION


# %%
minidit.check("12.5", steps)

# %% [markdown]
# ## 12.6 Decide with Holm
#
# *20 minutes, medium.* Two arms were trained with the same seeds and compared by several metrics. For each metric you are given Student's t of its paired differences. Which differences are decided, if one may be wrong about *any* of them with the chance alpha at most? Holm's
# procedure: order the two-sided p-values. The smallest of m must be below alpha / m, the next below alpha / (m - 1), and so on; the first that is not stops it, and all from there on stay undecided. (`stats.t.sf(x, freedom)` is the chance of a t above x.)


# %%
def decide(t: list[float], seeds: int, alpha: float) -> list[bool]:
    """t, one a metric, of paired differences over so many seeds -> decided or not, in the order of t."""
    ### BEGIN SOLUTION
    p = [2 * stats.t.sf(abs(one), seeds - 1) for one in t]
    answers, going = [False] * len(p), True
    for k, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        going = going and p[place] < alpha / (len(p) - k)
        answers[place] = bool(going)
    return answers
    ### END SOLUTION


# %%
minidit.check("12.6", decide)

# %% [markdown]
# ## 12.7 How large is the answer?
#
# *15 minutes, medium.* Does what a network must say span orders of magnitude? Data and noise are independent; the noise has mean 0 and mean square 1, the data have mean square s. Return the mean squares of four targets at some times: the noise, the data, the score
# $-\varepsilon/\sigma$, and the velocity $\dot\alpha\,\mathrm{data} + \dot\sigma\,\varepsilon$.


# %%
def mean_squares(
    alpha: torch.Tensor, sigma: torch.Tensor, alpha_dot: torch.Tensor, sigma_dot: torch.Tensor, s: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Shares and their derivatives (n,) -> mean squares of noise, data, score and velocity, each (n,)."""
    ### BEGIN SOLUTION
    one = torch.ones_like(alpha)
    return one, s * one, 1 / sigma**2, s * alpha_dot**2 + sigma_dot**2
    ### END SOLUTION


# %%
minidit.check("12.7", mean_squares)
