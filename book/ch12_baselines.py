# %% [markdown]
# # Chapter 12: Which baseline, and why?
#
# | | |
# |---|---|
# | **Question** | "Always go with stochastic interpolants / flow matching", says one side. The other, as summarised: the output needs a log scale. Which baseline should a new idea be compared with, and which part of it does the work? |
# | **You will be able to** | take DDPM's bundle apart; walk with one network through two clocks; measure networks of different bundles with one yardstick; say how large an answer is, and where; tell a sampler from a training; decide over several metrics without fooling yourself |
# | **Minutes** | 2 on two cores, most of it three short training runs; about 6 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C12 (DDPM or flow matching) and C07 (a log scale) are told here |
#
# DiT was trained as an improved DDPM: predict the noise, a thousand steps, and, since Nichol and Dhariwal, a learned variance. SiT took DiT's network as it stood and changed the rest: predict the velocity on a straight path. An author of both wrote in August 2025: "always go with stochastic interpolants/flow matching (SiT should be the
# baseline here)". The critic held, as we know in summary, that the *output* is wrong: noise prediction spans orders of magnitude, so it needs a log scale. (Sources are on the cards of C12 and C07.)
#
# A baseline is what new ideas are compared with. A weak one makes every idea look good. So this chapter asks what the difference is made of.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from torch.optim import AdamW
from torch.testing import assert_close

# %%
import minidit
from minidit import Flow, Streams, TrainState, teach
from minidit.claims import tried
from minidit.claims.plan import at_the_edge
from minidit.claims.statistics import holm, p_value
from minidit.data import load
from minidit.flow import (
    PATHS,
    SDE,
    Diffusion,
    Draw,
    Objective,
    ancestral,
    ddim,
    euler,
    euler_maruyama,
    gaussian,
    last,
    sde_times,
    times,
)
from minidit.flow.prediction import data_and_noise, predict, turn
from minidit.flow.weighting import error_ratio
from minidit.measure import Judge, denoising_readout
from minidit.measure.fixed import noise, some
from minidit.model.conditioning import LabelEmbedding, TimestepEmbedding
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import tell
from minidit.training import read_artefact
from minidit.training.schedule import ema
from minidit.types import Condition

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
BLUE, GREEN = "#1d6fa5", "#1b7a43"
base, each = teach.settings(
    cpu=(minidit.experiment("shapes", ("training.steps=450", "training.batch_size=8")), 3),
    a100=(minidit.experiment("shapes-a100"), 20),
)
data, device = load(base.data), teach.device()
trained = read_artefact("shapes", device)
network, straight = trained.ema.module.eval(), trained.experiment.objective.flow
small = load(trained.experiment.data)  # the images that this network was trained on
print(f"a trained network: {straight.prediction} on the {straight.path} path")

# %% [markdown]
# ## Two rows
#
# Here are two rows of eight images, 16 evaluations of a network for each image. They start from the same noise. The upper row was drawn as flow matching draws, the lower one as DDPM does.
#
# Commit yourself before you read the code.

# %%
teach.predict(
    "ch12.rows",
    "Two rows of images, one drawn as flow matching draws, one as DDPM does, from the same noise. What differs between them?",
    choices={
        "a": "two networks, trained in two ways, and each has its own sampler",
        "b": "two networks, one sampler",
        "c": "one network, two samplers",
    },
    guess=None,
)


# %%
def over(values, x):
    return values.view(-1, *[1] * (x.ndim - 1))  # (b,) -> (b, 1, 1, 1)


def dressed(f, old, new):
    """The network f of the flow `old` in the clothes of the flow `new`."""
    here, there = PATHS[old.path], PATHS[new.path]

    def g(x, t, condition=None):
        level = there.sigma(t) / there.alpha(t).clamp(min=1e-3)
        t_old = here.time(level).clamp(0, 1)  # DDPM's path ends before pure noise
        size, size_old = (p.alpha(s).hypot(p.sigma(s)) for p, s in ((there, t), (here, t_old)))
        x_old = x * over(size_old / size, x)
        said = old.predict(f)(x_old, t_old, condition)
        found = data_and_noise(here, old.prediction, said, x_old, t_old)
        return predict(there, new.prediction, *found, t)

    return g


# %%
start = torch.randn(8, 3, 16, 16, generator=minidit.generator(0, "chapter 12")).to(device)
labels = torch.tensor([0, 3, 7, 10, 13, 16, 20, 23], device=device)
as_ddpm, ddpm = Flow("vp", "noise"), Diffusion.linear()
flow_row = last(euler(straight.velocity(network), start, times(16), labels))
draws = gaussian(start, Streams(0), "chapter 12")
ddpm_row = last(ancestral(dressed(network, straight, as_ddpm), start, ddpm.respace("16"), draws, labels))
teach.show(
    teach.rows({"flow matching": flow_row, "DDPM": ddpm_row}),
    alt="Eight shapes in two rows. Both rows show clean shapes of the same classes, in other places and sizes.",
)

# %% [markdown]
# ## Predict
#
# Three more, before you read on.

# %%
teach.predict(
    "ch12.losses",
    "We take one network, and read it as noise, as data and as velocity, on three paths. It knows the same all the time.\n"
    "How far apart are the nine losses that a log would print?",
    choices={
        "a": "the largest is less than twice the smallest",
        "b": "2 to 10 times",
        "c": "more than 10 times",
    },
    guess=None,
)

# %%
teach.predict(
    "ch12.range",
    "From log-SNR -6 (noise) to 6 (data), which of these answers changes its size most?",
    choices={
        "a": "the noise",
        "b": "the velocity on the straight path",
        "c": "the velocity on DDPM's path",
        "d": "the score",
    },
    guess=None,
)

# %%
teach.predict(
    "ch12.nine",
    "Two arms are the same in truth. They are compared with five seeds by nine metrics that have nothing to do with each\n"
    "other. How often is one of the nine differences 'significant at 5 %'?",
    choices={"a": "in 5 % of such trials", "b": "in 15 to 20 %", "c": "in more than a third"},
    guess=None,
)

