# %% [markdown]
# # Chapter 14: Does DiT level off?
#
# | | |
# |---|---|
# | **Question** | "DiT's quality levels off early: it cannot go on learning from the data." How would one know? |
# | **You will be able to** | tell a floor from a power law, and say how much data that takes; name three things that make a floor, and compute the one that no network is to blame for; fit a law with a floor to few sizes and give its promise an interval; foretell a larger network before it is run, and be held to it |
# | **Minutes** | 2 on two cores, most of it five short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C05 (a claim whose runs are not done is printed as such) |
#
# One point of the critic of August 2025 is about size. We know it in summary only: DiT's quality levels off early, it cannot go on learning from the data. (The source stands on the card of C05.)
#
# Every curve of learning gets flatter. So "it gets flatter" cannot be the claim. This chapter asks what else it could mean, and what one would have to see.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.testing import assert_close

import minidit
from minidit import Flow, TrainState, teach
from minidit.claims import cards, tried
from minidit.claims.trial import find
from minidit.data import load
from minidit.data.images import Data, Images
from minidit.flow.mixture import GaussianMixture
from minidit.measure import ledger, velocity_readout
from minidit.measure.frechet import frechet_distance
from minidit.measure.scaling import fit, resampled
from minidit.teach.dots import dots
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import verdicts

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
    "DiT's paper has twelve networks: four widths, each with patches of 8, 4 and 2. A law with a floor is fitted to their FIDs.\n"
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
# So levelling off has a sign that can be seen: *in logarithms the slope fades*. Now the fit. For a given $b$, floor and $a$ come from a linear least squares. Try many $b$, keep the best. Two details matter. Misses count relative to the error, else the smallest network decides nearly alone. And neither floor nor $a$ may be negative: an error below zero cannot be.


# %%
def my_fit(compute, error, exponents):
    """floor, a, b of the smallest sum of squared relative misses."""
    u, found = compute / np.exp(np.log(compute).mean()), []
    for b in exponents:
        rows = np.stack([1 / error, u**-b / error], 1)  # (sizes, 2); all targets are 1
        (floor, a), *_ = np.linalg.lstsq(rows, np.ones_like(error), rcond=None)
        if floor >= 0 and a >= 0:
            found.append((np.square(rows @ (floor, a) - 1).sum(), floor, a, b))
    return min(found)[1:]


# %%
chance = np.random.default_rng(0)
rough = curves["B"] * (1 + 0.01 * chance.standard_normal(7))
law = fit(size, rough)
mine = my_fit(size, rough, np.linspace(0.3, 1.2, 901))
assert_close(
    torch.tensor(mine), torch.tensor((law.floor, law.a, law.b)), rtol=5e-3, atol=1e-3, check_dtype=False
)
print(f"floor {law.floor:.2f}, b {law.b:.2f}; planted: 0.30 and 0.70. My few lines agree with the library's.")

# %% [markdown]
# ## What makes a floor
#
# Three things can.
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
# Let $x_1$ be one number, normal with deviation $s$. Since $v = (x_1 - x_t)/(1 - t)$, all that is unknown of $v$ is what is unknown of $x_1$, divided by $1 - t$. The textbook's formula for two normal numbers gives
#
# $$ \mathrm{Var}(v \mid x_t) = \frac{s^2}{t^2 s^2 + (1 - t)^2}, \qquad \int_0^1 \mathrm{Var}(v \mid x_t)\,dt = \frac{\pi}{2}\,s . $$
#
# At $t = 0$ it is $s^2$: nothing is seen of the image, and its whole variance is missing. At $t = 1$ it is 1: nothing is seen of the noise. And the mean over the times is a number that one does not expect: proportional to the *deviation* of the data. (Exercise 14.5.)

# %%
t = torch.linspace(0, 1, 20_001, dtype=torch.float64)
for s in (0.05, 0.5):
    mean = torch.trapezoid(s**2 / (t**2 * s**2 + (1 - t) ** 2), t).item()
    print(f"s = {s}: mean over the times {mean:.3f}, pi s / 2 = {np.pi * s / 2:.3f}")

