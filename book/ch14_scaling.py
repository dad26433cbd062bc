# %% [markdown]
# # Chapter 14: Does DiT level off?
#
# | | |
# |---|---|
# | **Question** | The critic, as summarised: DiT's quality levels off early, it cannot go on learning from the data. How would one know? |
# | **You will be able to** | tell a floor from a power law, and say how much data that takes; name the things that make a floor, and compute the task's own; fit a law with a floor to few sizes and give its promise an interval; foretell a larger network before it is run, and be held to it |
# | **Minutes** | 2 on two cores, most of it six short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C05, and C25, which was foretold from it |
#
# One point of the critic of August 2025 is that DiT levels off. We know it in summary only: its quality levels off early, it cannot go on learning from the data. (The source stands on the card of C05.)
#
# Every curve of learning gets flatter. So "it gets flatter" cannot be the claim. This chapter asks what else it could mean, and what one would have to see.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import stats
from scipy.optimize import nnls
from torch.testing import assert_close

import minidit
from minidit import Flow, TrainState, teach
from minidit.claims import tried
from minidit.claims.plan import at_the_edge
from minidit.data import load
from minidit.data.images import Data, Images
from minidit.flow.mixture import GaussianMixture
from minidit.measure import ledger, velocity_readout
from minidit.measure.frechet import frechet_distance
from minidit.measure.scaling import fit, resampled
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import tell

BLUE = "#1d6fa5"
_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
base, widths, largest = teach.settings(
    cpu=(
        minidit.experiment("digits", ("model.depth=2", "training.steps=500")),
        (8, 16, 32, 64),
        96,
    ),
    a100=(
        minidit.experiment("digits", ("model.depth=6", "training.steps=5000", "training.batch_size=128")),
        (16, 32, 64, 128),
        384,
    ),
)
device = teach.device()

# %% [markdown]
# ## Two curves
#
# Here are two laws that we made up. Seven networks each, the largest 64 times the smallest. One of the curves will come as near to zero as you like, if you pay for it. The other will never fall below 0.3.

# %%
size = 2.0 ** np.arange(7)
curves = {"A": size**-0.35, "B": 0.3 + 0.7 * size**-0.7}
figure, panel = plt.subplots(figsize=(5.6, 3.0))
for (name, error), colour, mark in zip(curves.items(), (ACCENT, BLUE), "os", strict=True):
    panel.plot(size, error, mark + "-", color=colour, label=name, markersize=5)
panel.set(xlabel="compute", ylabel="error", ylim=(0, 1.05))
panel.legend(frameon=False)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Two curves of error against compute on plain axes, A and B. Both fall steeply first and then look flat; B is flat from the middle on, A falls a little still.",
)

# %% [markdown]
# On plain axes *every* power law looks as if it levelled off. Before you go on, commit yourself to three guesses.

# %%
teach.predict(
    "ch14.patches",
    "DiT's paper has twelve networks: four sizes, each with patches of 8, 4 and 2. A law with a floor is fitted to their FIDs.\n"
    "Fitted to all twelve, and fitted to the four with patch 8 alone, the floor is",
    choices={
        "a": "0 for all twelve, and high for patch 8",
        "b": "about the same for both",
        "c": "0 for both",
    },
    guess=None,
)

# %%
teach.predict(
    "ch14.ten",
    "A straight line in logarithms is fitted to the ten cheaper ones. What it promises for the two most expensive is",
    choices={"a": "too good", "b": "right, to 5 percent", "c": "too bad"},
    guess=None,
)

# %%
teach.predict(
    "ch14.known",
    "Below we make a task whose floor we know exactly, and train networks on it. The best network that there can be has an error of",
    choices={
        "a": "0",
        "b": "more than 0, since noise hides something",
        "c": "more than 0, since data are few",
    },
    guess=None,
)

# %% [markdown]
# ## Logarithms
#
# A power law, error $= a\,C^{-b}$, is a straight line in logarithms: $\log e = \log a - b \log C$. With a floor,
#
# $$ e(C) = \mathrm{floor} + a\,(C / \mathrm{unit})^{-b}, $$
#
# it bends. Its slope at a size where the error is $e$ is $-b\,(1 - \mathrm{floor}/e)$: whatever share of the error is floor, that share of the slope is gone. (Derive it; it is one line.) The unit is the geometric mean of the computes, so that $a$ is an error and not a number with twenty zeros.

# %%
figure, panel = plt.subplots(figsize=(5.6, 3.0))
for (name, error), colour, mark in zip(curves.items(), (ACCENT, BLUE), "os", strict=True):
    panel.loglog(size, error, mark + "-", color=colour, label=name, markersize=5)
panel.set(xlabel="compute", ylabel="error")
panel.set_yticks([0.2, 0.3, 0.5, 1.0], ["0.2", "0.3", "0.5", "1"])
panel.minorticks_off()
panel.legend(frameon=False)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="The same two curves on logarithmic axes. A is a straight line. B bends towards the horizontal: its slope fades from step to step.",
)


# %%
def slope(compute, error):
    """Of the line of least squares through the logarithms."""
    return np.polyfit(np.log(compute), np.log(error), 1)[0]


for name, error in curves.items():
    steps = [slope(*pair) for pair in zip(pairwise(size), pairwise(error), strict=True)]
    print(f"{name}: slopes from each size to the next", ", ".join(f"{step:.2f}" for step in steps))

# %% [markdown]
# So levelling off has a sign that can be seen: *in logarithms the slope fades*. Now the fit. For a given $b$, floor and $a$ come from a linear least squares. Try many $b$, keep the best. Two details matter. Misses count relative to the error, else the smallest network decides nearly alone. And neither floor nor $a$ may be negative: an error below zero cannot be. So both are *held* at 0 or above (`nnls`, least squares that are not negative). To throw away every $b$ whose free floor is below 0 is another fit, and a wrong one just where there is no floor. (`fit` with `floor=False` is a line by the same relative misses.)


# %%
def my_fit(compute, error, exponents):
    """floor, a, b of the smallest sum of squared relative misses."""
    u, found = compute / np.exp(np.log(compute).mean()), []
    for b in exponents:
        rows = np.stack([1 / error, u**-b / error], 1)  # (sizes, 2); all targets are 1
        (floor, a), miss = nnls(rows, np.ones_like(error))
        found.append((miss, floor, a, b))
    return min(found)[1:]


# %%
chance = np.random.default_rng(0)