# %% [markdown]
# ## The bundle
#
# "DDPM" and "flow matching" are two parcels. This is in them:
#
# | | DDPM, as DiT trains | flow matching, as SiT trains | in this book |
# |---|---|---|---|
# | path | variance-preserving, 1000 steps | straight | `path`: linear, gvp, vp |
# | answer | the noise | the velocity | `prediction` |
# | law of times | uniform over steps | uniform; here logit-normal | `time_sampling` |
# | variance | learned, by a second loss (the bound of DDPM, which trains the variance alone) | none is needed | `learn_sigma`, objective `hybrid` |
# | sampler | ancestral, 250 steps | an ODE (adaptive, Euler or Heun), or an SDE | `ancestral`, `euler`, ... |
#
# Five things change at once. Whoever compares the parcels learns which parcel to buy, not why. So we take them apart, one thing at a time. The network is not in the list: SiT took DiT's.
#
# ### A step of DDPM
#
# Chapter 6 met DDPM's steps as places on a path. But DDPM began as a chain. In step $k$ a little noise of variance $\beta_k$ is added, and the image shrinks, so that variances stay 1. Write $d$ for the image, and count steps from 0, as the code does. Behind step $k$
#
# $$ x_k = \sqrt{\bar\alpha_k}\; d + \sqrt{1 - \bar\alpha_k}\;\varepsilon , \qquad \bar\alpha_k = \prod_{j \le k} (1 - \beta_j) . $$
#
# Now back. If the image $d$ is known, $x_{k-1}$ given $x_k$ is normal. Two facts are known of it: what the image says, with variance $1 - \bar\alpha_{k-1}$, and what $x_k$ says: $x_k / \sqrt{1 - \beta_k}$, with variance $\beta_k / (1 - \beta_k)$. Two normal witnesses are averaged with weights that are one over their variances. That gives the *posterior*
#
# $$ \text{mean} = \frac{\sqrt{\bar\alpha_{k-1}}\,\beta_k\,d + \sqrt{1 - \beta_k}\,(1 - \bar\alpha_{k-1})\,x_k}{1 - \bar\alpha_k}, \qquad \tilde\beta_k = \beta_k\,\frac{1 - \bar\alpha_{k-1}}{1 - \bar\alpha_k} . $$
#
# The image is not known. DDPM puts the network's guess in its place, and draws.


# %%
def my_step(x, eps, z, k, betas):
    """x_k, a guess of its noise, fresh noise z -> x_{k-1}."""
    abar = (1 - betas).cumprod(0)
    now, before = abar[k], abar[k - 1] if k else torch.ones(())
    image = (x - (1 - now).sqrt() * eps) / now.sqrt()
    mean = betas[k] * before.sqrt() * image + (1 - before) * (1 - betas[k]).sqrt() * x
    return mean / (1 - now) + (betas[k] * (1 - before) / (1 - now)).sqrt() * z


# %%
few = ddpm.respace("6")
f = dressed(network, straight, as_ddpm)
x = start
with torch.no_grad():
    for k in range(5, -1, -1):
        t = torch.full((8,), float(few.time(torch.tensor(k))), device=device)
        x = my_step(x, f(x, t, labels), draws(k + 1), k, few.betas.float().to(device))
assert_close(x, last(ancestral(f, start, few, draws, labels)), rtol=1e-3, atol=1e-3)
print("six of our steps end where the library's do")

# %% [markdown]
# Before step 0 there is no noise, $\bar\alpha_{-1} = 1$. So at $k = 0$ the variance is 0: the last step adds no noise, and the formula says so by itself.
#
# ### What is the learned variance for?
#
# $\tilde\beta_k$ is right if the image is known exactly. If the data are themselves plain noise of variance 1, it is $\beta_k$ itself. The truth lies between. A network may say where, by a second set of channels: that is `learn_sigma`. How much is there to say?

# %%
figure, panel = plt.subplots(figsize=(6, 2.8))
for count, colour in (("1000", MUTED), ("250", BLUE), ("10", ACCENT)):
    process = ddpm.respace(count)
    ratio = (process.posterior_variance / process.betas)[1:]
    panel.plot(
        torch.arange(1, len(process)) / len(process), ratio, color=colour, label=f"{count} steps", linewidth=2
    )
panel.set(
    xlabel="part of the steps (left: the image, right: noise)",
    ylabel="smaller / larger variance",
    ylim=(0, 1.05),
)
panel.legend(frameon=False, fontsize=9)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="The ratio of the two variances by step. With 1000 steps it is one nearly everywhere and lower in the first few; with 250, DiT's own number, hardly otherwise. With 10 steps it begins lower and reaches one later.",
)

# %%
for count in ("1000", "250", "10"):
    process = ddpm.respace(count)
    few_steps = (process.posterior_variance / process.betas < 0.9)[1:].double().mean()
    print(f"{count:>4} steps: the two variances differ by more than a tenth in {few_steps:.0%} of them")

# %% [markdown]
# With a thousand steps there is next to nothing to learn. With ten there is, in the steps near the image. So the learned variance belongs to *ancestral sampling in few steps*, and to the likelihood. An ODE never reads it. One part of the bundle is clear, then: it can be of no use to Euler's method or DDIM. (Its loss may still help or harm the network; that is another question.)
#
# ## One clock for all
#
# What is left: path, answer, law of times. They look like three choices. How far are they three?
#
# From chapter 6: two noisy images with the same $\sigma/\alpha$ are the same up to a factor. So let every path tell its time in the same word,
#
# $$ \lambda = \log \mathrm{SNR} = 2 \log (\alpha / \sigma) . $$
#
# At a given $\lambda$ every network of every path faces the same task: tell image from noise in this mixture. Let $e(\lambda)$ be the mean squared error of its guess of the *noise* there. Any of our losses is a weighted mean of that one function:
#
# $$ \text{loss} = \int w(\lambda)\; e(\lambda)\; d\lambda , \qquad w(\lambda) = \underbrace{p(\lambda)}_{\text{how often}} \times \underbrace{(\text{error of the answer} / \text{error of the noise})^2}_{\text{how much}} . $$
#
# The path has no other place in the loss. (Kingma and Gao, 2023, found this for many published losses.) Let us compute $w$. With $D = \dot\alpha\sigma - \alpha\dot\sigma$ (`turn` in the code) the clock runs at $d\lambda/dt = 2D / (\alpha\sigma)$, and a velocity's error is $D/\alpha$ times the noise's.

# %%
lam = torch.linspace(-6, 6, 241, dtype=torch.float64)
LAWS = {
    "uniform": torch.ones_like,
    "logit_normal": lambda t: torch.exp(-(torch.logit(t) ** 2) / 2) / (t * (1 - t)),
}


def weight(path, prediction, law):
    """w over lam, with area 1 from -6 to 6."""
    p = PATHS[path]
    t = p.time((-lam / 2).exp())  # sigma / alpha = exp(-lambda / 2)
    often = LAWS[law](t) * p.alpha(t) * p.sigma(t) / (2 * turn(p, t))
    ratio = {"velocity": turn(p, t) / p.alpha(t), "noise": torch.ones_like(t)}[prediction]
    w = often * ratio**2
    return w / torch.trapezoid(w, lam)


# %%
inner = lam[lam.abs() < 5.5]
for path in PATHS.values():
    t = path.time((-inner / 2).exp())
    assert_close(turn(path, t) / path.alpha(t), error_ratio(path, "noise", "velocity", t))
    assert_close(2 * (path.alpha(t) / path.sigma(t)).log(), inner)
print("the ratio of errors and the clock are the library's")