# %%
one = GaussianMixture(*(torch.tensor(x).double() for x in ([1.0], [[0.0]], [[[0.25]]])))  # s = 0.5
draw = minidit.generator(0, "chapter 14")
x_1, eps = one.sample(50_000, draw), torch.randn(50_000, 1, 1, 1, generator=draw).double()
for now in (0.2, 0.5, 0.9):
    told = torch.full((50_000,), now).double()
    x_t = Flow().interpolate(x_1, eps, told)
    error = (one.network(Flow())(x_t, told) - (x_1 - eps)).square().mean()
    assert_close(error, torch.tensor(0.25 / (now**2 * 0.25 + (1 - now) ** 2)).double(), rtol=0.03, atol=0)
print("the best network's error is the formula's, to 3 percent of chance")

# %% [markdown]
# ### A world of a hundred digits
#
# Real digits are no normal numbers, and nobody knows their floor. So we make a world in which we do. It consists of a hundred handwritten digits, ten of each class; an image of this world is one of them, a little paler, with a normal error of 0.03 in each pixel. That is a mixture of normal distributions, and chapter 5 and chapter 7 had its best
# network in closed form. Given the label and $x_t$, it weighs the ten digits of the class by how well they explain $x_t$.

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
teach.compare("ch14.known", "b", "the world is known to the last digit, and its best network still errs.")
print(f"the floor of this task, on the readout's images, times and noise: {FLOOR:.4f}")

# %% [markdown]
# This number is nobody's fault. It is not 0 and cannot be reached from below, except by luck. A readout has fixed draws, and so has a floor of its own that is known here to the last digit.
#
# Where does it lie? By tenths of the times, from the noise to the data:

# %%
tenths = [ideal[f"t{k}"] for k in range(1, 11)]
figure, panel = plt.subplots(figsize=(5.6, 2.6))
panel.bar(range(1, 11), tenths, color=BLUE, width=0.8)
panel.set(xticks=range(1, 11), xlabel="tenth of the times (1 is nearest to the noise)", ylabel="least error")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Bars of the least error by tenths of the times. They are high in the first six tenths, highest in the third, where one cannot tell which digit it was; they fall to less than a fifth of that in the eighth, and rise again in the last, where the speckle cannot be told from the noise.",
)

# %% [markdown]
# In the noisier half it is not known *which* of the ten digits it was. Towards the data that is known, and in the eighth tenth next to nothing is hidden. In the last tenth the speckle of the image and the last of the noise cannot be told apart. A claim about all times is a claim about three different things.
#
# (So a flat curve may be a good sign. Where noise hides most, a small network may be near the floor already, and then its slope is flat because it is *good*. C05.c asks for exactly that.)
#
# ### The floor of few data
#
# Now let a perfect learner see $N$ images and nothing else. It knows them by heart: for it the world consists of these $N$, without speckle. That too is a mixture, with a spread of nearly nothing, and its best network is known. Ask it about the images it saw, and about fresh ones.


# %%
def by_heart(count):
    """The readout of a learner that takes the first `count` training images for the whole world."""
    seen = Images(data.train.x[:count], data.train.labels[:count], data.train.class_names)
    pixels = seen.x.flatten(1).double()
    learner = [mixture(pixels[seen.labels == k], 0.003) for k in range(10)]
    return velocity_readout(Flow(), best_of(learner), Data(seen, Images(*few_held_out)))


few_held_out = (data.held_out.x[:256], data.held_out.labels[:256], data.held_out.class_names)
counts = (20, 50, 100, 200, 400, 800)
learned = {count: by_heart(count) for count in counts}

# %%
figure, panel = plt.subplots(figsize=(5.6, 3.0))
panel.loglog(counts, [learned[n]["held_out"] for n in counts], "o-", color=ACCENT, label="fresh images")
panel.loglog(counts, [learned[n]["train"] for n in counts], "s-", color=BLUE, label="the images it saw")
panel.axhline(FLOOR, color=INK, linewidth=1, linestyle="--", label="floor of the task")
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
    all(r["train"] < FLOOR for r in learned.values()),
)
print("on fresh images above it, always:", all(r["held_out"] > FLOOR for r in learned.values()))