# %%
planted_in = {"A": "0 and 0.35", "B": "0.30 and 0.70"}
for name, curve in curves.items():
    rough = curve * (1 + 0.01 * chance.standard_normal(7))
    law, mine = fit(size, rough), my_fit(size, rough, np.linspace(0.2, 1.2, 1001))
    theirs = torch.tensor((law.floor, law.a, law.b), dtype=torch.float64)
    assert_close(torch.tensor(mine, dtype=torch.float64), theirs, rtol=5e-3, atol=1e-3)
    print(f"{name}: floor {law.floor:.2f}, b {law.b:.2f}; planted: {planted_in[name]}")
print("my few lines agree with the library's")

# %% [markdown]
# ## What makes a floor
#
# Three things can; two more, the metric and the training, will join them below.
#
# 1. **The task.** Noise hides the image. Two images can look alike under noise, and no network knows which it was.
# 2. **The data.** A network that has seen few images cannot know the others.
# 3. **The network.** It may be unable to become better, however large. That is what the critic says of DiT.
#
# A curve that levels off shows a floor. It does not say whose. To tell the third from the other two one must know these.
#
# ### The task's own floor
#
# On the straight path $x_t = t\,x_1 + (1 - t)\,\epsilon$, and the network is asked for the velocity $v = x_1 - \epsilon$. It sees $x_t$ and $t$. Squared error asks for the mean of $v$ given $x_t$, and what remains is the variance of $v$ given $x_t$.
#
# Let $x_1$ be one number, normal with deviation $s$. Since $v = (x_1 - x_t)/(1 - t)$, all that is unknown of $v$ is what is unknown of $x_1$, divided by $1 - t$. For normal numbers what is known adds up: $1/\mathrm{Var}(x_1 \mid x_t) = 1/s^2 + t^2/(1-t)^2$. That gives
#
# $$ \mathrm{Var}(v \mid x_t) = \frac{s^2}{t^2 s^2 + (1 - t)^2}, \qquad \int_0^1 \mathrm{Var}(v \mid x_t)\,dt = \frac{\pi}{2}\,s . $$
#
# At $t = 0$ it is $s^2$: nothing is seen of the image, and its whole variance is missing. At $t = 1$ it is 1: nothing is seen of the noise. And the mean over the times is a number that one does not expect: proportional to the *deviation* of the data. (For the integral, put $u = t / (1 - t)$.)

# %%
t = torch.linspace(0, 1, 20_001, dtype=torch.float64)
for s in (0.05, 0.5):
    mean = torch.trapezoid(s**2 / (t**2 * s**2 + (1 - t) ** 2), t).item()
    print(f"s = {s}: mean over the times {mean:.3f}, pi s / 2 = {np.pi * s / 2:.3f}")

# %%
shares, means, covariances = (torch.tensor(x).double() for x in ([1.0], [[0.0]], [[[0.5**2]]]))
one = GaussianMixture(shares, means, covariances)  # one normal number, s = 0.5

# %%
draw = minidit.generator(0, "chapter 14")
x_1, eps = one.sample(50_000, draw), torch.randn(50_000, 1, 1, 1, generator=draw).double()
for now in (0.2, 0.5, 0.9):
    told = torch.full((50_000,), now).double()
    x_t = Flow().interpolate(x_1, eps, told)
    error = (one.network(Flow())(x_t, told) - (x_1 - eps)).square().mean()
    assert_close(error, torch.tensor(0.25 / (now**2 * 0.25 + (1 - now) ** 2)).double(), rtol=0.03, atol=0)
print("the best network's error is the formula's, to 3 percent: the chance of 50,000 draws")

# %% [markdown]
# ### A world of a hundred digits
#
# Real digits are no normal numbers, and nobody knows their floor. So we make a world in which we do. It consists of a hundred handwritten digits, ten of each class; an image of this world is one of them, a little paler, with a normal error of 0.03 in each pixel (call it *speckle*; noise stays the name of $\epsilon$). That is a mixture of normal distributions, and chapter 5 and chapter 7 had its best
# network in closed form. Given the label and $x_t$, it weighs the ten images of the class by how well they explain $x_t$.

# %%
SPREAD = 0.03
digits = load(base.data).train
chosen = torch.cat([(digits.labels == k).nonzero().flatten()[:10] for k in range(10)])
centres = 0.8 * digits.x[chosen].flatten(1).double()  # (100, 1, 8, 8) -> (100, 64)


def mixture(means, spread):
    """One class: its images (k, 64), all equally likely, each with a normal error in every pixel."""
    share = torch.full((len(means),), 1 / len(means)).double()
    return GaussianMixture(share, means, spread**2 * torch.eye(64).double().expand(len(means), 64, 64))


world = [mixture(part, SPREAD) for part in centres.split(10)]


# %%
def images(count, name):
    """Fresh images of the world, class by class in turn."""
    labels, x = torch.arange(count) % 10, torch.empty(count, 1, 8, 8)
    for k, task in enumerate(world):
        draws = task.sample(int((labels == k).sum()), minidit.generator(k, name))
        x[labels == k] = draws.reshape(-1, 1, 8, 8).float()  # (n, 64, 1, 1) -> (n, 1, 8, 8)
    return Images(x, labels, digits.class_names)


data = Data(images(8192, "world.train"), images(1024, "world.held_out"))
x_1 = data.held_out.x[:10]
eps = torch.randn(x_1.shape, generator=minidit.generator(0, "world.noise"))
rows = {f"t = {now:g}": Flow().interpolate(x_1, eps, torch.full((10,), now)) for now in (1, 0.6, 0.3, 0.1)}
teach.show(
    teach.rows(rows),
    alt="Four rows of ten digits. At t = 1 clean digits 0 to 9, slightly speckled. At t = 0.6 they can be read under noise. At t = 0.3 hardly, and at t = 0.1 there is noise alone.",
)


# %%
def best_of(classes):
    """The best network that there can be for these mixtures, one for each label."""

    def f(x, t, condition=None, **_):
        out, wide = torch.empty_like(x), x.flatten(1)[..., None, None].double()  # (b, 64, 1, 1)
        for k in condition.labels.unique().tolist():
            mine = condition.labels == k
            v = classes[k].network(Flow())(wide[mine], t[mine].double())
            out[mine] = v.reshape(-1, 1, 8, 8).float()  # (n, 64, 1, 1) -> (n, 1, 8, 8)
        return out

    return f


# %%
ideal = velocity_readout(Flow(), best_of(world), data)
FLOOR = ideal["held_out"]
teach.compare("ch14.known", "b", "this world is known completely, and its best network still errs.")
print(f"the floor of this task, on the readout's images, times and noise: {FLOOR:.4f}")

# %% [markdown]
# This number is nobody's fault. No network goes below it on average. On the readout's fixed draws the best network has just this number; one that lies below it there was lucky. (The readout asks times from 0.05 to 0.95. Over all times the floor is higher: beyond 0.95 the speckle alone would add about 0.03.)
#
# Where does it lie? By tenths of the times, from the noise to the data:

# %%
tenths = [ideal[f"t{k}"] for k in range(1, 11)]
figure, panel = plt.subplots(figsize=(5.6, 2.6))
panel.bar(range(1, 11), tenths, color=BLUE, width=0.8)
panel.set(
    xticks=range(1, 11),
    xlabel="tenth of the times 0.05 to 0.95 (1 is nearest to the noise)",
    ylabel="least error",
)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Bars of the least error by tenths of the times. They are high in the first six tenths, highest in the third, where one cannot tell which of ten images it was; they fall to less than a fifth of that in the eighth, and rise again in the last, where the speckle cannot be told from the noise.",
)

# %% [markdown]
# In the noisier half it is not known *which* of the ten images of its class it was. (The error rises at first, though less is hidden: what is unknown of $x_1$ counts $1/(1-t)^2$ times in the velocity.) Towards the data that is known, and in the eighth tenth next to nothing is hidden. In the last tenth the speckle of the image and the last of the noise cannot be told apart. A claim about all times is a claim about three different things.
#
# (So a flat curve may be a good sign. In the noisiest tenth a small network may be near the floor already, and then its slope is flat because it is *good*. C05.c asks whether it is flat there; that this is the reason it cannot say.)
#
# ### The floor of few data
#
# Now let a perfect learner see $N$ images and nothing else. It knows them by heart: for it the world consists of these $N$, without speckle. That too is a mixture, with a spread of nearly nothing, and its best network is known. Ask it about the images it saw, and about fresh ones.


# %%
def by_heart(count):
    """Readouts of a learner that takes the first `count` training images for the whole world, and of the best."""
    seen = Images(data.train.x[:count], data.train.labels[:count], data.train.class_names)
    pixels = seen.x.flatten(1).double()
    learner = [mixture(pixels[seen.labels == k], 0.003) for k in range(10)]
    return tuple(velocity_readout(Flow(), best_of(one), Data(seen, fresh)) for one in (learner, world))


# %%
fresh = Images(data.held_out.x[:256], data.held_out.labels[:256], data.held_out.class_names)
counts = (20, 50, 100, 200, 400, 800)
learned, perfect_too = zip(*map(by_heart, counts), strict=True)

# %%
figure, panel = plt.subplots(figsize=(5.6, 3.0))
panel.loglog(counts, [one["held_out"] for one in learned], "o-", color=ACCENT, label="fresh images")
panel.loglog(counts, [one["train"] for one in learned], "s-", color=BLUE, label="the images it saw")
few_floor = perfect_too[0]["held_out"]  # the floor of these 256 images and their draws
panel.axhline(few_floor, color=INK, linewidth=1, linestyle="--", label="floor of the task")
panel.set(xlabel="training images", ylabel="error")
panel.set_xticks(counts, [str(n) for n in counts])
panel.set_yticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
panel.minorticks_off()
panel.legend(frameon=False, fontsize=8)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Error of a learner that knows its training images by heart, against their number. On fresh images it falls with the number of images, and stays above the dashed floor of the task. On the images that it saw it lies below the floor.",
)

# %%
print(
    "on what it saw it lies below the task's floor, always:",
    all(one["train"] < best["train"] for one, best in zip(learned, perfect_too, strict=True)),
)
print("on fresh images above it, always:", all(one["held_out"] > few_floor for one in learned))

# %% [markdown]
# Here are two floors, on two sides of the task's own. On its own images the learner goes *below* the task's floor: it knows what nobody could know. (An error on training images therefore says nothing about the task.) On fresh images it stays above. This is where a network that is large enough, and is trained for long, *ends* if it has $N$ images. A small one, or one stopped early, may lie below it. If a study grows the
# network and keeps few images, its error on fresh images first falls and then rises towards this curve, and the network is not to blame.
#
# Knowing by heart is also not the best that can be done with $N$ images: this learner takes the speckle of a training image for part of it, and a learner that averages does better on fresh ones.
#
# ## A line promises too much, a fitted floor is hardly known
#
# The claim is about larger networks than those that were run. So we need a promise, with an interval. Plant another law with a floor of 0.3, and an exponent of 0.4. Multiply each error by a random factor with a spread of 2 percent; five seeds, five sizes. (Here sizes share no chance; in real runs those of one seed do, which is why `resampled` draws whole seeds.) See what fits say, once from sizes up to 8 times the smallest and once up to 512 times.


# %%
def planted(compute):
    return 0.3 + 0.7 * compute**-0.4


def study(span, name=0):
    """Computes (5,), and the errors (5 seeds, 5 sizes) of a study over this span."""
    compute = np.geomspace(1, span, 5)
    noise = np.random.default_rng(name).standard_normal((5, 5))
    return compute, planted(compute) * (1 + 0.02 * noise)


# %%
figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.0), sharey=True)
far = np.geomspace(1, 5000, 60)
for panel, span in zip(axes, (8, 512), strict=True):
    compute, errors = study(span)
    for law in resampled(compute, errors, draws=60):
        panel.loglog(far, [law(c) for c in far], color=BLUE, linewidth=0.5, alpha=0.3)
    line = fit(compute, errors.mean(0), floor=False)
    panel.loglog(far, [line(c) for c in far], color=ACCENT, linewidth=1.5, label="line, no floor")
    panel.loglog(far, planted(far), color=INK, linestyle="--", linewidth=1.2, label="planted")
    panel.loglog(compute, errors.mean(0), "o", color=INK, markersize=5)
    panel.set(xlabel="compute", ylim=(0.05, 1.2), title=f"sizes up to {span} times the smallest")
    panel.title.set_fontsize(10)
    panel.spines[["top", "right"]].set_visible(False)
    panel.minorticks_off()
axes[0].set_yticks([0.1, 0.3, 1.0], ["0.1", "0.3", "1"])
axes[0].set_ylabel("error")
axes[0].legend(frameon=False, fontsize=8, loc="lower left")
teach.show(
    figure,
    alt="Two studies of the same planted law. Left, sizes up to 8 times the smallest: the thin laws of resampled seeds fan out, from about 0.15 to 0.39 at the right edge, and the straight line runs far below the planted curve. Right, sizes up to 512 times: the laws lie in a narrow band around it, the line is wrong still.",
)

# %%
for span in (8, 512):
    compute, errors = study(span)
    laws = resampled(compute, errors, draws=400)
    floors = np.quantile([law.floor for law in laws], (0.025, 0.975))
    ends = np.quantile([law(5000) for law in laws], (0.025, 0.975))
    line = fit(compute, errors.mean(0), floor=False)
    print(f"span {span}: floor {floors[0]:.2f} to {floors[1]:.2f} by seeds drawn again; planted 0.30")
    print(
        f"   at 5000 they say {ends[0]:.2f} to {ends[1]:.2f}, the line {line(5000):.2f}; planted {planted(5000):.2f}"
    )