# %%
arms = {
    "flow matching (the base)": ("linear", "velocity", "logit_normal"),
    "answer: the noise": ("linear", "noise", "logit_normal"),
    "path: gvp": ("gvp", "velocity", "logit_normal"),
    "path: vp": ("vp", "velocity", "logit_normal"),
    "times: uniform": ("linear", "velocity", "uniform"),
    "all three (DDPM's)": ("vp", "noise", "uniform"),
}
looks = ((ACCENT, "-"), (BLUE, "-"), (MUTED, "--"), (GREEN, "-"), (ACCENT, ":"), (INK, "-"))
figure, panel = plt.subplots(figsize=(6.8, 3.4))
for (name, arm), (colour, dash) in zip(arms.items(), looks, strict=True):
    panel.plot(lam, weight(*arm), dash, color=colour, linewidth=2, label=name)
panel.set(xlabel="log SNR (left: noise, right: data)", ylabel="weight on the noise's error", ylim=(0, 0.3))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, fontsize=8, loc="upper right")
teach.show(
    figure,
    alt="Weights over log SNR. The base's hump lies on the noise side, near -3.5; that of gvp near -2.5, that of vp near -4. With the noise as answer the hump is at 0. With uniform times the curve climbs steeply towards the noise. DDPM's is broad, from -6 to 2.",
)

# %%
for name, arm in arms.items():
    w = weight(*arm)
    share = torch.trapezoid(w[lam <= -2], lam[lam <= -2])
    print(f"{name:>26}: {share:.0%} of the weight between -6 and 6 lies below -2")

# %% [markdown]
# Read the picture with care. It shows the weight on $e$, and $e$ itself is tiny at the left: near the noise, to repeat the input is nearly right. So a large weight there is not a large *loss*. (With uniform times on the straight path it grows without bound to the left, like $\mathrm{SNR}^{-1/2}$; the error of a good guess falls faster, like $\mathrm{SNR}$.) And it is cut at -6 and 6: nearly a quarter of DDPM's steps lie beyond, most of them in deeper noise.
#
# The answer moves the hump: noise prediction, on this path and with these times, hardly looks to the left. The path moves it as well, and so does the law of times. All three pull at one curve. DDPM's parcel pulls in several directions at once, and the result is broad.
#
# What is not in this curve? The scale of the input (on the straight path a noisy image is smaller in the middle), the number that the network is told, what its last layer must say, how $w$ is made up (rare large errors or frequent small ones: one mean, another scatter from batch to batch), and where the steps of the sampler lie. That is most of what "path" and "prediction" can mean beyond $w$.
#
# ## One network through two clocks
#
# If all networks of all paths do one task, a network of one path can serve another. The function `dressed` above does that: at the time $t$ of the new path it computes the noise level, finds the old path's time with this level, rescales the image, asks, reads data and noise, and says them in the new words. It has no weights.
#
# And the two rows? Both are this one network. The lower row was drawn by DDPM's sampler, which asked our velocity network in DDPM's clothes. That its images are other ones is due to the fresh noise of each step, not to the clock: DDIM, on the same steps, will draw the upper row.

# %%
teach.compare("ch12.rows", "c", "the weights are the same. The picture said nothing about how to train.")

# %% [markdown]
# Now walk. Euler's method on the straight path, on the quarter circle and on DDPM's path (vp), from the same noise, each with even steps of its own time.


# %%
@torch.no_grad()
def walk(path, count):
    new = Flow(path, "velocity")
    return last(euler(new.velocity(dressed(network, straight, new)), start, times(count), labels))


counts = (8, 32, 128)
walks = {(path, n): walk(path, n) for path in PATHS for n in counts}
reference = walk("linear", 400)
print("steps   root mean square distance of the pixels from 400 straight steps")
for n in counts:
    found = {path: (walks[path, n] - reference).square().mean().sqrt().item() for path in PATHS}
    print(f"{n:>5}   " + "   ".join(f"{path} {gap:.3f}" for path, gap in found.items()))

# %%
teach.show(
    teach.rows({f"{path}, {n} steps": walks[path, n] for n in (8, 128) for path in PATHS}),
    alt="Six rows of the same eight shapes. With 128 steps the rows of the three paths look alike. With 8 steps the row of vp is speckled with noise, on too bright a ground.",
)

# %% [markdown]
# With many steps the three paths lead to nearly the same images, pixel by pixel. The path is not in the images. It is in *where the steps lie*, and in how a step goes. Even steps on vp spend most of their number near the noise. And Euler follows the tangent, where vp bends most next to the data: with a perfect guess of the image 8 such steps would still leave 6 % of the noise.
#
# Both can be taken away. Give all three paths the same noise *levels*, and take DDIM's step: guess image and noise, and mix them anew at the next level. On the straight path this is Euler's method (chapter 7).


# %%
@torch.no_grad()
def remix(path, levels):
    """DDIM's steps of the one network along a path, through given levels sigma / alpha."""
    p, new = PATHS[path], Flow(path, "noise")
    f, moments = dressed(network, straight, new), p.time(levels)
    x = start * p.alpha(moments[0]).hypot(p.sigma(moments[0])).to(start)
    for t, t_next in pairwise(moments):
        now = t.expand(len(x)).to(x)
        image, eps = data_and_noise(p, "noise", f(x, now, labels), x, now)
        x = p.alpha(t_next).to(x) * image + p.sigma(t_next).to(x) * eps
    return x / p.alpha(moments[-1]).to(x)


# %%
levels = torch.logspace(1.5, -2, 13, dtype=torch.float64)
one, other, third = (remix(path, levels) for path in PATHS)
assert_close(one, other, rtol=1e-3, atol=1e-3)
assert_close(one, third, rtol=1e-3, atol=1e-3)
print(f"{len(levels) - 1} steps through the same levels: three paths, the same images, up to rounding")

# %% [markdown]
# Forget to scale by `size`, tell the network your time in place of its own, or turn a sign: exercise 12.3 collects what goes wrong.
#
# ## Why raw losses do not compare
#
# One network, read as noise, data and velocity on three paths: nine objectives as one might train them, all with uniform times. Nothing is trained. The network is the same and knows the same. Here is what nine logs would print.

# %%
held = some(small.held_out, 256).to(device)
asked = Draw(
    torch.linspace(0.02, 0.98, 256, device=device),
    noise(256, held.x, "chapter 12.noise"),
    torch.zeros(256, dtype=torch.bool, device=device),
)


@torch.no_grad()
def printed(flow):
    """The loss that a log would print for the one network in the clothes of this flow."""
    objective = Objective(flow=flow, time_sampling="uniform")
    return objective.loss(dressed(network, straight, flow), held, asked).total.item()


# %%
kinds = ("noise", "data", "velocity")
logs = {(path, kind): printed(Flow(path, kind)) for path in PATHS for kind in kinds}
print("path    " + "".join(f"{kind:>10}" for kind in kinds))
for path in PATHS:
    print(f"{path:<8}" + "".join(f"{logs[path, kind]:>10.4f}" for kind in kinds))
print(f"largest over smallest: {max(logs.values()) / min(logs.values()):.0f}")