# %% [markdown]
# Here are two floors, on two sides of the task's own. On its own images the learner goes *below* the task's floor: it knows what nobody could know. (An error on training images therefore says nothing about the task.) On fresh images it stays above: whatever its size, and however long it trains. If a study grows the
# network and keeps few images, the curve levels off, and the network is not to blame.
#
# Knowing by heart is also not the best that can be done with $N$ images: this learner takes the speckle of a training image for part of it, and a learner that averages does better on fresh ones. So the upper curve is a floor for a *kind* of learning, not for all of it.
#
# ## A line promises too much, an offset too little
#
# The claim is about larger networks than those that were run. So we need a promise, with an interval. Plant another law with a floor of 0.3, and an exponent of 0.4. Give each run a chance of 2 percent, five seeds, five sizes. See what fits say, once from sizes up to 8 times the smallest and once up to 512 times.


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
    alt="Two studies of the same planted law. Left, sizes up to 8 times the smallest: the thin laws of resampled seeds fan out, some towards zero and some flat at once, and the straight line runs far below the planted curve. Right, sizes up to 512 times: the laws lie in a narrow band around it, the line is wrong still.",
)

# %%
for span in (8, 512):
    compute, errors = study(span)
    floors = np.quantile([law.floor for law in resampled(compute, errors, draws=400)], (0.025, 0.975))
    line = fit(compute, errors.mean(0), floor=False)
    print(f"span {span}: floor {floors[0]:.2f} to {floors[1]:.2f} by seeds drawn again; planted 0.30")
    print(f"   at 5000 the line says {line(5000):.2f}, planted {planted(5000):.2f}")

# %% [markdown]
# `resampled` draws whole seeds again, with replacement, and fits a law to each draw (chapter 10 met the bootstrap). Three lessons.
#
# - The **line** promises too much: it does not know of a floor, and goes on for ever.
# - The **offset** from a narrow range may promise nearly anything. Over a short span a high floor with a steep law and no floor with a shallow one look the same: the floor is hardly *identifiable*. How well the curve fits the points says nothing about it.
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
# "95 %" would be 38 of 40. Five seeds give less, as in chapter 10: a bootstrap of five takes too little account of how few they are, and thirty draws are few. Take the intervals of this chapter as somewhat too narrow.
#
# ## The metric has a floor too
#
# C05 reads errors. The debate speaks of quality, and that is mostly FID: the Frechet distance between the features of generated images and real ones. Two sets of *real* images have a distance as well, since each is finite. Take the world of digits, where a perfect generator exists: the world itself. Distances of pixels, between $n$ fresh images and 1024 others:

# %%
pixels = data.train.x.flatten(1)  # (n, 1, 8, 8) -> (n, 64)
reference = data.held_out.x.flatten(1)
perfect = {n: frechet_distance(pixels[:n], reference) for n in (100, 200, 400, 800, 1600, 6400)}
spoiled = {n: frechet_distance(0.97 * pixels[:n], reference) for n in perfect}

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
print("the perfect one, at 100 images, looks worse than the pale one at 800:", perfect[100] > spoiled[800])
print(f"at 6400 the pale one has {spoiled[6400] / perfect[6400]:.1f} times the perfect one's distance")

# %% [markdown]
# With few images the metric cannot tell the perfect generator from a flawed one. A curve of FIDs that comes near such a number levels off, and no network is to blame. "Levels off" is meaningful for what lies *above* real against real, at the same number of images. (Exercise 14.7.)
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
    spot = {"B/2": (-12, 8), "XL/4": (7, 0)}.get(name, spots[int(name[-1])])
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
    alt="FID against cost for twelve published networks, on logarithmic axes. The four with patch 8 lie on a curve that flattens above 100. Those with patch 4 and with patch 2 fall on. The law of all twelve is a straight line that falls through the middle.",
)

# %%
print(f"all twelve: floor {every.floor:.0f}, b {every.b:.2f}")
for patch, law in laws.items():
    print(f"patch {patch} alone: floor {law.floor:.0f}, b {law.b:.2f}")
teach.compare(
    "ch14.patches",
    "a",
    "four widths with patch 8 seem to level off above 100, and a smaller patch goes far below that.",
)