# %% [markdown]
# `resampled` draws whole seeds again, with replacement, and fits a law to each draw (chapter 10 met the bootstrap). Three lessons.
#
# - The **line** promises too much: it does not know of a floor, and goes on for ever.
# - The **floor** from a narrow range is hardly known: 0.13 to 0.37 here. Over a short span a high floor with a steep law and a low one with a shallow law look the same: the floor is hardly *identifiable*. How well the curve fits the points says nothing about it.
# - So a study that finds a floor must span enough that the slope visibly fades, and a study that finds none must say how high one could still be.
#
# How often does the interval hold the truth? Play the study forty times.

# %%
held = {}
for span in (8, 512):
    held[span] = 0
    for name in range(40):
        compute, errors = study(span, name=name)
        low, high = np.quantile([law.floor for law in resampled(compute, errors, draws=30)], (0.025, 0.975))
        held[span] += low <= 0.3 <= high
    print(f"span {span}: the interval of the floor holds the planted one in {held[span]} of 40 studies")

# %% [markdown]
# "95 %" would be 38 of 40. Five seeds give less, as in chapter 10: a bootstrap of five takes too little account of how few they are, and thirty draws are few. So these intervals are clearly too narrow: 18 and 28 percent miss, not 5. (We ran the same once with 400 draws: 35 and 34. The rest is the five seeds. And forty studies know a coverage to some six points.)
#
# ## The metric has a floor too
#
# C05 reads errors. The debate speaks of quality, and that is mostly FID: the Frechet distance between the features of generated images and real ones. Two sets of *real* images have a distance as well, since each is finite. Take the world of digits, where a perfect generator exists: the world itself. Distances of pixels, between $n$ fresh images and 1024 others:

# %%
pixels = data.train.x.flatten(1)  # (n, 1, 8, 8) -> (n, 64)
reference = data.held_out.x.flatten(1)
perfect = {n: frechet_distance(pixels[:n], reference) for n in (100, 200, 400, 800, 1600, 6400)}
spoiled = {n: frechet_distance(0.97 * pixels[-n:], reference) for n in perfect}


# %%
def pale_is_above(n, pairs=20):
    """In how many pairs of fresh crowds of n the pale one has the larger distance."""
    crowds = images(2 * n * pairs, f"crowds of {n}").x.flatten(1)  # class by class in turn
    fair, pale = crowds.view(2, pairs, n, -1)  # (2 pairs n, 64) -> two of (pairs, n, 64)
    apart = [
        frechet_distance(0.97 * b, reference) - frechet_distance(a, reference)
        for a, b in zip(fair, pale, strict=True)
    ]
    return sum(gap > 0 for gap in apart)


# %%
figure, panel = plt.subplots(figsize=(5.6, 2.9))
panel.loglog(list(perfect), list(perfect.values()), "o-", color=BLUE, label="a perfect generator")
panel.loglog(list(spoiled), list(spoiled.values()), "s-", color=ACCENT, label="3 percent too pale")
panel.set(xlabel="images generated", ylabel="Frechet distance of pixels")
panel.set_xticks(list(perfect), [str(n) for n in perfect])
panel.set_yticks([0.05, 0.1, 0.2], ["0.05", "0.1", "0.2"])
panel.minorticks_off()
panel.legend(frameon=False, fontsize=8)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Frechet distance against the number of generated images. For a perfect generator it falls about sixfold from 100 images to 6400, and is never zero. For one that is 3 percent too pale it lies close above with few images, and clearly above with many.",
)

# %%
for n in (100, 400, 1600):
    print(f"{n:>4} fresh images each: the pale one has the larger distance in {pale_is_above(n)} of 20 pairs")
print(f"at 6400 it has {spoiled[6400] / perfect[6400]:.1f} times the perfect one's distance")

# %% [markdown]
# With few images the metric can hardly tell the perfect generator from a flawed one. (To the right the curves flatten since the other set stays at 1024.) A curve of FIDs that comes near such a number levels off, and no network is to blame. "Levels off" is meaningful for what lies *above* real against real, at the same number of images. (Exercise 14.7.)
#
# ## The published points
#
# DiT's paper trained twelve networks for 400 thousand steps each and gives FID and cost of each: four sizes S, B, L and XL, with patches of 8, 4 and 2. (Cost is that of one image, forward, in multiply-adds, which papers of this field call Gflops. FID is without guidance.)

# %%
published = {
    "S/8": (0.36, 153.60), "B/8": (1.42, 122.74), "L/8": (5.01, 118.87), "XL/8": (7.39, 106.41),
    "S/4": (1.41, 100.41), "B/4": (5.56, 68.38), "L/4": (19.70, 45.64), "XL/4": (29.05, 43.01),
    "S/2": (6.06, 68.40), "B/2": (23.01, 43.47), "L/2": (80.71, 23.33), "XL/2": (118.64, 19.47),
}  # fmt: skip
cost, fid = (np.array(column) for column in zip(*published.values(), strict=True))
for name in ("S/8", "B/4", "XL/2"):
    assert_close(ledger(f"DiT-{name}").macs / 1e9, published[name][0], rtol=0.01, atol=0)  # it is rounded
print("the ledger counts what the paper prints, for three of the twelve")

# %%
groups = {patch: [n for n in published if n.endswith(f"/{patch}")] for patch in (8, 4, 2)}
looks = {8: (BLUE, "s"), 4: (MUTED, "^"), 2: (ACCENT, "o")}
along = np.geomspace(0.3, 1000, 80)
every = fit(cost, fid)
figure, panel = plt.subplots(figsize=(6.4, 4.0))
panel.loglog(along, [every(c) for c in along], color=INK, linewidth=1, linestyle="--", label="all twelve")
laws = {}
for patch, names in groups.items():
    c, e = zip(*(published[n] for n in names), strict=True)
    laws[patch], (colour, mark) = fit(c, e), looks[patch]
    panel.loglog(c, e, mark, color=colour, label=f"patch {patch}", markersize=7)
    panel.loglog(along, [laws[patch](x) for x in along], color=colour, linewidth=1)
spots = {8: (6, 6), 4: (-22, -11), 2: (7, 3)}
for name, (c, e) in published.items():
    spot = {"S/8": (-22, -4), "L/2": (-20, -9), "XL/2": (-16, -13), "B/2": (-12, 8), "XL/4": (7, 0)}.get(
        name, spots[int(name[-1])]
    )
    panel.annotate(name, (c, e), spot, textcoords="offset points", fontsize=7.5, color=INK)