# %%
yard = {
    (path, kind): denoising_readout(Flow(path, kind), dressed(network, straight, Flow(path, kind)), small)
    for path, kind in (("linear", "velocity"), ("vp", "noise"), ("gvp", "data"))
}
for read_so in yard.values():
    assert_close(read_so["held_out"], yard["linear", "velocity"]["held_out"], rtol=1e-2, atol=1e-4)
print("at fixed log-SNR, as errors of the noise: the same number for three of the nine, to one percent")

# %%
teach.compare(
    "ch12.losses", "c", "the network did not differ; the words did, and the levels that even times visit."
)

# %% [markdown]
# So a lower loss in another log says nothing. The yardstick of this chapter is that of the cell just above: `denoising_readout` asks every network about the same images with the same noise at the same $\lambda$, evenly from -6 to 6, and compares the *noise*. It is not the only fair one. Data in place of noise would be fair at each $\lambda$ as well, and weigh the sixths
# otherwise. So look at the sixths, not only at the mean, which is ruled by the sixth next to the data: that holds two thirds of it.
#
# Even velocities do not compare: $\dot\alpha x_1 + \dot\sigma\varepsilon$ is another quantity on each path. (The last column differs for that, and because even times ask it at other noise levels.)
#
# ## How large is the answer?
#
# Now the critic's point, as summarised: noise prediction spans orders of magnitude, hence the output needs a log scale. "Spans" can be looked up. Take the root mean square of each answer over $\lambda$; the noise has 1 by definition, the data have what they have, the score $-\varepsilon/\sigma$ has $1/\sigma$, a velocity $(\dot\alpha^2 s + \dot\sigma^2)^{1/2}$, with $s$ the mean square of the data.

# %%
s = data.train.x.square().mean().item()
grid = torch.linspace(-6, 6, 121, dtype=torch.float64)


def rms(path, kind):
    p = PATHS[path]
    t = p.time((-grid / 2).exp())
    if kind == "velocity":
        return (s * p.alpha_dot(t) ** 2 + p.sigma_dot(t) ** 2).sqrt()
    return {"noise": 1 + 0 * t, "data": s**0.5 + 0 * t, "score": 1 / p.sigma(t)}[kind]


answers = {"noise": ("linear", "noise"), "data": ("linear", "data")}
answers |= {f"velocity, {path}": (path, "velocity") for path in PATHS} | {"score, vp": ("vp", "score")}

# %%
figure, panel = plt.subplots(figsize=(6.8, 3.4))
for (name, answer), (colour, dash) in zip(
    answers.items(),
    ((BLUE, "-"), (INK, "-"), (ACCENT, "-"), (ACCENT, "--"), (GREEN, "-"), (MUTED, "-")),
    strict=True,
):
    panel.plot(grid, rms(*answer), dash, color=colour, linewidth=2, label=name)
panel.set(xlabel="log SNR (left: noise, right: data)", ylabel="root mean square of the answer", yscale="log")
panel.set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
panel.minorticks_off()
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, fontsize=8, ncols=2)
teach.show(
    figure,
    alt="Root mean squares over log SNR on a logarithmic axis. Noise and data are flat. The velocities on the straight path and the circle are flat; that of vp rises and levels off. The score rises from 1 to 20.",
)

# %%
spans = {name: (rms(*answer).max() / rms(*answer).min()).item() for name, answer in answers.items()}
for name, span in spans.items():
    print(f"{name:>16}: largest over smallest {span:.1f}")
teach.compare(
    "ch12.range",
    "d",
    "it is 1 / sigma, without bound towards the data. Noise and data have one size by definition.",
)

# %% [markdown]
# As a matter of fact: the noise does not span orders of magnitude. The score does towards the data, without bound; between -6 and 6 by 20, little more than one order. The velocity spans one on DDPM's path, by its clock. (The noise *level* $\sigma/\alpha$ does span orders, 400 times from end to end here. A network that had to say $\sigma\varepsilon$ would need such a scale, and EDM tells the level to its network as a logarithm.)
#
# Something else spans orders of magnitude: the *error*. Here is $e(\lambda)$ of the trained network, by sixths. Where there is almost only noise, the noise is nearly the input, and nobody errs much; where there is almost none, it is hardest to see.

# %%
sixths = [f"s{k}" for k in range(1, 7)]
places = [-5, -3, -1, 1, 3, 5]
e = [yard["linear", "velocity"][part] for part in sixths]
for place, error in zip(places, e, strict=True):
    print(f"log SNR {place - 1:+d} to {place + 1:+d}: error of the noise {error:.4f}")
print(
    f"from end to end a factor of about {10 ** round(torch.tensor(e[-1] / e[0]).log10().item()):.0f}, to the nearest power of ten"
)

# %% [markdown]
# So there is a sense in which the critic may be right. Near the noise a noise network must repeat its input to a few hundredths; near the data it errs by a quarter, and cannot do much better. One last layer must do both. The velocity asks otherwise: near the noise it asks for the *image*. A logarithm would be one remedy for such a range. The choice of
# the answer is another one, and older: EDM's factors of 2022, weights, velocities.
#
# Is there harm? C07 asks for it: the four answers on one path, all read as noise. Its first hypothesis is made for the claim, in a mild form: a network that must say the score, which spans 20 here, against one that says the noise, with the same loss weight for weight.


# %%
tell("C07", "abc", "de")
print(f"at an edge of the grid of rates: {', '.join(at_the_edge(tried('C07').trial)) or 'none'}")


# %%
def over_sixths(name):
    """A claim's arms over log SNR, every seed a dot, as multiples of the base's mean."""
    case = tried(name)
    figure, panel = plt.subplots(figsize=(6.8, 3.2))
    colours = (ACCENT, BLUE, INK, GREEN, MUTED, "#8a5a9e", "#a8791a")
    for arm, colour in zip(case.trial.arms, colours, strict=False):
        seeds = torch.tensor([list(case.of(arm, f"denoising.{part}").values()) for part in sixths])
        middle = torch.tensor([list(case.of("base", f"denoising.{part}").values()) for part in sixths]).mean(
            1
        )
        panel.plot(places, seeds / middle[:, None], ".", color=colour, alpha=0.5, markersize=5)
        panel.plot(places, seeds.mean(1) / middle, color=colour, label=arm)
    panel.set(
        xlabel="log SNR (left: noise, right: data)", ylabel="error of the noise, base = 1", ylim=(0, None)
    )
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


teach.show(
    over_sixths("C07"),
    alt="At the left noise and score lie at 2.4 and 4 times the velocity's error, data at 1; at the right data lies at 3.4, noise and score a little below 1.",
)