# %% [markdown]
# Look at patch 8 alone. From B to L the cost grows more than threefold, and FID hardly falls. Whoever had those four networks would report: DiT levels off, at an FID of about 100. Then somebody cuts the image into smaller patches, and at *about the cost* of XL/8 the FID of S/2 is lower by a third.
#
# The fitted floor described *one way to grow*. Cost has several axes here, width, depth and number of tokens. A curve along one of them says nothing about the others.
#
# A sober reading of the rest. Each point is **one training**. No seeds: nobody can say how far an FID moves by chance. With four points and three numbers to fit, the floor of a patch size has no interval at all. And the twelve do not lie on one curve: S/4 and B/8 cost the same, and their FIDs are far apart; B/4 and S/2 cost about the same, and theirs agree. What the twelve show is that within this range
# those who paid more, and kept the patch small, got better images. No floor is visible for the family as a whole. That is not a proof that there is none.
#
# Now foretell. Fit the ten cheaper ones, and say what the two most expensive will have.

# %%
cheap = cost < 50
for name, floor in (("a line", False), ("a law with a floor", True)):
    law = fit(cost[cheap], fid[cheap], floor=floor)
    promised = ", ".join(f"{law(published[n][0]):.0f} for {n}" for n in ("L/2", "XL/2"))
    print(f"{name}, from ten: {promised}")
print("published:", ", ".join(f"{published[n][1]:.0f} for {n}" for n in ("L/2", "XL/2")))
teach.compare(
    "ch14.ten", "c", "the twelve bend downwards: the largest networks are better than a line of the others."
)

# %% [markdown]
# Lines promise too much where there is a floor. Here the line promised too *little*. One reason could be FID itself: it is squeezed at its upper end, where images are hardly images. Another: the cheap ones are mostly those with large patches, and the two that were left out have small ones. A fit that mixes two axes foretells neither.
#
# ### Sizes, steps and data
#
# The largest one was trained on. At 0.4, 2.35 and 7 million steps its FID without guidance was

# %%
longer = {0.4: 19.47, 2.35: 10.67, 7.0: 9.62}
for (a, x), (b, y) in pairwise(longer.items()):
    print(f"from {a} to {b} million steps: FID {x} to {y}, slope {np.log(y / x) / np.log(b / a):.2f}")

# %% [markdown]
# *Along the steps* the slope fades, by this count to less than a third. So is that the wall? The same network, trained in another way, has been reported lower, also without guidance: 8.61 with SiT's objective after as many steps, 3.93 with token routing (chapter 11) after about half as many. The floor of one recipe is not the floor of the
# network. (These come from papers by different groups, with different samplers; one training each.)
#
# So "levels off" must say along which axis: size at equal steps, steps at equal size, or data. And whether equal steps, equal epochs or equal compute are compared. At equal epochs a network four times as large has spent four times the compute. (Exercise 14.2.)
#
# ## Live: foretell a network before it is run
#
# Now the world of digits, whose floor we know. Train four small DiTs of two blocks, equal steps, one rate for all, and **one seed**. Each step sees fresh images, so few data are no excuse.