panel.set(
    xlabel="cost of an image (10^9 multiply-adds)", ylabel="FID after 400 thousand steps", ylim=(6, 220)
)
panel.set_yticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
panel.minorticks_off()
panel.legend(frameon=False, fontsize=8, loc="lower left")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="FID against cost for twelve published networks, on logarithmic axes. The fit to the four with patch 8 flattens above 100, mostly for one point. Those with patch 4 and with patch 2 fall on. The law of all twelve is a straight line that falls through the middle.",
)

# %%
print(f"all twelve: floor {every.floor:.0f}, b {every.b:.2f}")
for patch, law in laws.items():
    print(f"patch {patch} alone: floor {law.floor:.0f}, b {law.b:.2f}")
teach.compare(
    "ch14.patches",
    "a",
    "the fit to patch 8 says: a floor above 100; and a smaller patch goes far below that.",
)

# %% [markdown]
# Look at patch 8 alone. From B to L the cost grows more than threefold, and FID hardly falls. The fit makes a floor of 101 of that. Do the slopes fade? From size to size they are -0.16, -0.03 and -0.28: the last is the steepest. With no floor the four miss their law by 4.0 percent, with a floor by 3.3. Four points let somebody report that DiT levels off at an FID of about 100, and hardly carry it.
#
# But suppose they did. Then somebody cuts the image into smaller patches, and at *about the cost* of XL/8 the FID of S/2 is lower by a third.
#
# The fitted floor described *one way to grow*. Cost has several axes here, width, depth and number of tokens. A curve along one of them says nothing about the others.
#
# A sober reading of the rest. Each point is **one training**. The few repeats that are known differ by up to 1 percent (B/4), and by 7 to 9 (XL/2, S/8; other code or precision). With four points and three numbers to fit, the floor of a patch size has no interval at all. And the twelve do not lie on one curve: S/4 and B/8 cost the same, and their FIDs are far apart; B/4 and S/2 cost about the same, and theirs agree. What the twelve show is that within this range
# those who paid more, and kept the patch small, got better images. No floor is visible for the family as a whole. That does not exclude one: a law with a floor of 10 fits the twelve nearly as well (it misses by 22 percent, the one without by 20).
#
# Now foretell. Fit the ten cheaper ones, and say what the two most expensive will have. A promise needs a range, else nothing could prove it wrong: Student's, for *one more* point, from how far the ten scatter about their line.


# %%
def one_more(compute, error, at):
    """Between which two errors one more network will lie, in 95 of 100 cases, if a line in logarithms is right."""
    x, y = np.log(compute), np.log(error)
    b, a = np.polyfit(x, y, 1)
    rest, n, gone = y - a - b * x, len(x), np.log(at) - x.mean()
    spread = np.sqrt(np.square(rest).sum() / (n - 2) * (1 + 1 / n + gone**2 / np.square(x - x.mean()).sum()))
    half = stats.t.ppf(0.975, n - 2) * spread
    return np.exp(a + b * np.log(at) + np.array((-half, half)))


# %%
cheap = cost < 50
for name, floor in (("a line", False), ("a law with a floor", True)):
    law = fit(cost[cheap], fid[cheap], floor=floor)
    promised = ", ".join(f"{law(published[n][0]):.0f} for {n}" for n in ("L/2", "XL/2"))
    print(f"{name}, from ten: {promised}")

# %%
for n in ("L/2", "XL/2"):
    low, high = one_more(cost[cheap], fid[cheap], published[n][0])
    print(f"range for one more at the cost of {n}: {low:.0f} to {high:.0f}; published: {published[n][1]:.0f}")
print("(the fitted floor is 0, so both are one law)")
teach.compare("ch14.ten", "c", "the two largest are better than a line of the others.")

# %% [markdown]
# Lines promise too much where there is a floor. Here both came out below the line, by a third. But the ten themselves scatter by a quarter, and the ranges hold both: a miss in this direction is not yet a bend. If it is one, a reason could be FID itself: it is squeezed at its upper end, where images are hardly images. Another: the cheap ones are mostly those with large patches, and the two that were left out have small ones. But a line through the two cheap ones with patch 2 errs the same way: it says 28 and 25.
#
# ### Sizes, steps and data
#
# The largest one was trained on. At 0.4, 2.35 and 7 million steps its FID without guidance was

# %%
longer = {0.4: 19.47, 2.35: 10.67, 7.0: 9.62}
for (a, x), (b, y) in pairwise(longer.items()):
    print(f"from {a} to {b} million steps: FID {x} to {y}, slope {np.log(y / x) / np.log(b / a):.2f}")

# %% [markdown]
# *Along the steps* the slope fades, by this count to less than a third. So is that the wall? The same network, trained in another way, has been reported lower, also without guidance: 8.3 to 8.6 with SiT's objective and a random sampler after as many steps (a user's ODE steps gave 9.3 to 9.5), 3.93 with token routing (chapter 11), and EDM's objective and sampler, after about half as many. The floor of one recipe is not the floor of the
# network. (These come from papers by different groups, with different samplers; one training each.)
#
# So "levels off" must say along which axis: size at equal steps, steps at equal size, or data. And whether equal steps, equal epochs or equal compute are compared. At equal epochs a network four times as large has spent four times the compute. (Exercise 14.2.)
#
# ## Live: foretell a network before it is run
#
# Now the world of digits, whose floor we know. Train four small DiTs, equal steps, one rate for all, and **one seed**. On the CPU each step sees fresh images (in the longer run below, each about twice), so few data are no excuse.