# %% [markdown]
# *Where* is decided, and *how much in all* is not. With almost only noise, noise prediction errs 2.4 times as much as velocity prediction (c). With almost none, data prediction errs 3.4 times as much (d). Each answer is weak at the end where it is nearly the input: what the network must find is then a small remainder of what it is given. (c exchanges answer *and* weight: the base weighs the first sixth some 15 times more.)
#
# Over the whole range noise and velocity are not told apart (b). That is not because they are alike. In the figure noise prediction is behind in five sixths, by 16 to 136 percent, and ahead in the last, by 19, all five seeds each time (seen, not asked). The last sixth holds two thirds of the mean, so they cancel. And two trainings of the same
# network from other starts differ by more than a tenth in this yardstick: the bar stands there.
#
# And the critic's mechanism (a)? With the same loss, the network that must say the score has the higher error in all five seeds, by some 8 percent in the mean. That is his direction, and it is inconclusive, for the same reason. Look also where it is (seen, not asked): the score falls behind the noise most at the *left*, by 71 percent, where both have nearly one size; at the right, where the score is 13 to 20 times as large, by 11. That is not what a harm of range would look like.
# One last layer that must say 20 at the other end may be the reason. Or the rate: by the tuning, which looks at the velocity's error with one seed, the score's is three times the noise's, and at the edge of the grid. Were a decided, it would not say that a log scale is needed: noise prediction already is the score on another scale.
#
# One more look at yardsticks. By the held-out error of the *velocity* (in the evidence; seen, not asked) noise prediction is far behind. By the error of the *noise*, averaged evenly over log-SNR, the two are not told apart. Both are fair, and they weigh the sixths differently. Who names one of them has named a part of the answer.
#
# ## Three short trainings
#
# Now train. Three networks from scratch, the same images in the same order, 450 steps of 8 images each, one seed:
#
# - **flow matching**: this book's base;
# - **DDPM**: DiT's own objective, `hybrid`, on the same network with channels for the variance;
# - **flow matching, U-Net**: the first network's objective, and another network.
#
# The third is there because DDPM's parcel once held a network too: a *U-Net*, convolutions that go down to a coarse image and up again, with bridges between equal sizes. DiT's question was whether it is needed. Ours is small. It answers `f(x, t, condition)` like every network of this book, so objective, samplers and yardsticks work on it as they are.


# %%
class Residual(nn.Module):
    """Two convolutions beside a bridge; time and label scale and shift the middle."""

    def __init__(self, old, new, told):
        super().__init__()
        self.one, self.two = nn.Conv2d(old, new, 3, padding=1), nn.Conv2d(new, new, 3, padding=1)
        self.norm_one, self.norm_two = nn.GroupNorm(8, old), nn.GroupNorm(8, new)
        self.told, self.bridge = nn.Linear(told, 2 * new), nn.Conv2d(old, new, 1)

    def forward(self, x, c):
        y = self.one(F.silu(self.norm_one(x)))
        scale, shift = self.told(c)[:, :, None, None].chunk(2, dim=1)  # (b, 2c) -> two (b, c, 1, 1)
        return self.bridge(x) + self.two(F.silu(self.norm_two(y) * (1 + scale) + shift))


# %%
class UNet(nn.Module):
    """Down in three steps, each half as large, and up again; what was on the way down is handed across."""

    def __init__(self, channels=3, widths=(24, 40, 48), told=64, classes=24):
        super().__init__()
        back = widths[::-1]
        self.time, self.label = TimestepEmbedding(told, 1000.0), LabelEmbedding(classes, told)
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(map(Residual, (widths[0], *widths), widths, [told] * 3))
        self.middle = Residual(back[0], back[0], told)
        self.up = nn.ModuleList(
            Residual(a + b, b, told) for a, b in zip((back[0], *back), back, strict=False)
        )
        self.norm, self.last = nn.GroupNorm(8, widths[0]), nn.Conv2d(widths[0], channels, 3, padding=1)
        for last_one in (self.last, *(block.two for block in self.modules() if isinstance(block, Residual))):
            nn.init.zeros_(last_one.weight)  # as in DiT: each branch, and the answer, begin at nothing
            nn.init.zeros_(last_one.bias)

    def forward(self, x, t, condition=None):
        told = Condition.of(condition)
        c, x, kept = F.silu(self.time(t) + self.label(told.labels, told.drop)), self.first(x), []
        for block in self.down:
            kept.append(block(x, c))
            x = F.avg_pool2d(kept[-1], 2)
        x = self.middle(x, c)
        for block in self.up:
            x = block(torch.cat([F.interpolate(x, scale_factor=2), kept.pop()], dim=1), c)
        return self.last(F.silu(self.norm(x)))


# %%
def unet_run(experiment):
    """A run at step 0 whose network is the U-Net; all else is the experiment's."""
    config = experiment.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = UNet().to(device)
    optimiser = AdamW(
        net.parameters(), config.lr, (0.9, config.beta2), weight_decay=config.weight_decay, fused=True
    )
    return TrainState(experiment, 0, 0, net, ema(net, config.ema_decay), optimiser)


# %%
experiments = {"flow": base, "DDPM": base.override({"objective": "hybrid", "model.learn_sigma": True})}
states = {name: TrainState.create(arm, 0, device) for name, arm in experiments.items()}
states["U-Net"] = unet_run(base)
for name, state in states.items():
    print(f"{name:>6}: {sum(p.numel() for p in state.model.parameters()):,} parameters")


def learn(name):
    """Train one of the three; returns the mean loss of its last 50 steps, as a log would print it."""
    run = teach.progress(minidit.train(states[name], data), name, base.training.steps)
    losses = [record.loss for record in run]
    return sum(losses[-50:]) / 50


# %%
logged = {"flow": learn("flow")}

# %%
logged |= {"DDPM": learn("DDPM")}

# %%
logged |= {"U-Net": learn("U-Net")}

# %% [markdown]
# First what the logs say, then the yardstick.

# %%
flows = {name: state.experiment.objective.flow for name, state in states.items()}
nets = {name: state.ema.module.eval() for name, state in states.items()}
found = {name: denoising_readout(flows[name], nets[name], data) for name in nets}

# %% tags=["nbval-ignore-output"]
for name in nets:
    print(f"{name:>6}: printed {logged[name]:.3f}, error of the noise {found[name]['held_out']:.4f}")

# %%
print("DDPM prints the lower loss of the two DiTs: ", logged["DDPM"] < logged["flow"])
print("and has the higher error of the noise:      ", found["DDPM"]["held_out"] > found["flow"]["held_out"])

# %%
figure, panel = plt.subplots(figsize=(6.8, 3.2))
for name, colour, mark in (("flow", ACCENT, "o-"), ("DDPM", INK, "s-"), ("U-Net", BLUE, "^-")):
    panel.plot(
        places, [found[name][part] / found["flow"][part] for part in sixths], mark, color=colour, label=name
    )