# %%
def network_of(width, more=None):
    """The experiment of one width, and what else is to differ."""
    return base.override({"model.dim": width, "model.heads": max(1, width // 16)} | (more or {}))


def flops(width):
    """Of a whole training: 2 FLOPs a MAC, a step costs three forward passes, `batch_size` images a step."""
    run = base.training
    return 2 * ledger(network_of(width).model).macs * 3 * run.batch_size * run.steps


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
# The next one has half as much width again as the largest. Before it is run, write down what three laws say of it: the line without a floor, the law with a floor to be fitted, and a third that may use what we know and fits a line to what lies *above the task's floor*.

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
figure, panel = plt.subplots(figsize=(5.8, 3.4))
spent = [flops(width) / 1e9 for width in tried_widths]
panel.loglog(spent[:-1], [runs[w] for w in widths], "o", color=INK, markersize=7, label="run, and fitted")
panel.loglog(spent[-1], runs[largest], "D", color=ACCENT, markersize=8, label="run after the promises")
along = np.geomspace(spent[0], 1e5 * spent[-1], 60)
for (name, law), look in zip(
    {"line": line, f"fitted floor ({bent.floor:.2f})": bent}.items(), ("-", "--"), strict=True
):
    panel.loglog(along, [law(1e9 * c) for c in along], look, color=BLUE, linewidth=1.2, label=name)
panel.loglog(along, [FLOOR + above(1e9 * c) for c in along], ":", color=ACCENT, label="line above the floor")
panel.axhline(FLOOR, color=MUTED, linewidth=1)
panel.text(spent[0], FLOOR * 1.03, "floor of the task", fontsize=8, color=INK, va="bottom")
panel.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
panel.minorticks_off()
panel.set(xlabel="compute of the training (GFLOP)", ylabel="held-out error")
panel.legend(frameon=False, fontsize=8)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Held-out error against training compute on logarithmic axes: four widths as dots, the fifth as a diamond on the straight line through them, the three laws, and the floor of the task as a grey line. All networks lie far above it. The straight line, which is also the law with a fitted floor, crosses it many decades further on; the line above the floor bends away.",
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

# %% [markdown]
# Three things to see, and one not to.
#
# - The fit found **no floor, and there is one**. All five networks lie far above it, and from there a floor does not show. "We fitted a floor and it came out zero" means no more than this.
# - The straight line must be wrong *somewhere*: it crosses what no network can cross. Yet one step up it is as good as the line that knows the floor. A promise for the next size does not test a law for all sizes.
# - What we know from elsewhere (here the task's floor) is worth more than a third parameter.
# - Do not read an interval out of one seed. Which promise was nearest may be another one with the next.
#
# Is it the network or its training? Train the second largest of the four on, twice as long.

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
# So what looked like a network's limit was that of its training. The smaller network, trained on, beats the next one at about half of its cost (one seed). Our curve compared networks at equal steps, and that is not equal compute: it shows the cost of being trained too shortly as much as the gain of being large. A study that grows networks at equal steps finds both in one curve, and DiT's
# twelve points are such a study. So is C05.
#
# ## C05: does DiT level off?
#
# The card was written before its runs: five widths, from 16 to 96, on coloured shapes; 1000 steps each; a rate of its own for each width; five seeds. The slope of log(error) on log(compute) is taken seed by seed. It asks three things: does the held-out error fall with a slope below -0.1; does it fall faster, below -0.2, in the cleanest tenth of the times, where details are made; and does it hardly fall in the noisiest tenth,
# where the noise is the floor?
#
# Note what it does not ask: whether DiT has a floor *of its own*. The span is 20 times in compute, and you have seen what that gives. A slope that is there says "not levelled off yet, here". A slope that is flat would not say whose floor it is.


# %%
def tell(name):
    """The verdicts of a claim and its seeds, or that it has none yet."""
    if find(cards.find(name), "cpu") is None:
        print(f"{name} has no evidence yet.\n")
        return
    case = tried(name)
    verdicts(case)
    words = ", ".join(f"{letter} {word}" for letter, word in case.words.items())
    for letter in case.words:
        teach.show(dots(*case.only(letter)), alt=f"Slopes of {name}.{letter}, a dot a seed. {words}.")


tell("C05")


# %%
def bend(name, metric="velocity.held_out"):
    """The law with a floor of a scaling trial, with seeds drawn again."""
    if find(cards.find(name), "cpu") is None:
        print(f"no curve of {name} yet.")
        return
    case = tried(name)
    arms = case.trial.arms
    compute = [arm.flops_per_step * arm.experiment["training"]["steps"] for arm in arms.values()]
    errors = np.array([list(case.of(arm, metric).values()) for arm in arms]).T  # (seeds, sizes)
    laws = resampled(compute, errors, draws=300)
    for what, found in (("floor", [law.floor for law in laws]), ("b", [law.b for law in laws])):
        low, high = np.quantile(found, (0.025, 0.975))
        print(f"{metric}: {what} {low:.3f} to {high:.3f} by seeds drawn again")
    best = errors.mean(0)[int(np.argmax(compute))]
    print(f"the largest network has {best:.3f}, mean of {len(errors)} seeds")
    figure, panel = plt.subplots(figsize=(5.4, 3.0))
    along = np.geomspace(min(compute), 10 * max(compute), 50)
    for law in laws[:60]:
        panel.loglog(along, [law(c) for c in along], color=BLUE, linewidth=0.5, alpha=0.3)
    for row in errors:
        panel.loglog(compute, row, "o", color=INK, markersize=4, alpha=0.7)
    panel.set(xlabel="FLOPs of the training", ylabel=metric)
    panel.spines[["top", "right"]].set_visible(False)
    words = f"{metric} of {name} against compute, a dot a seed, with laws fitted to seeds drawn again."
    teach.show(figure, alt=words)


for metric in ("velocity.held_out", "velocity.t10"):
    bend("C05", metric)

# %% [markdown]
# How to read it, whatever it says. *Supported* for a: on these images, from 0.02 to 0.7 million parameters, at equal steps, the error has not levelled off. It says nothing about 675 million. *Refuted* for a: it is flat already here; then look at c, and at the rates, before you blame the network. If the interval of the floor reaches from 0 to near the largest network's error, the range is too narrow to know, and that is the
# finding. What the fit says of a width of 128 belongs on a card of its own, written before that network is run.
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
steps_of = "The twelve bend downwards: FID is squeezed at its upper end."
game = [
    a_round("A planted law", "compute", "error", plain, plain**-0.35, "No floor was planted."),
    a_round("Another planted law", "compute", "error", floored, 0.3 + 0.7 * floored**-0.4, "The floor was planted at 0.3."),
    a_round("DiT's networks with patches of 4 and 2, by cost", "10^9 multiply-adds", "FID", *zip(*by_cost, strict=True), steps_of),
    a_round(
        "The world of digits, trained above", "GFLOP", "error", spent, [runs[w] for w in tried_widths],
        f"The floor of the task is {FLOOR:.3g}.",
    ),
    a_round(
        "A planted law in which chance has 3 percent", "compute", "error", plain,
        (0.5 + 0.5 * plain**-0.8) * np.array([1.03, 0.98, 1.02, 0.97, 1.0]), "The floor was planted at 0.5.",
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
# We said: no floor of DiT is visible in the published points; the floor of patch 8 is one of an axis; along the steps FID flattens, and other recipes for the same network get lower. This would overturn it:
#
# - seeds. Twelve networks, three seeds each, and FIDs that move by chance as much as we read into them;
# - a study in which width, depth, tokens, steps *and* data grow together, and the slope of what lies above the metric's and the task's floor still fades;
# - a network of another kind, trained in the same way on the same images, whose fitted floor lies clearly lower than DiT's. That, and only that, would be a floor of DiT's own;
# - a verdict of C05.a that is "refuted", with rates inside their grid.
#
# And these we do not know: the task's floor on any real images; how much of the flattening along the steps is FID's; whether the critic meant size, steps or data.
#
# ## Exercises
#
# Seven exercises ask for a function each: a slope in logarithms, steps at equal compute, a law with a floor, an interval of an extrapolation, the floor of a task, one run foretold, and a rule for levelling off. In a terminal, in the folder of the project, `minidit exercises start ch14` writes a notebook to work in.
#
# Five more are experiments, for below the last cell of this notebook. Write down what you expect before you run them.
#
# 1. Few images: `error_of(learn(64, Images(data.train.x[:100], data.train.labels[:100], data.train.class_names)))`, beside `runs[64]` and `learned[100]`. Does the network reach what knowing by heart reaches?
# 2. Depth in place of width: give `network_of` a depth, and spend the compute of the largest width on more blocks. Does it lie on the same curve?
# 3. Another seed in `TrainState.create`, for all widths. Which of the three promises is nearest now?
# 4. Set `SPREAD` to 0.1 and make the world anew. By how much does the floor rise, and which tenth of the times takes the rise?
# 5. In `study` use seven sizes in place of five over the same span, then twice as many seeds. Which of the two narrows the interval of the floor more?
#
# ## In short
#
# - On plain axes everything levels off. In logarithms a floor is a slope that fades.
# - A floor may be the task's, the data's, the metric's, the recipe's or the network's. Only the first four can be ruled out, one by one, by knowing or moving them.
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