# %%
def network_of(width, more=None):
    """The experiment of one width, and what else is to differ."""
    return base.override({"model.dim": width, "model.heads": max(1, width // 16)} | (more or {}))


def flops(width, more=None):
    """Of a whole training: 2 FLOPs a MAC, a step costs three forward passes, `batch_size` images a step."""
    one = network_of(width, more)
    return 2 * ledger(one.model).macs * 3 * one.training.batch_size * one.training.steps


# %%
def learn(width, images=None, more=None):
    """A network trained on the world, or on some images of it."""
    state = TrainState.create(network_of(width, more), 0, device)
    seen = data if images is None else Data(images, data.held_out)
    for _ in teach.progress(minidit.train(state, seen), f"width {width}", state.experiment.training.steps):
        pass
    return state.ema.module.eval()


def error_of(network):
    return velocity_readout(Flow(), network, data)["held_out"]


# %%
runs = {width: error_of(learn(width)) for width in widths}

# %% tags=["nbval-ignore-output"]
for width, error in runs.items():
    print(
        f"width {width:>3}: {flops(width) / 1e9:7.3f} GFLOP, error {error:.4f}, above the floor {error - FLOOR:.4f}"
    )

# %% [markdown]
# The next one is wider than all of them. Before it is run, write down what three laws say of it: the line without a floor, the law with a floor to be fitted, and a third that may use what we know and fits a line to what lies *above the task's floor*.

# %%
spent, errors = [flops(width) for width in widths], list(runs.values())
line, bent = fit(spent, errors, floor=False), fit(spent, errors)
above = fit(spent, [error - FLOOR for error in errors], floor=False)
promises = {
    "line without a floor": line(flops(largest)),
    "law with a fitted floor": bent(flops(largest)),
    "line above the known floor": FLOOR + above(flops(largest)),
}

# %% tags=["nbval-ignore-output"]
print(f"fitted floor {bent.floor:.4f}, the task's own {FLOOR:.4f}")
for name, promise in promises.items():
    print(f"{name:>27}: {promise:.4f}")
low, high = one_more(spent, errors, flops(largest))
print(f"range for one more, about the line: {low:.2f} to {high:.2f}")

# %% [markdown]
# That is committed: it stands above, in the order of the cells. Now look.

# %%
runs[largest] = error_of(learn(largest))

# %% tags=["nbval-ignore-output"]
print(f"width {largest}: error {runs[largest]:.4f}")
for name, promise in promises.items():
    print(f"{name:>27}: off by {100 * (promise / runs[largest] - 1):+.1f} %")


# %%
tried_widths = [*widths, largest]
gains = [a - b for a, b in pairwise(runs[width] for width in tried_widths)]
print("the error falls from each width to the next:", all(gain > 0 for gain in gains))
print("all stay above the task's floor:", all(error > FLOOR for error in runs.values()))

# %%
spent = [flops(width) / 1e9 for width in tried_widths]
laws = {
    "line" + ", and the law with a fitted floor" * (bent.floor < 1e-3): (line, "-", BLUE),
    f"fitted floor ({bent.floor:.2f})": (bent, "--", BLUE),
    "line above the floor": (lambda c: FLOOR + above(c), ":", ACCENT),
}
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.4))
for panel, far, size in ((axes[0], 3, 7), (axes[1], 1e5, 4)):
    panel.loglog(spent[:-1], [runs[w] for w in widths], "o", color=INK, markersize=size, label="run, fitted")
    panel.loglog(spent[-1], runs[largest], "D", color=ACCENT, markersize=size, label="run after the promises")
    along = np.geomspace(spent[0], far * spent[-1], 60)
    for name, (law, look, colour) in laws.items():
        if not (law is bent and bent.floor < 1e-3):  # else it is the line once more
            panel.loglog(along, [law(1e9 * c) for c in along], look, color=colour, linewidth=1.2, label=name)
    panel.minorticks_off()
    panel.set_xlabel("compute of the training (GFLOP)")
    panel.spines[["top", "right"]].set_visible(False)
axes[1].axhline(FLOOR, color=MUTED, linewidth=1)
axes[1].text(spent[0], FLOOR * 1.03, "floor of the task", fontsize=8, color=INK, va="bottom")
axes[0].set_yticks([0.3, 0.4, 0.5, 0.6], ["0.3", "0.4", "0.5", "0.6"])
axes[1].set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
axes[0].set_title("near by", fontsize=10, color=INK)
axes[1].set_title("far out", fontsize=10, color=INK)
axes[0].set_ylabel("held-out error")
axes[0].legend(frameon=False, fontsize=7.5)
figure.tight_layout()
teach.show(
    figure,
    alt="Held-out error against training compute on logarithmic axes. Left, near by: four widths as dots, the third off the line by 6 percent, the fifth as a diamond close to the line; the laws cannot be told apart. Right, far out: the straight line crosses the floor of the task many decades further on; the line above the floor bends away from it.",
)

# %% tags=["nbval-ignore-output"]
crossing = line.unit * (line.a / FLOOR) ** (1 / line.b)
print(
    f"from {crossing / flops(largest):.0f} times the largest compute on, the line promises what no network can do"
)

# %%
said = list(promises.values())
print("the three promises agree to 3 percent:", max(said) < 1.03 * min(said))
print("the fit found a floor:", bent.floor > 0.01, "   and there is one:", FLOOR > 0.01)

# %% tags=["nbval-ignore-output"]
steps = [slope(*pair) for pair in zip(pairwise(spent), pairwise(runs.values()), strict=True)]
print("slopes from each width to the next: " + ", ".join(f"{step:.2f}" for step in steps))

# %% [markdown]
# Three things to see, and one not to.
#
# - The fit found **no floor, and there is one**. The floor is an eighth to a quarter of these errors, and should have taken about a tenth of the slope from end to end. One seed, and one rate for all widths, scatter the slopes by far more (the last line). "We fitted a floor and it came out zero" means no more than this.
# - The straight line must be wrong *somewhere*: it crosses what no network can cross. Yet one step up it is as good as the line that knows the floor. A promise for the next size does not test a law for all sizes.
# - What we know from elsewhere (here the task's floor) made the promise for the next size no better. It decides only far out, where the line goes below what is possible.
# - The four points lie up to 6 percent off their line, and the range for one more is wide. That a promise came out to less than a percent is luck, and decides nothing between the laws. With the next seed another one may be nearest.
#
# Is it the network or its training? Train the second largest of the four anew, with twice the steps.

# %%
middle = widths[-2]
twice = error_of(learn(middle, more={"training.steps": 2 * base.training.steps}))
print("twice the steps have a lower error, at the same width:", twice < runs[middle])
cheaper = 2 * flops(middle) < flops(widths[-1])
print("and beat the next width at less compute:", cheaper and twice < runs[widths[-1]])

# %% tags=["nbval-ignore-output"]
nearer = (runs[middle] - twice) / (runs[middle] - FLOOR)
print(
    f"width {middle}: {runs[middle]:.4f}, with twice the steps {twice:.4f}: nearer to the floor by {nearer:.0%}"
)

# %% [markdown]
# So a good part of the way from this network to the floor was a matter of its steps. The smaller network, with twice the steps, beats the next one at about half of its cost (one seed). Our curve compared networks at equal steps, and that is not equal compute: it shows the cost of being trained too shortly as well as the gain of being large. A study that grows networks at equal steps finds both in one curve, and DiT's
# twelve points are such a study. So is C05.
#
# A law with two axes says it in a line (Hoffmann et al., 2022): error $= E + A\,N^{-\alpha} + B\,D^{-\beta}$, with size $N$ and images seen $D$. At fixed $D$ the floor of the curve over $N$ is $E + B\,D^{-\beta}$, not $E$: the task's and the training's together.
#
# ## C05: does DiT level off?
#
# The card was written before its runs: five widths, from 16 to 96, on coloured shapes; 1000 steps each; a rate of its own for each width; five seeds. The slope of log(error) on log(compute) is taken seed by seed. It asks three things: does the held-out error fall with a slope below -0.1; does it fall faster, below -0.2, in the cleanest tenth of the times, where details are made; and does it hardly fall in the noisiest tenth,
# where noise hides the image?
#
# Note what it does not ask: whether DiT has a floor *of its own*. The span is 24 times in compute, and you have seen what that gives. Nor does it ask whether the slope *fades*. A mean slope says that the error falls over the whole range: our curve B, with its floor, has a mean slope of -0.26 and would pass. Fading the fit below must show, if it can. And a slope that is flat would not say whose floor it is.


# %%
tell("C05")


# %%
def curve(name, metric):
    """Compute of each size (sizes,) and errors (seeds, sizes) of a scaling trial, the smallest first."""
    case = tried(name)
    cost = {
        arm: one.flops_per_step * one.experiment["training"]["steps"] for arm, one in case.trial.arms.items()
    }
    arms = sorted(cost, key=cost.get)
    return [cost[arm] for arm in arms], np.array([list(case.of(arm, metric).values()) for arm in arms]).T


# %%
metrics = {
    "velocity.held_out": "all times",
    "velocity.t10": "cleanest tenth",
    "velocity.t1": "noisiest tenth",
}
found = {}
for metric, name in metrics.items():
    compute, errors = curve("C05", metric)
    found[metric] = compute, errors, resampled(compute, errors, draws=300)
    low, high = np.quantile([law.floor for law in found[metric][2]], (0.025, 0.975))
    means = errors.mean(0)
    steps = [slope(*pair) for pair in zip(pairwise(compute), pairwise(means), strict=True)]
    print(f"{name:>14}: slopes from width to width " + ", ".join(f"{step:.2f}" for step in steps))
    print(f"{'':>14}  fitted floor {low:.3f} to {high:.3f}; the largest network has {means[-1]:.3f}")
print("widths at an edge of the grid of rates:", ", ".join(at_the_edge(tried("C05").trial)))

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.0))
for panel, (metric, name) in zip(axes, metrics.items(), strict=True):
    compute, errors, laws = found[metric]
    along = np.geomspace(min(compute), 10 * max(compute), 50)
    for law in laws[:60]:
        panel.loglog(along, [law(c) for c in along], color=BLUE, linewidth=0.5, alpha=0.3)
    line = fit(compute, errors.mean(0), floor=False)
    panel.loglog(along, [line(c) for c in along], color=ACCENT, linewidth=1.2)
    for row in errors:
        panel.loglog(compute, row, "o", color=INK, markersize=3.5, alpha=0.7)
    panel.set_yticks([0.05, 0.1, 0.2, 0.3], ["0.05", "0.1", "0.2", "0.3"])
    panel.minorticks_off()
    panel.set_xlabel("FLOPs of the training")
    panel.set_title(name, fontsize=10, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="C05's five widths on logarithmic axes, three panels, a dot a seed: all times, the cleanest tenth, the noisiest tenth. In each the smallest width lies far above the rest. The thin laws with a floor bend flat at the largest width; the red lines without one run on downwards, and pass above the dots of the middle.",
)