seeds, middle = (
    torch.tensor([list(tried("C12").of(arm, f"denoising.{part}").values()) for part in sixths])
    for arm in ("recipe=ddpm", "base")
)
label = ["C12's seeds, DDPM beside the base"] + ["_"] * (seeds.shape[1] - 1)
panel.plot(places, seeds / middle.mean(1, keepdim=True), ".", color=MUTED, label=label)
panel.set(xlabel="log SNR (left: noise, right: data)", ylabel="error of the noise, flow = 1", ylim=(0, None))
panel.legend(frameon=False, fontsize=9)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Errors of the noise by sixths of log SNR, as multiples of the flow network's. DDPM's lies above 1 everywhere, most where there is almost only noise, and comes near 1 at the data. The U-Net's lies near 1.",
)

# %% [markdown]
# In this run DDPM's training is furthest behind at the left, and comes nearest at the right. Put the weights beside it: those of DDPM in each sixth, as multiples of the base's.

# %%
ours, theirs = (
    weight(*arms[name])[:240].reshape(6, 40).mean(1)  # (240,) -> (6, 40): by sixths
    for name in ("flow matching (the base)", "all three (DDPM's)")
)
print(
    "weight of DDPM's loss, base = 1: " + ", ".join(f"{b / a:.1f}" for a, b in zip(ours, theirs, strict=True))
)

# %% tags=["nbval-ignore-output"]
behind = [found["DDPM"][part] / found["flow"][part] for part in sixths]
print("error of its noise, flow = 1:    " + ", ".join(f"{value:.1f}" for value in behind))

# %%
print("DDPM is furthest behind in the sixth with the most noise:", max(behind) == behind[0])
print("and nearest, or ahead, in the one with the least:        ", min(behind) == behind[-1])

# %% [markdown]
# The direction agrees, the amounts do not. In the first sixth DDPM weighs two thirds of the base, and errs 3.6 times as much. C07's noise network weighs 0.07 of the base there and is less far behind. In the middle DDPM weighs *more* than the base and is behind there too. So the weight is not the main cause. What is left: the answer itself, the second loss, the scale of the last layer, or a rate that was found for velocities.
#
# It is one seed and a short run: an illustration, not a verdict.
#
# ## Training and sampler, crossed
#
# `dressed` lets us do what the parcels do not allow: cross training and sampler. Each network draws by four samplers, 16 evaluations each:
#
# - **Euler** on the straight path, an ODE;
# - **SDE** on the straight path, Euler-Maruyama with SiT's diffusion $\sigma$ (its $w$, not our weight), the last step to the guessed image;
# - **DDIM** along DDPM's steps, an ODE again;
# - **ancestral**, DDPM's own, with the fixed variance.
#
# A judge reads the images: how many are of their class? Chance is one in 24. By the cards' rule quality counts from a share of 0.8 in the base, and such short trainings do not reach it. So the table decides nothing; it shows where to look.

# %%
judge = Judge.train(data.train)
y = (torch.arange(24 * each) % 24).to(device)
z = torch.randn(len(y), *data.train.x.shape[1:], generator=minidit.generator(0, "sample")).to(device)
shake = gaussian(z, Streams(0), "chapter 12.live")


def four(f, flow, z, y, shake, n=16):
    """Images by four samplers, the same noise and n evaluations for each."""
    v, eps = Flow().velocity(dressed(f, flow, Flow())), dressed(f, flow, as_ddpm)
    steps, sde = ddpm.respace(str(n)), SDE("linear")
    return {
        "Euler": last(euler(v, z, times(n), y)),
        "SDE": last(euler_maruyama(v, z, sde_times(n), shake, y, sde=sde, last_step="tweedie")),
        "DDIM": last(ddim(eps, z, steps, y)),
        "ancestral": last(ancestral(eps, z, steps, shake, y)),
    }


# %%
drawn = {
    name: {s: x.clamp(-1, 1) for s, x in four(nets[name], flows[name], z, y, shake).items()} for name in nets
}
read = {name: {s: judge.accuracy(x, y) for s, x in images.items()} for name, images in drawn.items()}

# %% tags=["nbval-ignore-output"]
print(f"{'':>8}" + "".join(f"{sampler:>11}" for sampler in read["flow"]))
for name, row in read.items():
    print(f"{name:>8}" + "".join(f"{share:>11.2f}" for share in row.values()))
print(
    f"{len(y)} images in each field: a share near one half has a standard error of {(0.25 / len(y)) ** 0.5:.2f} (of drawing, not of training again)"
)

# %%
print(
    "flow's training is ahead of DDPM's with each of the four samplers:",
    all(read["flow"][sampler] > read["DDPM"][sampler] for sampler in read["flow"]),
)

# %%
teach.show(
    teach.rows(
        {
            f"{name}, {s}": drawn[name][s][:10]
            for name in ("flow", "DDPM", "U-Net")
            for s in ("Euler", "ancestral")
        }
    ),
    alt="Six rows of ten images: three networks, each by Euler's method and by DDPM's ancestral sampler. The rows of flow and U-Net show coloured blobs that begin to be shapes; those of DDPM are partly blank or filled.",
)

# %% [markdown]
# Read the table by rows, then by columns. A row is a training, a column a sampler. If the parcels were compared as parcels, one would look at *flow, Euler* beside *DDPM, ancestral*, and call the whole difference "flow matching". The other fields tell training from sampler. In this run a column falls from about .4 to .1 or .2, and along a row the share moves by less than a tenth: nearly all of the difference is the training.
#
# Could the two depend on each other? There is a reason why they might. The walks on the straight path begin at pure noise, and ask for an *image* there. A noise network's image is $(x - \sigma\hat\varepsilon)/\alpha$: any error of the noise, times $\sigma/\alpha$. DDPM's path ends at $\sigma/\alpha$ of about 150. Along that path the image counts for next to nothing in the first steps; on the straight path it counts at once. In this table it does not show:
# DDPM's two ODEs are level, and so are its two samplers with noise, whichever the path. (That noise prediction has no say at pure noise is a known flaw: Lin et al., 2023.)
#
# Two words on what was equal. All fields have 16 evaluations. A sampler with a step of two questions (Heun) would have 8 steps; guidance would halve them again (exercise 12.5). And ODE and SDE stand in different columns. An SDE throws new noise in, and may correct what an ODE keeps, but Euler-Maruyama needs small steps for it. In print look for both: DiT's own sampler is ancestral, with 250 steps; SiT's code has an ODE and an SDE.
#
# And the U-Net? It has nearly as many parameters, as many steps and images, and a rate that was searched for the *other* network. One run of one seed is no verdict on it. But flow, loss, yardstick and all four samplers took it as it is: the network is one more part of the parcel that can be exchanged alone. For images of 16 by 16 pixels a convolution knows beforehand what a transformer must learn, that neighbours belong together. DiT's case was made at
# another size, and for networks that grow.
#
# ## The verdicts of C12
#
# The card exchanges each part alone, at five seeds, each arm at the better of two rates, found with one seed. (With two rates only, every arm stands at an edge of the grid.)

# %%
tell("C12", "abg", "cdef")
print(f"at an edge of the grid of rates: {', '.join(at_the_edge(tried('C12').trial)) or 'none'}")