# %% [markdown]
# How to read the words. *Supported* for a: on these images, from 0.02 to 0.7 million parameters, at equal steps, the error falls by more than 6.7 percent for twice the compute, in the mean over the range. It says nothing about 675 million. *Refuted* for c: in the noisiest tenth it falls, too, by more than "hardly".
#
# Is it levelling off, then? Look at the slopes from width to width, and at the two kinds of fit. They part company. The first step, from width 16 to 32, is three times as steep as any other. The law with a floor must bend sharply to hold it, and so it puts the floor *where the largest network already is*: by this law DiT has levelled off. The line without a floor goes on. Both were fitted to the same five means.
#
# Who is right? The slopes fade at first, and do not go on fading: the last one of all times is steeper than the one before. The floor is owed to the smallest network. That is a poor one: 0.02 million numbers, and the largest rate of its grid, so a larger one might have served it better. In the noisiest tenth, too, four fifths of the fall that refutes c lie in this first step (seen, not asked). One point that is of another kind bends the whole law.
#
# "Levels off" and "does not" from one table: no argument settles that. A larger network does.
#
# ## C25: the next width, foretold
#
# Card C25 was written when C05 had been seen, and before any network of width 128 was trained. It has both promises. By the law with a floor width 128 lies 1.8 percent below width 96, and at most 2.6. By the line, 14.5. (And in its notes our own bet, on neither: about 7, from the upper three widths.) a asks for more than the law allows, b for more than the line promises. Five seeds, a rate for each.

# %%
tell("C25")

# %%
floors = [law.floor for law in found["velocity.held_out"][2]]
below = [value < np.median(floors) for value in tried("C25").of("width=dim128").values()]
print(
    f"floor that was fitted to C05: {np.median(floors):.4f}; width 128 lies below it in {sum(below)} of 5 seeds"
)

# %% [markdown]
# Width 128 lies 7 percent below width 96, in all five seeds below. The line's promise is refuted (b): it promised twice as much. The law's promise is *not* decided (a). The interval lies beyond the 2.6 percent that the law allowed; but two trainings of width 96 from other starts differ by 7 percent here, and the rule asks for more than that. Five seeds could not know.
#
# Yet all five networks of width 128 lie below the floor that was fitted, the one that DiT was supposed not to pass. (Seen, not asked. But for a floor one network below it is enough, chance aside.) And the bet in the card's notes, 7 to 8 percent from a line through the upper three widths, is what came. (After C25 was run we fitted the law with a floor once more, without the smallest width: a floor of 0.03, from 0 to 0.06, and 7.4 percent for the next width. So the floor was indeed that network's doing. It was tried afterwards, and is no promise.) One bet that comes true proves no method. It does suggest what to do with a point of another kind: look at it, and say so, before it bends the law.
#
# So does DiT level off? Here, from 0.02 to 1.3 million parameters at equal steps, the error falls by some 7 percent for 1.7 times the compute at the upper end, about as from step to step before. Nothing is seen of a floor. It cannot be excluded either, further down.
#
# ## Play: where will the next one be?
#
# A game in rounds. Some points of a curve are shown; say where the next one is. The curves are planted ones with and without a floor, published ones, and one that you have just trained. A straight line and a law with a floor play against you. They were fitted to the points that you see, and know nothing more.


# %%
def a_round(name, axis, unit, x, y, told):
    """One curve, with what a law with a floor says of its last point."""
    x, y = ([float(f"{v:.4g}") for v in row] for row in (x, y))
    return name, axis, unit, x, y, fit(x[:-1], y[:-1])(x[-1]), told


plain, floored = np.array([1, 2, 4, 8, 64.0]), np.array([1, 4, 16, 64, 1024.0])
by_cost = sorted((published[n] for n in published if n[-1] in "24"), key=lambda row: row[0])
told_of_fid = "Eight networks, two patch sizes. A line through the others promised too little."
game = [
    a_round("A planted law", "compute", "error", plain, plain**-0.35, "No floor was planted, and no chance."),
    a_round("Another planted law", "compute", "error", floored, 0.3 + 0.7 * floored**-0.4, "The floor was planted at 0.3, and no chance: the law with a floor cannot lose."),
    a_round("DiT's networks with patches of 4 and 2, by cost", "10^9 multiply-adds", "FID", *zip(*by_cost, strict=True), told_of_fid),
    a_round(
        "The world of digits, trained above", "GFLOP", "error", spent, [runs[w] for w in tried_widths],
        f"The floor of the task is {FLOOR:.3g}.",
    ),
    a_round(
        "A planted law in which chance has 3 percent", "compute", "error", plain,
        (0.5 + 0.5 * plain**-0.8) * (1 + 0.03 * np.random.default_rng(3).standard_normal(5)), "The floor was planted at 0.5.",
    ),
]  # fmt: skip

# %% tags=["nbval-ignore-output"]
keys = ("names", "axes", "units", "computes", "errors", "laws", "told")
first = game[0]
figure, panel = plt.subplots(figsize=(5.8, 3.0))
panel.loglog(first[3][:-1], first[4][:-1], "o", color=INK, markersize=7)
panel.axvline(first[3][-1], color=MUTED, linestyle=":")
panel.text(first[3][-1], 0.9, "?", fontsize=16, color=ACCENT, ha="right")
panel.set(xlabel="compute", ylabel="error", ylim=(0.1, 1.2), title=first[0])
panel.set_yticks([0.1, 0.2, 0.5, 1], ["0.1", "0.2", "0.5", "1"])
panel.minorticks_off()
panel.spines[["top", "right"]].set_visible(False)
teach.Page(
    "extrapolation",
    figure,
    alt="A game: four points of a curve on logarithmic axes, and a dotted line at a compute eight times that of the last, with a question mark. A slider sets a guess; the truth is then shown with a score, beside those of a straight line and of a law with a floor.",
    **dict(zip(keys, map(list, zip(*game, strict=True)), strict=True)),
)

# %% [markdown]
# And for paper: the same game without a slider. Three of the rounds, and what the two rivals say.

# %%
for name, _, unit, x, y, law, told in game[:3]:
    shown = ", ".join(f"{v:g}" for v in y[:-1])
    rival = fit(x[:-1], y[:-1], floor=False)(x[-1])
    print(f"{name}: {unit} {shown}; at {x[-1] / x[-2]:.3g} times the last compute?")
    print(f"   a line says {rival:.3g}, a law with a floor {law:.3g}; it is {y[-1]:g}. {told}")

# %% [markdown]
# ## What would change our mind
#
# We said: no floor of DiT is visible in the published points; the floor fitted to patch 8 is not known, and S/2 lies below it at about the cost of XL/8; along the steps FID flattens, and other recipes for the same network get lower. This would overturn it:
#
# - seeds. Twelve networks, three seeds each, and FIDs that move by chance as much as we read into them;
# - a study in which width, depth, tokens, steps *and* data grow together, and the slope of what lies above the metric's and the task's floor still fades;
# - a network of another kind, trained in the same way on the same images, whose *measured* error, at equal compute, lies below the whole interval of DiT's fitted floor. That would be a floor of DiT's own;
# - C25.a with more seeds, and refuted: then the law with a floor was right about the next step.
#
# And these we do not know: the task's floor on any real images; how much of the flattening along the steps is FID's; whether the critic meant size, steps or data.
#
# ## Exercises
#
# Seven exercises ask for a function each: a slope in logarithms, steps at equal compute, a law with a floor, an interval of an extrapolation, the floor of a task, one run foretold, and a rule for levelling off. In a terminal, in the folder of the project, `minidit exercises start ch14` writes a notebook to work in.
#
# Five more are experiments, for below the last cell of this notebook. Write down what you expect before you run them.
#
# 1. Few images: `error_of(learn(64, Images(data.train.x[:100], data.train.labels[:100], data.train.class_names)))`, beside `runs[64]` and `learned[2]["held_out"]`. Does the network reach what knowing by heart reaches?
# 2. Depth in place of width: find a depth with which `flops(32, {"model.depth": depth})` is the compute of the largest width, and `learn(32, more={"model.depth": depth})`. Does it lie on the same curve?
# 3. Another seed in `TrainState.create`, for all widths. Which of the three promises is nearest now?
# 4. Set `SPREAD` to 0.1 and make the world anew. By how much does the floor rise, and which tenth of the times takes the rise?
# 5. In `study` use seven sizes in place of five over the same span, then twice as many seeds. Which of the two narrows the interval of the floor more?
#
# ## In short
#
# - On plain axes everything levels off. In logarithms a floor is a slope that fades.
# - A floor may be the task's, the data's, the metric's, the recipe's or the network's. Rule out the first four, one by one, by knowing or moving them, and compare with a network of another kind. Only then blame this one.
# - A line promises too much where there is a floor. A floor fitted to a narrow range is hardly known. An interval comes of seeds, drawn again whole.
# - Size, steps and data are three axes. So are width, depth and tokens.
# - Foretell, commit, then look.
#
# ## Sources
#
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: the twelve networks, their cost and FID (table 4), and longer training of XL/2.
# - N. Ma et al., *SiT*, 2024, arXiv 2401.08740; F. Krause et al., *TREAD*, 2025, arXiv 2501.04765: the same network with another objective, and with token routing.
# - J. Kaplan et al., *Scaling Laws for Neural Language Models*, 2020, arXiv 2001.08361: straight lines in logarithms over many orders of magnitude.
# - J. Hoffmann et al., *Training Compute-Optimal Large Language Models*, 2022, arXiv 2203.15556: a law with a floor, and two axes, size and data.
# - M. Heusel et al., *GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium*, 2017, arXiv 1706.08500: FID.
# - B. Efron, *Bootstrap Methods: Another Look at the Jackknife*, 1979: seeds drawn again.
# - The debate of August 2025, as the card of C05 quotes it, with what we have seen of it and what we have not.