# %%
teach.show(
    over_sixths("C12"),
    alt="Errors of the noise of seven arms by sixths of log SNR, beside the base's. Noise prediction begins at 2.1 and comes down to 1; the vp path rises from 1 to 2.6; both recipes of DDPM lie between 1.5 and 1.8 and come down to 1.1; gvp is level but for 1.25 at the right; uniform times end at 0.76.",
)


# %%
def table(name):
    """An arm a line: means over seeds of the yardstick, and of the share in class by ODE and by SDE."""
    case = tried(name)
    print(f"{'arm':>24}  denoising  ODE    SDE")
    for arm in case.trial.arms:
        means = [
            sum(case.of(arm, metric).values()) / len(case.of(arm, metric))
            for metric in ("denoising.held_out", "quality.accuracy", "quality.sde_accuracy")
        ]
        print(f"{arm:>24}  {means[0]:9.4f}  {means[1]:.2f}   {means[2]:.2f}")


table("C12")

# %% [markdown]
# How to read it. a and b ask about the two *trainings*, once by ODE and once by SDE, both with flow matching's samplers: Euler and Euler-Maruyama, 25 even steps of each network's own clock. DDPM's own sampler is in neither, and Euler with even steps does worst on vp, as seen above: a and b lean against DDPM. One of them supported and the other open would not make the sampler a part of the story; for that one would subtract the two effects seed by seed. c asks whether the *network* is worse, whatever the sampler. d, e, f and g exchange one part each. And the parts need not add up: two changes of one curve $w$ may cancel, or add more than their sum; nor can an error be set off against a share.
#
# What came out, at this size, with these images:
#
# - **The trainings** (a, b, supported). Flow matching's puts nine tenths of its samples in their class, DDPM's little more than a third; by SDE the same. And it is not only the sampler: DDPM's network errs by a third more (c).
# - **Noise prediction alone** (d, supported) errs by 18 percent more. Now look at its shares: .22. It draws *worse than the whole of DDPM*, and errs less. That is where the parts do not add up. A reason may be that on the straight path a walk begins at pure noise, where a noise network has no say, and on DDPM's path it does not quite. No card asked that.
# - **The path alone** (e, supported) doubles the error, most of it next to the data. With noise as the answer, as DDPM has it, the error on the same path is a third higher than the base's, not twice as high. So here a path is not good or bad by itself.
# - **The quarter circle** is not as good as the straight path up to 5 percent of this error (f, refuted): 16 percent more, most of it in the last sixth. Its samples are in their class as often (seen, not asked).
# - **Uniform times alone** lose eight samples of a hundred (g, supported). By the denoising error they are *ahead*, by 9 percent (seen, not asked).
#
# So the yardstick has a limit, and here it shows. gvp and noise prediction have nearly one mean error, .045 and .046. One puts 89 of 100 samples in their class, the other 22, by the same sampler in as many steps. By sixths they differ: gvp errs next to the data, noise prediction next to the noise. The mean hears mostly the sixth next to the data, and what makes a shape one of its class seems to be decided before. Choose your yardstick by what you want to draw, and *before* you look.
#
# And DDPM's second loss? *ddpm_simple* goes without it and without the learned variance. The two recipes are level, to a few hundredths of the shares and a percent of the error (seen, not asked). An ODE never reads the variance, and of its loss we see neither help nor harm to the rest.
#
# "Always" is a word that no card can support. What a card can say: at this size, with these images, and by this much.
#
# ## The best of nine
#
# This chapter has many readouts: an error, six sixths of it, accuracies by four samplers. Whoever looks at all of them and reports the best has done something that no single p-value knows of. How bad is it? Let two arms be *the same* in truth, five seeds, nine metrics.


# %%
def any_of_nine(shared, trials=20_000):
    """How often one or more of nine differences is below 5 %, alone and by Holm; `shared` ties metrics together."""
    common, own = (
        torch.randn(trials, m, 5, generator=minidit.generator(m, "nine"), dtype=torch.float64) for m in (1, 9)
    )
    d = shared**0.5 * common + (1 - shared) ** 0.5 * own  # (trials, metrics, seeds)
    t = (d.mean(2) / d.std(2) * 5**0.5).abs().amax(1)
    return [(t > stats.t.ppf(1 - level / 2, 4)).double().mean().item() for level in (0.05, 0.05 / 9)]


# %%
for shared in (0.0, 0.5, 0.9):
    alone, corrected = any_of_nine(shared)
    print(
        f"metrics with r = {shared:.1f}: the best of nine passes in {alone:.0%} of the trials, by Holm's rule in {corrected:.1%}"
    )
teach.compare("ch12.nine", "c", "1 - 0.95^9 is 37 %.")

# %% [markdown]
# (Holm's procedure begins with the smallest p, at 5 % / 9. If that fails, all stay undecided: so "one or more" is decided just as often as the smallest.)
#
# When the metrics go together, the best of nine fools less often, and Holm's rule is stricter than it need be. It never fools more often than in one trial of twenty.
#
# Now not drawn numbers but our own. Every card has A/A runs: the *base arm twice*, the same images and noise, other starting weights. There is nothing to find. Take nine metrics, the velocity's error in the first nine of ten equal parts of the time, and test each as if it were a claim. Take all cards tried before this chapter's own whose base learned, each set of A/A runs once.

# %%
ids = ("C01", "C02", "C04", "C06", "C07", "C10", "C16", "C17")
nine = [f"velocity.t{k}" for k in range(1, 10)]


def nothing_to_find(name):
    """p of each of nine metrics, between the base arm and itself with other starting weights."""
    case = tried(name)
    again = {run.seed: run.readouts for run in case.trial.runs if run.role == "same"}
    first = {metric: case.of("base", metric) for metric in nine}
    return [p_value([again[seed][m] / first[m][seed] - 1 for seed in again]) for m in nine]


ps = {name: nothing_to_find(name) for name in ids}

# %%
figure, panel = plt.subplots(figsize=(6.5, 2.9))
for row, values in enumerate(ps.values()):
    colours = [ACCENT if p < 0.05 else MUTED for p in values]
    panel.scatter(values, [row] * 9, c=colours, s=26)
panel.axvline(0.05, color=INK, linewidth=0.8, linestyle=":")
panel.set(
    xscale="log", xlim=(0.004, 1.1), ylim=(len(ps) - 0.5, -0.5), xlabel="p of a difference that is not there"
)
panel.set_xticks([0.005, 0.05, 0.5, 1], ["0.005", "0.05", "0.5", "1"])
panel.set_yticks(range(len(ps)), list(ps), fontsize=9)
panel.minorticks_off()
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Nine dots a row for eight claims, on a logarithmic axis of p. Three dots, all of C02, lie left of 0.05; none is near 0.005.",
)

# %%
below = {name: sum(p < 0.05 for p in values) for name, values in ps.items()}
print(f"below 5 %: {sum(below.values())} of {9 * len(ids)}, in", ", ".join(k for k, n in below.items() if n))
print(f"the smallest of all: {min(map(min, ps.values())):.3f}, and 5 % / 9 is {0.05 / 9:.4f}")
print("decided by Holm's rule:", sum(step.decisive for values in ps.values() for step in holm(values)))

# %% [markdown]
# Three of seventy-two: chance gives between three and four. But look where they are. Had C02's A/A runs been two arms of a paper, "significantly better in three of nine regimes" would have been a fine sentence. The three stand side by side in time, so they are one accident seen three times. Holm's rule decides none. How such a finding ends can be seen, too: C03 has the same base, and its A/A runs *are* C02's five and three more.

# %%
five, eight = (nothing_to_find(name)[2:5] for name in ("C02", "C03"))
print("p of the three with five seeds: ", ", ".join(f"{p:.3f}" for p in five))
print("the same, with three seeds more:", ", ".join(f"{p:.3f}" for p in eight))

# %% [markdown]
# More seeds settled it, not more metrics.
#
# So this book writes down beforehand which hypotheses a card has, and corrects for their number. What you find by looking around is a reason for a *new* card.
#
# ## A slider for equal evaluations
#
# One network, the trained one, four samplers, the same noise. Drag the evaluations. Which sampler is ready first? Which of the rows show the *same* images in the end, and which go their own way? And compare the two that throw noise in: DDPM's step is exact for a fixed guess of the image, however long the step; Euler-Maruyama takes a long step for a short one.

# %%
budgets = (4, 8, 16, 32, 64)
shake_8 = gaussian(start, Streams(0), "chapter 12.slider")
rows_at = {
    n: {s: x.clamp(-1, 1) for s, x in four(network, straight, start, labels, shake_8, n).items()}
    for n in budgets
}

# %%
teach.Frames(
    [teach.rows(rows_at[n]) for n in budgets],
    [f"{n} evaluations" for n in budgets],
    label="evaluations",
    alt="Four rows of eight shapes from one network. With 4 and 8 evaluations the SDE's row is covered with noise and the others are nearly clean. With 64 all are clean; Euler and DDIM show the same images, the SDE and the ancestral sampler others of the same classes.",
    still=1,
)


# %% tags=["nbval-ignore-output"]
def gap(n, one, other):
    return (rows_at[n][one] - rows_at[n][other]).square().mean().sqrt().item()


for n in budgets:
    print(
        f"{n:>2} evaluations: Euler to DDIM {gap(n, 'Euler', 'DDIM'):.2f}, Euler to SDE {gap(n, 'Euler', 'SDE'):.2f}, "
        f"Euler to ancestral {gap(n, 'Euler', 'ancestral'):.2f}"
    )

# %% [markdown]
# The two ODEs draw together: they solve one equation in two clocks. The two with noise end elsewhere, however many steps: they draw other members of the same crowd.
#
# ## What would change our mind
#
# We said: the path is a clock, a scale and a weight; one network serves all clocks; raw losses of different bundles do not compare; the noise has one size and the score has not; a parcel's success says nothing of its parts. This would overturn it:
#
# - two networks of the same yardstick, *sixth by sixth*, of which one draws clearly better by the same sampler. Then the yardstick misses what matters. (Compare the U-Net's place in the table with its mean error in your run. The mean is ruled by the sixth next to the data, as we saw; shapes are decided earlier.)
# - a law of times with which noise prediction on DDPM's path equals the base in all sixths *and* still draws worse, or better;
# - an output on a log scale that beats noise or velocity prediction at equal cost. We know of none, and have not built one;
# - the cards at the `a100` scale with other verdicts. DiT and SiT were compared after 400 thousand steps of 256 images; a gap of short runs may close.
#
# And these we do not know: how much of the gap is the weight $w$ and how much the scale of the last layer; how DDPM's own sampler with its 250 steps would judge these networks; how far "always" reaches.
#
# ## Exercises
#
# Seven exercises ask for a function each: map losses to one yardstick, a step of DDPM, one network through two clocks, log-SNR of three paths, equal evaluations, decide with Holm, and the size of targets. In a terminal, in the folder of the project, `minidit exercises start ch12` writes a notebook to work in.
#
# Five more are experiments. Write down what you expect before you run them.
#
# 1. Exchange one part: `states["x"] = TrainState.create(base.override({"objective.flow.prediction": "noise"}), 0, device)`, then `learn("x")` and `denoising_readout`. In which sixths does it lose? Does the picture of the weights say so?
# 2. Mend DDPM's weight: `{"objective.flow.path": "vp", "objective.flow.prediction": "noise", "objective.weighting": "velocity"}`, uniform times by `"objective.time_sampling": "uniform"`. How near does it come to the base?
# 3. Give the U-Net a third of the rate, and three times: `unet_run(base.override({"training.lr": 0.002}))`. And the base the same three. How sure is its place now?
# 4. Let the DDPM network use its learned variance: `ancestral` takes the network itself, `nets["DDPM"]`, with 16 steps and with 6. Where does it help?
# 5. Spend 12 evaluations on other levels: in `remix`, `levels` is even in its logarithm. Put more of them near the noise, and more near the data: with `u = torch.linspace(0, 1, 13, dtype=torch.float64)`, `10 ** (1.5 - 3.5 * u ** 2)` and `10 ** (1.5 - 3.5 * u ** 0.5)`. Let `remix` start from `z` with labels `y` in place of `start` and `labels`, and judge. Then judge the winner once more, from other start noise. Does it win again?
#
# ## Sources
#
# - The debate of August 2025, as the cards of C12 and C07 quote it, with what we have seen of it and what we have not.
# - J. Ho, A. Jain and P. Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, arXiv 2006.11239: the chain, its posterior (equation 7), and the noise as the answer.
# - A. Nichol and P. Dhariwal, *Improved Denoising Diffusion Probabilistic Models*, 2021, arXiv 2102.09672: the learned variance; the ratio of the two variances is its figure 1.
# - J. Song, C. Meng and S. Ermon, *Denoising Diffusion Implicit Models*, 2020, arXiv 2010.02502: DDIM.
# - S. Lin et al., *Common Diffusion Noise Schedules and Sample Steps are Flawed*, 2023, arXiv 2305.08891: what happens at pure noise.
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: DiT, with DDPM's bundle.
# - N. Ma et al., *SiT*, 2024, arXiv 2401.08740: the bundle exchanged part by part, on DiT's network.
# - D. Kingma and R. Gao, *Understanding Diffusion Objectives as the ELBO with Simple Data Augmentation*, 2023, arXiv 2303.00848: losses as weights over log-SNR.
# - D. Kingma et al., *Variational Diffusion Models*, 2021, arXiv 2107.00630: only the ends of log-SNR matter to the bound.
# - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022, arXiv 2206.00364: parts of the bundle told apart; factors that keep the answer's size.
# - O. Ronneberger, P. Fischer and T. Brox, *U-Net*, 2015, arXiv 1505.04597.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6, 1979.
